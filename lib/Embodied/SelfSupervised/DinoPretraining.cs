using System.Globalization;
using Embodied.Datasets.Sprites;
using Embodied.Evaluation;
using Embodied.Networks;
using Embodied.SelfSupervised.Augmentations;
using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>What the views of a <see cref="DinoPretraining"/> share, and what its loss is.</summary>
public enum DinoRecipe
{
    /// <summary>DINO alone; the views show one object before different backgrounds. It sinks to the even distribution.</summary>
    Scratch,

    /// <summary>DINO alone; the views of an object have one background. It learns the background.</summary>
    SharedBackground,

    /// <summary>A contrastive start, then DINO alone.</summary>
    ContrastiveStart,

    /// <summary>A contrastive start, then DINO and the contrastive loss together.</summary>
    Joint,

    /// <summary>The contrastive loss alone, for comparison.</summary>
    Contrastive,
}

/// <summary>A DINO pretraining on sprite scenes; the defaults are those of the checkpoint that ships.</summary>
public sealed record DinoPretrainingOptions
{
    /// <summary>What the views share, and the loss.</summary>
    public DinoRecipe Recipe { get; init; } = DinoRecipe.Joint;

    /// <summary>Updates.</summary>
    public int Updates { get; init; } = 3000;

    /// <summary>Objects per update, each in two views.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>
    /// The network: small, with a convolutional stem, and with [CLS] in the last block alone. A transformer of width 128 and depth 4 without these retrieves half as
    /// many objects after three times the updates (see the curves of <see cref="Trial"/>), and its [CLS] looks at the background.
    /// </summary>
    public VisionTransformerOptions Network { get; init; } = Plain with { Depth = 3, Heads = 4, StemWidth = 32, ClassFrom = 2 };

    /// <summary>Whether a contrastive term looks at the mean of the patch tokens too: see <see cref="Dino"/>.</summary>
    public bool ContrastPatches { get; init; } = true;

    /// <summary>The share of the training after which [CLS] finds patches missing; 1 for never. It is to look at more of the object than the one patch that it takes to name it.</summary>
    public double PatchDropoutFrom { get; init; } = 0.72;

    /// <summary>The share of patches that are missing then.</summary>
    public double PatchDropout { get; init; } = 0.6;

    /// <summary>τ of the contrastive term.</summary>
    public double ContrastiveTau { get; init; } = 0.1;

    /// <summary>The share of the training that is contrastive only, where the recipe has a start.</summary>
    public double Start { get; init; } = 0.3;

    /// <summary>Highest learning rate of AdamW.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>
    /// m of the teacher at the start. Structure grows in the teacher by 1 − m an update: a training of a thousand updates cannot afford the momentum of
    /// one of a hundred thousand.
    /// </summary>
    public double TeacherMomentum { get; init; } = 0.99;

    /// <summary>m of the teacher at the end.</summary>
    public double FinalTeacherMomentum { get; init; } = 0.996;

    /// <summary>τ_t; τ_s is 0.1. Half of the paper's: distillation takes off where the correlation of two views exceeds τ_t/τ_s.</summary>
    public double TeacherTemperature { get; init; } = 0.02;

    /// <summary>Strength of the colour jitter.</summary>
    public double Jitter { get; init; } = 0.25;

    /// <summary>Where weights, batches and views come from.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Updates between two rows of the curve.</summary>
    public int EvaluateEvery { get; init; } = 50;

    /// <summary>600 updates of a vision transformer as it is in the paper, but for its size: what recipes are compared with.</summary>
    public static DinoPretrainingOptions Trial { get; } = new()
    {
        Updates = 600, Start = 0.25, EvaluateEvery = 25, Network = Plain, ContrastPatches = false, PatchDropoutFrom = 1, ContrastiveTau = 0.2, LearningRate = 1e-3,
    };

    private static VisionTransformerOptions Plain => VisionTransformerOptions.Small64 with { Width = 128, Depth = 4, Heads = 2 };
}

/// <summary>A row of a pretraining's curve.</summary>
/// <param name="Update">Updates done.</param>
/// <param name="Loss">The loss of the last batch, in nats.</param>
/// <param name="Entropy">h(P_t), in nats; NaN before distillation began.</param>
/// <param name="Divergence">KL(P_t ‖ P_s), in nats; NaN before distillation began.</param>
/// <param name="Instances">The teacher's retrieval of seen objects.</param>
/// <param name="HeldOut">The teacher's retrieval of held-out objects.</param>
public sealed record DinoCurvePoint(int Update, double Loss, double Entropy, double Divergence, double Instances, double HeldOut) : ICurvePoint
{
    /// <summary>The heading of <see cref="ToCsv"/>'s columns.</summary>
    public const string CsvHeading = "update,loss,entropy,divergence,instances,held_out";

    /// <inheritdoc/>
    public string ToCsv() => string.Create(
        CultureInfo.InvariantCulture, $"{Update},{Loss:0.####},{Entropy:0.####},{Divergence:0.####},{Instances:0.####},{HeldOut:0.####}");

    /// <summary>Reads what <see cref="ToCsv"/> wrote.</summary>
    /// <param name="line">A line.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static DinoCurvePoint Parse(string line)
    {
        double[] cells = [.. line.Split(',').Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];
        return cells.Length == 6
            ? new((int)cells[0], cells[1], cells[2], cells[3], cells[4], cells[5])
            : throw new FormatException($"'{line}' has {cells.Length} columns, wanted {CsvHeading}.");
    }
}

/// <summary>
/// Pretrains a vision transformer on sprite scenes by <see cref="Dino"/>: every update draws objects, shows each twice, and steps. It can be saved
/// at any update and goes on from there as if it had not been interrupted.
/// </summary>
/// <remarks>Caron et al. 2021. Lecture: self-supervised learning.</remarks>
public sealed class DinoPretraining : IResumableTraining
{
    private readonly DinoPretrainingOptions options;
    private readonly Dino dino;
    private readonly SelfSupervisedTraining training;
    private readonly Generator generator;
    private readonly RenderedViews views;

    /// <inheritdoc/>
    public int Step => training.Step;

    /// <summary>The method, with student, teacher and centre.</summary>
    public Dino Method => dino;

    /// <summary>What is kept: the teacher's encoder.</summary>
    public VisionTransformer Encoder => (VisionTransformer)dino.Encoder;

    /// <summary>A pretraining at its start.</summary>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public DinoPretraining(DinoPretrainingOptions options)
    {
        this.options = options;
        generator = new Generator(unchecked((ulong)options.Seed));
        bool contrastive = options.Recipe is DinoRecipe.Joint or DinoRecipe.ContrastiveStart or DinoRecipe.Contrastive;
        ProjectionHead? contrast = null, patchContrast = null;
        ProjectedEncoder student = Network(), teacher = Network();
        if (contrastive)
        {
            contrast = Head();
            patchContrast = options.ContrastPatches ? Head() : null;
        }
        dino = new Dino(student, teacher, new()
        {
            TeacherMomentum = options.TeacherMomentum, FinalTeacherMomentum = options.FinalTeacherMomentum, FirstTeacherTemperature = options.TeacherTemperature, TeacherTemperature = options.TeacherTemperature,
            FrozenPrototypes = 0, ContrastiveTau = options.ContrastiveTau, ContrastiveWeight = options.Recipe == DinoRecipe.Joint ? 1 : 0,
            // Beyond the last update: distillation never begins.
            ContrastiveStart = options.Recipe switch { DinoRecipe.Contrastive => 2, _ => options.Start },
        }, contrast, patchContrast);
        training = new SelfSupervisedTraining(dino, SelfSupervisedOptions.Dino with
        {
            Updates = options.Updates, BatchSize = options.BatchSize, LearningRate = options.LearningRate, WarmUp = Math.Min(50, options.Updates / 10),
            FinalWeightDecay = 0.1,
        });
        views = new RenderedViews
        {
            Scene = new() { Size = options.Network.ImageSize },
            SharedBackground = options.Recipe == DinoRecipe.SharedBackground,
            Distortion = new Compose(new RandomApply(ColourJitter.OfStrength(options.Jitter), 0.8), new RandomApply(new ColourDrop(), 0.2), new RandomApply(new GaussianBlur(), 0.3)),
        };
    }

    /// <summary>Trains from <see cref="Step"/> to the last update.</summary>
    /// <param name="evaluation">What the curve is measured on.</param>
    /// <param name="progress">Told every update and its loss.</param>
    /// <param name="onCurve">Called with every point of the curve, the first before any update.</param>
    /// <param name="cancellation">Stops the training between two updates.</param>
    /// <exception cref="InvalidOperationException">The loss turned NaN or infinite; the message names the update.</exception>
    public void Run(
        SpriteEvaluation evaluation, IProgress<TrainingProgress>? progress = null, Action<DinoCurvePoint>? onCurve = null, CancellationToken cancellation = default)
    {
        double loss = double.NaN;
        if (Step == 0)
        {
            onCurve?.Invoke(Point(evaluation, loss));
        }
        using Tensor objects = tensor(SpriteObjects.Shared.Of(SpriteSplit.Seen).Select(id => (long)id).ToArray());
        training.Run(
            objects, (ids, random) =>
            {
                ((VisionTransformer)dino.Student.Encoder).PatchDropout = Step >= options.PatchDropoutFrom * options.Updates ? (options.PatchDropout, generator) : null;
                return views.Apply(ids, random);
            }, generator, new Following(told =>
            {
                loss = told.Loss;
                progress?.Report(told);
            }),
            step =>
            {
                if (step % options.EvaluateEvery == 0 || step == options.Updates)
                {
                    onCurve?.Invoke(Point(evaluation, loss));
                }
            },
            cancellation);
    }

    /// <inheritdoc/>
    public void Save(string path) => training.Save(path, generator);

    /// <inheritdoc/>
    public void Load(string path) => training.Load(path, generator);

    /// <inheritdoc/>
    public void Dispose()
    {
        training.Dispose();
        dino.Dispose();
        generator.Dispose();
    }

    private ProjectionHead Head() => new(options.Network.Width, new() { Hidden = 512, Output = 128 }, generator);

    private ProjectedEncoder Network() => new(
        new VisionTransformer(options.Network, generator), new DinoHead(options.Network.Width, DinoHeadOptions.Small, generator));

    private DinoCurvePoint Point(SpriteEvaluation evaluation, double loss)
    {
        DinoDiagnostics diagnostics = dino.Distilled ? dino.Diagnostics() : new(double.NaN, double.NaN);
        return new(Step, loss, diagnostics.Entropy, diagnostics.Divergence, evaluation.Instances(dino.Encoder), evaluation.HeldOutInstances(dino.Encoder));
    }

    // Progress<T> would report on another thread, later.
    private sealed class Following(Action<TrainingProgress> told) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => told(value);
    }
}
