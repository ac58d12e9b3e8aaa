using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>
/// Colour distortion (jitter): brightness, contrast and saturation each multiplied by a factor from [1 − a, 1 + a], the hue turned by up to b of
/// the whole circle, in an order drawn for each batch. The defaults are SimCLR's at strength 1: a = 0.8, b = 0.2.
/// </summary>
/// <remarks>Chen et al. 2020 (SimCLR), appendix A.</remarks>
public sealed record ColourJitter : IAugmentation
{
    /// <summary>SimCLR's at strength <paramref name="strength"/>.</summary>
    public static ColourJitter OfStrength(double strength) => new()
    {
        Brightness = 0.8 * strength, Contrast = 0.8 * strength, Saturation = 0.8 * strength, Hue = 0.2 * strength,
    };

    /// <summary>a of the brightness.</summary>
    public double Brightness { get; init; } = 0.8;

    /// <summary>a of the contrast.</summary>
    public double Contrast { get; init; } = 0.8;

    /// <summary>a of the saturation.</summary>
    public double Saturation { get; init; } = 0.8;

    /// <summary>b, as a share of the circle, 0 to 0.5.</summary>
    public double Hue { get; init; } = 0.2;

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, Generator generator)
    {
        ImageBatch.RequireColour(images);
        using var scope = NewDisposeScope();
        Tensor changed = images;
        foreach (long part in randperm(4, generator: generator).data<long>().ToArray())
        {
            changed = part switch
            {
                0 => Blend(changed, changed * 0, Factor(Brightness)),
                1 => Blend(changed, ImageBatch.Grey(changed).mean([1, 2, 3], keepdim: true), Factor(Contrast)),
                2 => Blend(changed, ImageBatch.Grey(changed), Factor(Saturation)),
                _ => TurnHue(changed, ImageBatch.Uniform(images, -Hue, Hue, generator)),
            };
        }
        return changed.MoveToOuterDisposeScope();

        Tensor Factor(double a) => ImageBatch.Uniform(images, Math.Max(0, 1 - a), 1 + a, generator);
    }

    /// <summary>Turns the hue (HSV): red by 1/3 is green.</summary>
    /// <param name="rgb">[n, 3, h, w], 0 to 1.</param>
    /// <param name="turn">[n, 1, 1, 1], shares of the circle.</param>
    public static Tensor TurnHue(Tensor rgb, Tensor turn)
    {
        ImageBatch.RequireColour(rgb);
        using var scope = NewDisposeScope();
        Tensor r = rgb[.., 0..1], g = rgb[.., 1..2], b = rgb[.., 2..3];
        Tensor value = rgb.amax([1], keepdim: true), chroma = value - rgb.amin([1], keepdim: true), safe = chroma.clamp_min(1e-8);
        // In sixths of the circle, from red.
        Tensor hue = where(value.eq(r), (g - b) / safe, where(value.eq(g), (b - r) / safe + 2, (r - g) / safe + 4)) + turn * 6;
        // Of (5, 3, 1): how far each channel's sector is away says how much of the chroma it lacks.
        Tensor k = (hue + tensor(new float[] { 5, 3, 1 }).view(1, 3, 1, 1)).remainder(6);
        return (value - chroma * minimum(k, 4 - k).clamp(0, 1)).MoveToOuterDisposeScope();
    }

    private static Tensor Blend(Tensor image, Tensor other, Tensor factor) => (image * factor + other * (1 - factor)).clamp(0, 1);
}

/// <summary>Colour distortion (drop): grey, in three equal channels (BT.601).</summary>
public sealed record ColourDrop : IAugmentation
{
    /// <inheritdoc/>
    public Tensor Apply(Tensor images, Generator generator)
    {
        ImageBatch.RequireColour(images);
        using var scope = NewDisposeScope();
        return ImageBatch.Grey(images).repeat(1, 3, 1, 1).MoveToOuterDisposeScope();
    }
}
