using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>Adds N(0, σ²) to every value; the result is cut off at 0 and 1.</summary>
public sealed record GaussianNoise : IAugmentation
{
    /// <summary>σ, where images reach from 0 to 1.</summary>
    public double Sigma { get; init; } = 0.1;

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, Generator generator)
    {
        ImageBatch.Require(images);
        using var scope = NewDisposeScope();
        return (images + Sigma * randn(images.shape, generator: generator)).clamp(0, 1).MoveToOuterDisposeScope();
    }
}
