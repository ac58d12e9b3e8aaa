using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>A grey square over a random place, cut off at the border.</summary>
/// <remarks>DeVries &amp; Taylor 2017.</remarks>
public sealed record Cutout : IAugmentation
{
    /// <summary>The square's side, as a share of the image's.</summary>
    public double Side { get; init; } = 0.5;

    /// <summary>Its brightness.</summary>
    public double Value { get; init; } = 0.5;

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, Generator generator)
    {
        ImageBatch.Require(images);
        using var scope = NewDisposeScope();
        Tensor inside = Within(images.shape[2], 2).logical_and(Within(images.shape[3], 3));
        return where(inside, full_like(images, Value), images).MoveToOuterDisposeScope();

        Tensor Within(long extent, int dimension)
        {
            long[] shape = [1, 1, 1, 1];
            shape[dimension] = extent;
            Tensor at = (arange(extent, dtype: ScalarType.Float32) + 0.5).view(shape);
            return (at - ImageBatch.Uniform(images, 0, extent, generator)).abs().lt(Side * extent / 2);
        }
    }
}
