using System.Globalization;
using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Figures;

/// <summary>Attention over a picture, each head in its own colour, as in DINO's figures.</summary>
public static class AttentionOverlay
{
    /// <summary>The colour of a head: the theme's, in order, and again from the first when they are used up.</summary>
    /// <param name="head">Its number.</param>
    public static string ColourOf(int head) => Theme.Colours[head % Theme.Colours.Count];

    /// <summary>
    /// The picture in dim grey, with the patches that hold a share of a head's attention in the head's colour, those that get more the stronger. Patches that several heads
    /// keep are shared by stripes.
    /// </summary>
    /// <param name="image">[3, H, W], values from 0 to 1.</param>
    /// <param name="attention">A row for each head, [h, p], p = rows · columns.</param>
    /// <param name="rows">Patches from top to bottom.</param>
    /// <param name="mass">The share of a head's attention that is drawn.</param>
    /// <param name="firstHead">The number of the first row's head: where only some heads are drawn they keep their colours.</param>
    /// <returns>[3, H', W'], the picture enlarged without interpolation until a patch has 12 pixels or more a side.</returns>
    /// <exception cref="ArgumentException">A shape does not fit: H is no multiple of the rows, or W of the columns.</exception>
    public static Tensor Of(Tensor image, Tensor attention, int rows, double mass = 0.6, int firstHead = 0)
    {
        ShapeCheck.Require(image, nameof(image), 3, -1, -1);
        ShapeCheck.Require(attention, nameof(attention), -1, -1);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        long heads = attention.shape[0], columns = attention.shape[1] / rows, H = image.shape[1], W = image.shape[2];
        if (rows * columns != attention.shape[1] || columns == 0 || H % rows != 0 || W % columns != 0)
        {
            throw new ArgumentException($"attention has shape [{string.Join(", ", attention.shape)}], wanted {rows} rows of patches that fill an image of {W} × {H} px.", nameof(attention));
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        long scale = Math.Max(1, (long)Math.Ceiling(12.0 * rows / H));
        long tall = H / rows * scale, wide = W / columns * scale; // a patch, in pixels of the result
        Tensor Enlarged(Tensor x, long down, long across) => x.repeat_interleave(down, -2).repeat_interleave(across, -1);

        Tensor picture = Enlarged(image, scale, scale).clamp(0, 1);
        Tensor grey = (picture * tensor(new[] { 0.299f, 0.587f, 0.114f }).view(3, 1, 1)).sum(0, keepdim: true);
        Tensor kept = AttentionMass.Kept(attention, mass);
        Tensor strength = where(kept, attention / attention.amax([1L], keepdim: true).clamp_min(1e-12), zeros_like(attention)).to(float32);
        Tensor whose = OwnerOfPixels(kept, rows, (int)columns, tall, wide); // [tall · rows, wide · columns]

        Tensor result = 0.55 * grey.expand(3, -1, -1);
        for (long h = 0; h < heads; h++)
        {
            Tensor colour = tensor(Rgb(ColourOf(firstHead + (int)h))).view(3, 1, 1);
            Tensor alpha = 0.35 + 0.5 * Enlarged(strength[h].view(1, rows, columns), tall, wide);
            // The picture's own shading stays visible below the colour.
            Tensor tinted = (1 - alpha) * grey + alpha * colour * (0.6 + 0.4 * grey);
            result = where(whose.eq(h).unsqueeze(0), tinted, result);
        }
        return result.clamp(0, 1).MoveToOuterDisposeScope();
    }

    // Which head's colour a pixel has, −1 for none: a patch that k heads keep has diagonal stripes of k colours.
    private static Tensor OwnerOfPixels(Tensor kept, int rows, int columns, long tall, long wide)
    {
        const int Stripe = 3;
        bool[] keeps = kept.data<bool>().ToArray();
        int heads = (int)kept.shape[0], patches = rows * columns;
        int[] pixels = new int[rows * tall * columns * wide];
        for (int y = 0, i = 0; y < rows * tall; y++)
        {
            for (int x = 0; x < columns * wide; x++, i++)
            {
                int patch = (int)(y / tall * columns + x / wide);
                int[] owners = [.. Enumerable.Range(0, heads).Where(h => keeps[h * patches + patch])];
                pixels[i] = owners.Length == 0 ? -1 : owners[(x + y) / Stripe % owners.Length];
            }
        }
        return tensor(pixels, [rows * tall, columns * wide]);
    }

    private static float[] Rgb(string hex) => [.. Enumerable.Range(0, 3).Select(c => byte.Parse(hex.AsSpan(1 + 2 * c, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255f)];
}
