using SkiaSharp;
using static TorchSharp.torch;

namespace Embodied.Datasets;

/// <summary>Image files (PNG, JPEG, WebP) as tensors.</summary>
public static class ImageFile
{
    /// <summary>Decodes an image, scaled down so that its longer side has at most <paramref name="longerSide"/> pixels.</summary>
    /// <param name="path">The file.</param>
    /// <param name="longerSide">The most pixels of the longer side; the image's own size when null.</param>
    /// <returns>RGB [3, height, width], float32 from 0 to 1; alpha is dropped after blending onto white.</returns>
    /// <exception cref="FileNotFoundException">The file is missing.</exception>
    /// <exception cref="InvalidDataException">The file is no image that can be decoded.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="longerSide"/> is not positive.</exception>
    public static Tensor Load(string path, int? longerSide = null)
    {
        if (longerSide < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(longerSide), longerSide, "The longer side needs at least one pixel.");
        }
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no image '{path}'.", path);
        }
        using SKBitmap decoded = SKBitmap.Decode(path) ?? throw new InvalidDataException($"'{path}' is not an image in PNG, JPEG or WebP format.");

        double scale = Math.Min(1.0, (longerSide ?? int.MaxValue) / (double)Math.Max(decoded.Width, decoded.Height));
        int width = Math.Max(1, (int)Math.Round(decoded.Width * scale));
        int height = Math.Max(1, (int)Math.Round(decoded.Height * scale));
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        using (var canvas = new SKCanvas(bitmap))
        using (SKImage image = SKImage.FromBitmap(decoded))
        // Medium means mipmaps, which average every source pixel; bicubic (High) would alias at strong reductions.
        using (var paint = new SKPaint { FilterQuality = scale < 0.5 ? SKFilterQuality.Medium : SKFilterQuality.High })
        {
            canvas.Clear(SKColors.White);
            canvas.DrawImage(image, new SKRect(0, 0, width, height), paint);
        }

        using var scope = NewDisposeScope();
        return tensor(bitmap.Bytes, dtype: ScalarType.Byte).reshape(height, width, 4)
            [TensorIndex.Ellipsis, TensorIndex.Slice(0, 3)]
            .permute(2, 0, 1).to(ScalarType.Float32).div(255).contiguous().MoveToOuterDisposeScope();
    }
}
