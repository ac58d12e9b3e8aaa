using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>
/// DINO's views: a few global ones, which show most of the image, and many local ones, small and of a small part. All go through the
/// student, the global ones through the teacher too.
/// </summary>
/// <remarks>Caron et al. 2020 (SwAV), 2021 (DINO), section 3.1.</remarks>
public sealed record MultiCrop
{
    /// <summary>Global views.</summary>
    public int Globals { get; init; } = 2;

    /// <summary>Local views.</summary>
    public int Locals { get; init; } = 4;

    /// <summary>The global views' side in pixels; the image's own when null.</summary>
    public int? GlobalSize { get; init; }

    /// <summary>The local views' side in pixels.</summary>
    public int LocalSize { get; init; } = 32;

    /// <summary>The area that parts global views from local ones: 0.4 in the paper.</summary>
    public double Threshold { get; init; } = 0.4;

    /// <summary>The smallest area of a local view: 0.05 in the paper.</summary>
    public double MinArea { get; init; } = 0.05;

    /// <summary>What befalls every view after the crop.</summary>
    public IAugmentation Distortion { get; init; } = new Compose(
        new RandomApply(ColourJitter.OfStrength(0.5), 0.8), new RandomApply(new ColourDrop(), 0.2), new RandomApply(new GaussianBlur(), 0.3));

    /// <summary>Makes the views of a batch.</summary>
    /// <param name="images">[n, 3, h, w], 0 to 1.</param>
    /// <param name="generator">Where the random numbers come from.</param>
    /// <returns>The global views, then the local ones, each [n, 3, size, size].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public IReadOnlyList<Tensor> Apply(Tensor images, Generator generator)
    {
        RandomResizedCrop global = new() { Size = GlobalSize, MinArea = Threshold, MaxArea = 1 }, local = new() { Size = LocalSize, MinArea = MinArea, MaxArea = Threshold };
        return [.. Enumerable.Range(0, Globals + Locals).Select(i =>
        {
            using Tensor crop = (i < Globals ? global : local).Apply(images, generator);
            return Distortion.Apply(crop, generator);
        })];
    }
}
