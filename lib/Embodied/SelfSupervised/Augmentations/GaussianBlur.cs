using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>Blurs each image with a Gaussian of its own width, mirrored at the border; the kernel reaches <see cref="Radius"/> pixels and sums to 1.</summary>
/// <remarks>Chen et al. 2020 (SimCLR), appendix A: σ from 0.1 to 2.</remarks>
public sealed record GaussianBlur : IAugmentation
{
    /// <summary>Smallest σ, in pixels.</summary>
    public double MinSigma { get; init; } = 0.1;

    /// <summary>Largest σ, in pixels.</summary>
    public double MaxSigma { get; init; } = 2;

    /// <summary>How far the kernel reaches, in pixels; SimCLR's is a twentieth of the side.</summary>
    public int Radius { get; init; } = 3;

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, Generator generator)
    {
        ImageBatch.Require(images);
        using var scope = NewDisposeScope();
        Tensor sigma = ImageBatch.Uniform(images, MinSigma, MaxSigma, generator);
        Tensor weights = (-arange(-Radius, Radius + 1, dtype: ScalarType.Float32).view(1, -1, 1, 1).square() / (2 * sigma.square())).exp();
        weights /= weights.sum(1, keepdim: true);
        Tensor padded = nn.functional.pad(images, [Radius, Radius, Radius, Radius], TorchSharp.PaddingModes.Reflect);
        return Along(Along(padded, weights, 2, images.shape[2]), weights, 3, images.shape[3]).MoveToOuterDisposeScope();
    }

    // A kernel for each image: 2r + 1 shifted copies cost less than a convolution with as many groups as there are planes.
    private static Tensor Along(Tensor padded, Tensor weights, int dimension, long extent)
    {
        Tensor sum = padded.narrow(dimension, 0, extent) * weights[.., 0..1];
        for (int j = 1; j < weights.shape[1]; j++)
        {
            sum.addcmul_(padded.narrow(dimension, j, extent), weights.narrow(1, j, 1), 1);
        }
        return sum;
    }
}
