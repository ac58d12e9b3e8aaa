using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>What augmentations ask of a batch, and the numbers they draw for it.</summary>
internal static class ImageBatch
{
    /// <summary>Luma, ITU-R BT.601.</summary>
    public static Tensor Grey(Tensor rgb) => rgb[.., 0..1] * 0.299 + rgb[.., 1..2] * 0.587 + rgb[.., 2..3] * 0.114;

    /// <exception cref="ArgumentException">It is no batch of images.</exception>
    public static void Require(Tensor images) => ShapeCheck.Require(images, nameof(images), -1, -1, -1, -1);

    /// <exception cref="ArgumentException">It is no batch of colour images.</exception>
    public static void RequireColour(Tensor images) => ShapeCheck.Require(images, nameof(images), -1, 3, -1, -1);

    /// <summary>Uniform numbers, one for each image, [n, 1, 1, 1].</summary>
    public static Tensor Uniform(Tensor images, double low, double high, Generator generator) =>
        rand([images.shape[0], 1, 1, 1], generator: generator) * (high - low) + low;
}
