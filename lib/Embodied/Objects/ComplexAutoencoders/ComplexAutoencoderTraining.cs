using System.Globalization;
using Embodied.Datasets;
using Embodied.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Embodied.Objects.ComplexAutoencoders;

/// <summary>
/// How a <see cref="ComplexAutoencoder"/> is trained. As in the paper: batches of 64, Adam at 1e-3 after 500 updates of warm-up; it takes more updates.
/// </summary>
public sealed record ComplexAutoencoderTrainingOptions
{
    /// <summary>What the scenes show.</summary>
    public ShapeSceneKind Data { get; init; } = ShapeSceneKind.TwoShapes;

    /// <summary>The network.</summary>
    public ComplexAutoencoderOptions Network { get; init; } = new();

    /// <summary>Updates.</summary>
    public int Updates { get; init; } = 4000;

    /// <summary>Scenes per update, drawn anew.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Highest learning rate of Adam.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The learning rate at the end; the paper's stays.</summary>
    public double FinalLearningRate { get; init; } = 1e-3;

    /// <summary>Updates over which the learning rate rises from 0.</summary>
    public int WarmUp { get; init; } = 500;

    /// <summary>Where weights and scenes come from.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Updates between two rows of the curve.</summary>
    public int EvaluateEvery { get; init; } = 250;

    /// <summary>Scenes that the curve is measured on.</summary>
    public int EvaluationScenes { get; init; } = 64;

    /// <summary>
    /// How <c>course train cae</c> trains: small batches and a high learning rate that falls, for minutes instead of hours.
    /// </summary>
    /// <param name="data">What the scenes show.</param>
    public static ComplexAutoencoderTrainingOptions For(ShapeSceneKind data)
    {
        ComplexAutoencoderTrainingOptions quick = new() { Data = data, BatchSize = 16, LearningRate = 2e-3, FinalLearningRate = 1e-4, WarmUp = 100, EvaluateEvery = 200 };
        return data switch
        {
            ShapeSceneKind.TwoShapes => quick with { Updates = 4000 },
            ShapeSceneKind.ThreeShapes => quick with { Updates = 20_000 },
            _ => quick with { Updates = 3000 },
        };
    }
}

/// <summary>A row of a training's curve.</summary>
/// <param name="Update">Updates done.</param>
/// <param name="Loss">Mean squared error on scenes that were not trained on, per pixel.</param>
/// <param name="Ari">ARI without background of the phases' clusters there.</param>
/// <param name="AriWithBackground">ARI with background.</param>
/// <param name="Drawn">Share of the objects' pixels whose magnitude is at least <see cref="PhaseClusters.LeastMagnitude"/>.</param>
public sealed record ComplexAutoencoderCurvePoint(int Update, double Loss, double Ari, double AriWithBackground, double Drawn) : ICurvePoint
{
    /// <summary>The heading of <see cref="ToCsv"/>'s columns.</summary>
    public const string CsvHeading = "update,loss,ari,ari_with_background,drawn";

    /// <inheritdoc/>
    public string ToCsv() => string.Create(CultureInfo.InvariantCulture, $"{Update},{Loss:0.######},{Ari:0.####},{AriWithBackground:0.####},{Drawn:0.####}");

    /// <summary>Reads what <see cref="ToCsv"/> wrote.</summary>
    /// <param name="line">A line.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static ComplexAutoencoderCurvePoint Parse(string line)
    {
        double[] cells = [.. line.Split(',').Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];
        return cells.Length == 5
            ? new((int)cells[0], cells[1], cells[2], cells[3], cells[4])
            : throw new FormatException($"'{line}' has {cells.Length} columns, wanted {CsvHeading}.");
    }
}

/// <summary>
/// Trains a <see cref="ComplexAutoencoder"/> to rebuild scenes, ‖x̂ − x‖² alone: every update draws new scenes and steps. It can be saved at any update and goes on from there
/// as if it had not been interrupted.
/// </summary>
/// <remarks>Löwe et al. 2022, § 4. Lecture: object-centric learning.</remarks>
public sealed class ComplexAutoencoderTraining : IResumableTraining
{
    private readonly ComplexAutoencoderTrainingOptions options;
    private readonly Generator generator;
    private readonly ShapeScenes scenes;
    private readonly ShapeSceneBatch seen;
    private readonly OptimizerHelper optimizer;
    private readonly CosineSchedule rate;

    /// <inheritdoc/>
    public int Step { get; private set; }

    /// <summary>What is trained.</summary>
    public ComplexAutoencoder Network { get; }

    /// <summary>The scenes that the curve is measured on.</summary>
    public ShapeSceneBatch Evaluation => seen;

    /// <summary>A training at its start.</summary>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public ComplexAutoencoderTraining(ComplexAutoencoderTrainingOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options.BatchSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Updates, 1, nameof(options.Updates));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.EvaluateEvery, 1, nameof(options.EvaluateEvery));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.EvaluationScenes, 1, nameof(options.EvaluationScenes));
        ArgumentOutOfRangeException.ThrowIfNegative(options.WarmUp, nameof(options.WarmUp));
        this.options = options;
        generator = new Generator(unchecked((ulong)options.Seed));
        Network = new ComplexAutoencoder(options.Network, generator);
        scenes = new ShapeScenes(options.Data);
        using Generator other = new(HeldOutSeed);
        seen = new ShapeScenes(options.Data, heldOut: true).Draw(options.EvaluationScenes, other);
        optimizer = optim.Adam(Network.parameters(), options.LearningRate);
        rate = new CosineSchedule(options.LearningRate, options.FinalLearningRate, options.Updates, Math.Min(options.WarmUp, options.Updates));
    }

    /// <summary>Seed of the scenes that the curve is measured on.</summary>
    public const ulong HeldOutSeed = 1_000_003;

    /// <summary>Trains from <see cref="Step"/> to the last update.</summary>
    /// <param name="progress">Told every update and its loss.</param>
    /// <param name="onCurve">Called with every point of the curve, the first before any update.</param>
    /// <param name="cancellation">Stops the training between two updates.</param>
    /// <exception cref="InvalidOperationException">The loss turned NaN or infinite; the message names the update.</exception>
    public void Run(IProgress<TrainingProgress>? progress = null, Action<ComplexAutoencoderCurvePoint>? onCurve = null, CancellationToken cancellation = default)
    {
        if (Step == 0 && onCurve is not null)
        {
            onCurve(Point());
        }
        while (Step < options.Updates)
        {
            cancellation.ThrowIfCancellationRequested();
            double loss = Update();
            progress?.Report(new(Step, options.Updates, loss));
            if (onCurve is not null && (Step % options.EvaluateEvery == 0 || Step == options.Updates))
            {
                onCurve(Point());
            }
        }
    }

    /// <inheritdoc/>
    public void Save(string path) => Checkpoint.SaveTraining(path, Network, optimizer, generator, Step);

    /// <inheritdoc/>
    public void Load(string path) => Step = Checkpoint.LoadTraining(path, Network, optimizer, generator);

    /// <summary>Measures a network on scenes, in evaluation mode; it is left in the mode that it had.</summary>
    /// <param name="network">The network.</param>
    /// <param name="scenes">The scenes.</param>
    /// <returns>
    /// Mean squared error, ARI without and with background, and the share of the objects' pixels that are drawn at all: where one of two objects
    /// is left black, the background's cluster is taken for it, and ARI without background is high for nothing.
    /// </returns>
    public static (double Loss, double Ari, double AriWithBackground, double Drawn) Measure(ComplexAutoencoder network, ShapeSceneBatch scenes)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        bool training = network.training;
        network.eval();
        ComplexAutoencoderOutput output = network.call(scenes.Images);
        network.train(training);
        Tensor found = PhaseClusters.Of(output.Z, (int)scenes.Labels.max().ToInt64() + 1, scenes.Labels.lt(0));
        return (
            (output.Reconstruction - scenes.Images).square().mean().ToDouble(),
            PhaseClusters.Score(scenes.Labels, found), PhaseClusters.Score(scenes.Labels, found, background: true),
            output.Z.Magnitude.squeeze(1)[scenes.Labels.gt(0)].ge(PhaseClusters.LeastMagnitude).to(ScalarType.Float32).mean().ToDouble());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        optimizer.Dispose();
        Network.Dispose();
        generator.Dispose();
        seen.Images.Dispose();
        seen.Labels.Dispose();
    }

    private double Update()
    {
        using var scope = NewDisposeScope();
        Tensor x = scenes.Draw(options.BatchSize, generator).Images;
        optimizer.zero_grad();
        Tensor difference = Network.call(x).Reconstruction - x, loss = (difference * difference).mean();
        double value = loss.ToDouble();
        if (!double.IsFinite(value))
        {
            throw new InvalidOperationException($"The autoencoder's loss is {value} at update {Step + 1}: take a smaller learning rate.");
        }
        loss.backward();
        foreach (ParamGroup group in optimizer.ParamGroups)
        {
            group.LearningRate = rate.At(Step);
        }
        optimizer.step();
        Step++;
        return value;
    }

    private ComplexAutoencoderCurvePoint Point()
    {
        (double loss, double ari, double withBackground, double drawn) = Measure(Network, seen);
        return new(Step, loss, ari, withBackground, drawn);
    }
}
