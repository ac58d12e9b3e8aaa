namespace Embodied.SelfSupervised.Augmentations;

/// <summary>The pipelines of the papers.</summary>
public static class Presets
{
    /// <summary>SimCLR: crop and flip, colour jitter (p 0.8), grey (p 0.2), blur (p 0.5).</summary>
    /// <param name="strength">Of the colour jitter; 1 on ImageNet, ½ on CIFAR-10.</param>
    /// <param name="size">The views' side; the image's own when null.</param>
    /// <param name="minArea">Smallest share of the area that a crop keeps.</param>
    /// <remarks>Chen et al. 2020, appendix A.</remarks>
    public static IAugmentation SimClr(double strength = 1, int? size = null, double minArea = 0.08) => new Compose(
        new RandomResizedCrop { Size = size, MinArea = minArea },
        new RandomApply(ColourJitter.OfStrength(strength), 0.8),
        new RandomApply(new ColourDrop(), 0.2),
        new RandomApply(new GaussianBlur(), 0.5));

    /// <summary>For one channel, such as Fashion-MNIST's: crop and flip, noise.</summary>
    /// <param name="minArea">Smallest share of the area that a crop keeps.</param>
    public static IAugmentation Grey(double minArea = 0.3) => new Compose(new RandomResizedCrop { MinArea = minArea }, new RandomApply(new GaussianNoise { Sigma = 0.05 }, 0.5));

    /// <summary>The ten of the SimCLR figure, by the names there; the first is the original.</summary>
    public static IReadOnlyList<(string Name, IAugmentation Augmentation)> Figure { get; } =
    [
        ("original", new Compose()),
        ("crop and resize", new RandomResizedCrop { MinArea = 0.1, MaxArea = 0.5, Flip = 0 }),
        ("crop, resize, flip", new RandomResizedCrop { MinArea = 0.1, MaxArea = 0.5, Flip = 1 }),
        ("colour distortion (drop)", new ColourDrop()),
        ("colour distortion (jitter)", new ColourJitter()),
        ("rotate 90°, 180°, 270°", new QuarterTurn()),
        ("cutout", new Cutout()),
        ("Gaussian noise", new GaussianNoise { Sigma = 0.2 }),
        ("Gaussian blur", new GaussianBlur { MinSigma = 3, MaxSigma = 4, Radius = 9 }),
        ("Sobel filtering", new Sobel()),
    ];
}
