using System.Runtime.InteropServices;
using SkiaSharp;
using static TorchSharp.torch;

namespace Embodied.Figures;

/// <summary>Tensors as bitmaps, and bitmaps as PNG.</summary>
public static class Bitmaps
{
    /// <summary>A bitmap of an image.</summary>
    /// <param name="pixels">[h, w] or [1, h, w] grey, [3, h, w] RGB or [4, h, w] RGBA, from 0 to 1; values outside are clamped.</param>
    /// <param name="map">Colours for a grey image; <see cref="ColourMap.Grey"/> when null. NaN is transparent.</param>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> has another shape.</exception>
    public static SKBitmap From(Tensor pixels, ColourMap? map = null)
    {
        using var scope = NewDisposeScope();
        Tensor planes = pixels.dim() == 2 ? pixels.unsqueeze(0) : pixels;
        if (planes.dim() != 3 || planes.shape[0] is not (1 or 3 or 4))
        {
            throw new ArgumentException($"pixels has shape [{string.Join(", ", pixels.shape)}], wanted [h, w], [1, h, w], [3, h, w] or [4, h, w].", nameof(pixels));
        }
        int channels = (int)planes.shape[0], height = (int)planes.shape[1], width = (int)planes.shape[2];
        float[] values = [.. planes.detach().cpu().to(ScalarType.Float32).permute(1, 2, 0).contiguous().data<float>()];
        var bytes = new byte[4 * width * height];
        ColourMap colours = map ?? ColourMap.Grey;
        for (int i = 0; i < width * height; i++)
        {
            Span<byte> to = bytes.AsSpan(4 * i, 4);
            ReadOnlySpan<float> from = values.AsSpan(channels * i, channels);
            if (channels == 1)
            {
                (to[0], to[1], to[2]) = colours.At(from[0]);
                to[3] = float.IsNaN(from[0]) ? (byte)0 : (byte)255;
            }
            else
            {
                (to[0], to[1], to[2]) = (Level(from[0]), Level(from[1]), Level(from[2]));
                to[3] = channels == 4 ? Level(from[3]) : (byte)255;
            }
        }
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        Marshal.Copy(bytes, 0, bitmap.GetPixels(), bytes.Length);
        return bitmap;
    }

    /// <summary>The bitmap as the bytes of a PNG file.</summary>
    public static byte[] Png(SKBitmap bitmap)
    {
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    internal static string DataUri(SKBitmap bitmap) => "data:image/png;base64," + Convert.ToBase64String(Png(bitmap));

    private static byte Level(float value) => (byte)Math.Clamp(MathF.Round(255 * value), 0, 255);
}
