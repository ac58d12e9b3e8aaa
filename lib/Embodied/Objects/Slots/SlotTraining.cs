using System.Globalization;
using Embodied.Evaluation;
using Embodied.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Embodied.Objects.Slots;

/// <summary>How slots are trained.</summary>
public sealed record SlotTrainingOptions
{
    /// <summary>From what.</summary>
    public SlotData Data { get; init; } = SlotData.Tetrominoes;

    /// <summary>
    /// The network. As many slots as pieces: all slots draw black equally well and share it, so that one more would have nothing to do and take half a piece from another.
    /// </summary>
    public SlotAutoencoderOptions Network { get; init; } = new() { Slots = 3 };

    /// <summary>Updates in all.</summary>
    public int Updates { get; init; } = 30_000;

    /// <summary>
    /// The share of the updates, from the first on, whose sprites are of any shape; compact ones come after them. Slots that see compact objects alone share out the image by
    /// regions and stay so; shapes of all kinds teach them to follow objects.
    /// </summary>
    public double AnyShape { get; init; }

    /// <summary>Scenes of an update.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Highest learning rate of Adam.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Updates over which the learning rate rises; then it falls along half a cosine, to nothing.</summary>
    public int WarmUp { get; init; } = 300;

    /// <summary>Longest gradient.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Where weights, scenes and slots come from.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Updates between two rows of the curve.</summary>
    public int EvaluateEvery { get; init; } = 250;

    /// <summary>Held-out scenes that the curve is measured on.</summary>
    public int Evaluated { get; init; } = 128;

    /// <summary>The training on sprite scenes.</summary>
    public static SlotTrainingOptions Sprites { get; } = new() { Data = SlotData.CompactSprites, AnyShape = 0.7, Network = new() { Slots = 5, Positions = 0.2 }, Updates = 20_000 };
}

/// <summary>A row of the curve.</summary>
/// <param name="Update">Updates done.</param>
/// <param name="Loss">Mean squared error of the reconstruction, mean of the updates since the row before; NaN in the first.</param>
/// <param name="Ari">Mean foreground ARI on held-out scenes.</param>
/// <param name="Sharpness">How much of a place goes to the slot that has most of it, on average, in the last round of attention: 1/K to 1.</param>
public sealed record SlotCurvePoint(int Update, double Loss, double Ari, double Sharpness) : ICurvePoint
{
    /// <summary>The heading of <see cref="ToCsv"/>'s columns.</summary>
    public const string CsvHeading = "update,loss,ari,sharpness";

    /// <inheritdoc/>
    public string ToCsv() => string.Create(CultureInfo.InvariantCulture, $"{Update},{Loss:0.######},{Ari:0.####},{Sharpness:0.####}");

    /// <summary>Reads what <see cref="ToCsv"/> wrote.</summary>
    /// <param name="line">A line.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static SlotCurvePoint Parse(string line)
    {
        double[] cells = [.. line.Split(',').Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];
        return cells.Length == 4
            ? new((int)cells[0], cells[1], cells[2], cells[3])
            : throw new FormatException($"'{line}' has {cells.Length} columns, wanted {CsvHeading}.");
    }
}

/// <summary>How well scenes were taken apart.</summary>
/// <param name="Ari">Foreground ARI of the decoder's masks, mean over the scenes.</param>
/// <param name="Error">Mean squared error of the reconstruction.</param>
/// <param name="Sharpness">Mean over places of the largest share that a slot has, in the last round of attention.</param>
public sealed record SlotScores(double Ari, double Error, double Sharpness)
{
    /// <summary>Takes scenes apart and measures it.</summary>
    /// <param name="network">The network.</param>
    /// <param name="scenes">Scenes.</param>
    /// <param name="seed">Where slots begin.</param>
    /// <param name="slots">K, if another number than in training is wanted.</param>
    public static SlotScores Of(SlotAutoencoder network, SlotScenes scenes, long seed = 0, int? slots = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using Generator generator = new(unchecked((ulong)seed));
        List<double> ari = [], error = [], sharpness = [];
        foreach ((Tensor images, Tensor masks) in scenes.Images.split(32).Zip(scenes.Masks.split(32)))
        {
            using var block = NewDisposeScope();
            SlotDecomposition found = network.Decompose(images, generator, slots);
            ari.AddRange(ForegroundAri.Of(masks, found.Masks));
            error.AddRange(Enumerable.Repeat(nn.functional.mse_loss(found.Reconstruction, images).ToDouble(), (int)images.shape[0]));
            sharpness.AddRange(Enumerable.Repeat(SharpnessOf(found.Attention), (int)images.shape[0]));
        }
        return new(ari.Average(), error.Average(), sharpness.Average());
    }

    /// <summary>
    /// mean_i max_j s_ij, where s_ij = a_ij / Σ_j a_ij is slot j's share of place i in the last round: 1 where every place has one slot that takes it all, 1/K where
    /// all slots look alike. With a softmax over slots s = a.
    /// </summary>
    /// <param name="attention">[n, T, K, h, w].</param>
    /// <param name="where">Pixels whose places count, bool [n, s, s] with s a multiple of h = w: a place counts where any of its pixels does. All places when null.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static double SharpnessOf(Tensor attention, Tensor? where = null)
    {
        ShapeCheck.Require(attention, nameof(attention), -1, -1, -1, -1, -1);
        using var scope = NewDisposeScope();
        Tensor a = attention.select(1, -1), share = a.amax([1L]) / a.sum(1);
        if (where is null)
        {
            return share.mean().ToDouble();
        }
        long times = where.dim() == 3 ? where.shape[1] / share.shape[1] : 0;
        ShapeCheck.Require(where, nameof(where), share.shape[0], times * share.shape[1], times * share.shape[2]);
        Tensor places = where.unflatten(2, [share.shape[2], times]).any(3).unflatten(1, [share.shape[1], times]).any(2);
        return share[places].mean().ToDouble();
    }
}

/// <summary>
/// Trains a <see cref="SlotAutoencoder"/> on scenes that are drawn anew for every update. It can be saved at any update and goes on from there as if it had not been
/// interrupted.
/// </summary>
/// <remarks>Locatello et al. 2020, appendix E.1: Adam, a warm-up, then a decay. Lecture: object-centric learning.</remarks>
public sealed class SlotTraining : IResumableTraining
{
    private readonly SlotTrainingOptions options;
    private readonly Generator generator;
    private readonly OptimizerHelper optimizer;
    private readonly CosineSchedule schedule;

    /// <inheritdoc/>
    public int Step { get; private set; }

    /// <summary>What is trained.</summary>
    public SlotAutoencoder Network { get; }

    /// <summary>A training at its start.</summary>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public SlotTraining(SlotTrainingOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Updates, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        if (!(options.AnyShape is >= 0 and <= 1) || (options.AnyShape > 0 && options.Data != SlotData.CompactSprites))
        {
            throw new ArgumentException(FormattableString.Invariant($"AnyShape is {options.AnyShape} with {options.Data}, wanted 0 to 1 with compact sprites, and 0 with anything else."), nameof(options));
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(options.EvaluateEvery, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Evaluated, 1, nameof(options));
        this.options = options;
        generator = new Generator(unchecked((ulong)options.Seed));
        Network = new SlotAutoencoder(options.Network, generator);
        optimizer = optim.Adam(Network.parameters(), options.LearningRate);
        schedule = new CosineSchedule(options.LearningRate, 0, options.Updates, Math.Min(options.WarmUp, options.Updates / 10));
    }

    /// <summary>Trains from <see cref="Step"/> to the last update.</summary>
    /// <param name="progress">Told every update and its loss.</param>
    /// <param name="onCurve">Called with every point of the curve, the first before any update.</param>
    /// <param name="cancellation">Stops the training between two updates.</param>
    /// <exception cref="InvalidOperationException">The loss turned NaN or infinite; the message names the update.</exception>
    public void Run(IProgress<TrainingProgress>? progress = null, Action<SlotCurvePoint>? onCurve = null, CancellationToken cancellation = default)
    {
        using SlotScenes heldOut = SlotScenes.Draw(options.Data, options.Evaluated, options.Seed, heldOut: true);
        List<double> losses = [];
        if (Step == 0)
        {
            onCurve?.Invoke(Point(heldOut, losses));
        }
        while (Step < options.Updates)
        {
            cancellation.ThrowIfCancellationRequested();
            losses.Add(Update());
            progress?.Report(new(Step, options.Updates, losses[^1]));
            if (Step % options.EvaluateEvery == 0 || Step == options.Updates)
            {
                onCurve?.Invoke(Point(heldOut, losses));
                losses.Clear();
            }
        }
    }

    /// <inheritdoc/>
    public void Save(string path) => Checkpoint.SaveTraining(path, Network, optimizer, generator, Step);

    /// <inheritdoc/>
    public void Load(string path) => Step = Checkpoint.LoadTraining(path, Network, optimizer, generator);

    /// <inheritdoc/>
    public void Dispose()
    {
        optimizer.Dispose();
        Network.Dispose();
        generator.Dispose();
    }

    private double Update()
    {
        using var scope = NewDisposeScope();
        SlotData data = Step < options.AnyShape * options.Updates ? SlotData.Sprites : options.Data;
        using SlotScenes batch = SlotScenes.Draw(data, options.BatchSize, options.Seed, (long)Step * options.BatchSize);
        optimizer.zero_grad();
        Tensor loss = Network.Loss(batch.Images, generator);
        double value = loss.ToDouble();
        if (!double.IsFinite(value))
        {
            throw new InvalidOperationException($"The loss of the slots is {value} at update {Step + 1}: take a smaller learning rate.");
        }
        loss.backward();
        nn.utils.clip_grad_norm_(Network.parameters(), options.ClipNorm);
        foreach (ParamGroup group in optimizer.ParamGroups)
        {
            group.LearningRate = schedule.At(Step);
        }
        optimizer.step();
        Step++;
        return value;
    }

    private SlotCurvePoint Point(SlotScenes heldOut, List<double> losses)
    {
        SlotScores scores = SlotScores.Of(Network, heldOut);
        return new(Step, losses.Count > 0 ? losses.Average() : double.NaN, scores.Ari, scores.Sharpness);
    }
}
