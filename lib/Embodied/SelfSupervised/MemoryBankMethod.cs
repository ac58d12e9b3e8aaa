using Embodied.Networks;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.SelfSupervised;

/// <summary>How instances are told apart with a memory bank; the defaults are Wu et al.'s.</summary>
public sealed record MemoryBankOptions
{
    /// <summary>τ.</summary>
    public double Tau { get; init; } = 0.07;

    /// <summary>How much of its old vector an image keeps in the bank.</summary>
    public double Momentum { get; init; } = 0.5;

    /// <summary>m, images drawn as noise for each example; 0 for the exact softmax over all.</summary>
    public int Noise { get; init; } = 4096;
}

/// <summary>Non-parametric instance discrimination: one view, a memory bank of all images, <see cref="InstanceDiscrimination"/>'s loss.</summary>
/// <remarks>Wu et al. 2018. Lecture: self-supervised learning.</remarks>
public sealed class MemoryBankMethod : SelfSupervisedMethod
{
    private readonly ProjectedEncoder network;
    private readonly Tensor bank;
    private readonly Tensor normaliser;
    private readonly MemoryBankOptions options;
    private readonly Generator generator;
    private readonly Remembered embeddings = new(), indices = new();

    /// <inheritdoc/>
    public override Module<Tensor, Tensor> Encoder => network.Encoder;

    /// <summary>The bank, unit vectors, [images, d]. A view: clone what you keep.</summary>
    public Tensor Bank => bank;

    /// <summary>Z, estimated from the first batch and held from there on; 0 before.</summary>
    public double Z => normaliser.item<double>();

    /// <summary>A bank full of random unit vectors.</summary>
    /// <param name="network">f and g.</param>
    /// <param name="images">Images in the data.</param>
    /// <param name="width">Length d of an embedding.</param>
    /// <param name="options">How.</param>
    /// <param name="generator">Where the first vectors and the noise come from.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public MemoryBankMethod(ProjectedEncoder network, int images, int width, MemoryBankOptions options, Generator generator) : base(nameof(MemoryBankMethod))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        (this.network, this.options, this.generator) = (network, options, generator);
        using var scope = NewDisposeScope();
        bank = functional.normalize(randn(images, width, generator: generator), dim: 1).DetachFromDisposeScope();
        normaliser = zeros(1, ScalarType.Float64).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Loss(ViewBatch batch)
    {
        ViewCheck.Count(batch.Views, 1);
        using var scope = NewDisposeScope();
        Tensor f = network.call(batch.Views[0]);
        embeddings.Set(f);
        indices.Set(batch.Indices);
        if (options.Noise == 0)
        {
            return InstanceDiscrimination.SoftmaxLoss(f, bank, batch.Indices, options.Tau).MoveToOuterDisposeScope();
        }
        Tensor noise = randint(bank.shape[0], [f.shape[0], options.Noise], generator: generator);
        if (Z == 0)
        {
            normaliser.fill_(InstanceDiscrimination.EstimateZ(f, bank, noise, options.Tau));
        }
        return InstanceDiscrimination.NceLoss(f, bank, batch.Indices, noise, Z, options.Tau).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override void AfterUpdate() => InstanceDiscrimination.Remember(bank, indices.Value, embeddings.Value, options.Momentum);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            embeddings.Dispose();
            indices.Dispose();
        }
        base.Dispose(disposing);
    }
}
