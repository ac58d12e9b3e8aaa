using Embodied.Networks;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.SelfSupervised;

/// <summary>How MoCo is trained; the defaults are the paper's.</summary>
public sealed record MocoOptions
{
    /// <summary>τ.</summary>
    public double Tau { get; init; } = 0.07;

    /// <summary>m of the key encoder, θ_k ← m θ_k + (1 − m) θ_q; 0 makes keys inconsistent, and the training fails.</summary>
    public double Momentum { get; init; } = 0.999;

    /// <summary>Keys in the queue.</summary>
    public int Queue { get; init; } = 65_536;
}

/// <summary>
/// Momentum contrast: the first view's query against the second view's key, made by a slowly moving copy of the encoder, with the keys of
/// earlier batches as negatives.
/// </summary>
/// <remarks>He et al. 2020, algorithm 1. Lecture: self-supervised learning.</remarks>
public sealed class Moco : SelfSupervisedMethod
{
    private readonly ProjectedEncoder query;
    private readonly ProjectedEncoder key;
    private readonly InfoNceQueue queue;
    private readonly MocoOptions options;
    private readonly Remembered keys = new();

    /// <inheritdoc/>
    public override Module<Tensor, Tensor> Encoder => query.Encoder;

    /// <summary>f_k.</summary>
    public ProjectedEncoder KeyEncoder => key;

    /// <summary>The negatives.</summary>
    public InfoNceQueue Queue => queue;

    /// <summary>Joins both encoders; the key encoder becomes a copy of the query encoder.</summary>
    /// <param name="query">f_q.</param>
    /// <param name="key">f_k, of the same architecture.</param>
    /// <param name="width">Length d of an embedding.</param>
    /// <param name="options">How.</param>
    /// <param name="generator">Where the queue's first keys come from.</param>
    /// <exception cref="ArgumentException">The encoders differ in architecture.</exception>
    public Moco(ProjectedEncoder query, ProjectedEncoder key, int width, MocoOptions options, Generator generator) : base(nameof(Moco))
    {
        MovingAverage.Start(key, query);
        (this.query, this.key, this.options) = (query, key, options);
        queue = new InfoNceQueue(options.Queue, width, generator);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Loss(ViewBatch batch)
    {
        ViewCheck.Count(batch.Views, 2);
        using var scope = NewDisposeScope();
        Tensor q = query.call(batch.Views[0]), k;
        using (no_grad())
        {
            k = functional.normalize(key.call(batch.Views[1]), dim: 1);
        }
        keys.Set(k);
        return InfoNce.Loss(q, k, queue.Keys, options.Tau).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override void AfterUpdate()
    {
        MovingAverage.Update(key, query, options.Momentum);
        queue.Enqueue(keys.Value);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            keys.Dispose();
        }
        base.Dispose(disposing);
    }
}
