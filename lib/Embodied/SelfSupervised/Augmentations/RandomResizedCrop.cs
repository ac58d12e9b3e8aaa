using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>
/// Crop and resize (with flip): a part of the image with a share of its area drawn from [<see cref="MinArea"/>, <see cref="MaxArea"/>] and an
/// aspect ratio from 3/4 to 4/3, resized bilinearly to a square, mirrored every second time.
/// </summary>
/// <remarks>Szegedy et al. 2015; Chen et al. 2020 (SimCLR), appendix A.</remarks>
public sealed record RandomResizedCrop : IAugmentation
{
    /// <summary>The side of the result, in pixels; the image's own height when null.</summary>
    public int? Size { get; init; }

    /// <summary>Smallest share of the area.</summary>
    public double MinArea { get; init; } = 0.08;

    /// <summary>Largest share of the area.</summary>
    public double MaxArea { get; init; } = 1;

    /// <summary>Log of the most extreme aspect ratio.</summary>
    public double MaxLogAspect { get; init; } = Math.Log(4.0 / 3);

    /// <summary>How often an image is mirrored.</summary>
    public double Flip { get; init; } = 0.5;

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, Generator generator)
    {
        ImageBatch.Require(images);
        long n = images.shape[0], c = images.shape[1], size = Size ?? images.shape[2];
        using var scope = NewDisposeScope();
        Tensor area = rand(n, generator: generator) * (MaxArea - MinArea) + MinArea;
        Tensor aspect = ((rand(n, generator: generator) * 2 - 1) * MaxLogAspect / 2).exp();
        // Half the crop's width and height, where the image's are 1.
        Tensor w = (area.sqrt() * aspect).clamp_max(1), h = (area.sqrt() / aspect).clamp_max(1);
        Tensor x = (rand(n, generator: generator) * 2 - 1) * (1 - w), y = (rand(n, generator: generator) * 2 - 1) * (1 - h);
        Tensor mirrored = rand(n, generator: generator).lt(Flip).to(ScalarType.Float32) * -2 + 1;
        Tensor none = zeros(n);
        Tensor theta = stack([w * mirrored, none, x, none, h, y], 1).view(n, 2, 3);
        Tensor grid = nn.functional.affine_grid(theta, [n, c, size, size], align_corners: false);
        return nn.functional.grid_sample(images, grid, GridSampleMode.Bilinear, GridSamplePaddingMode.Reflection, align_corners: false).MoveToOuterDisposeScope();
    }
}
