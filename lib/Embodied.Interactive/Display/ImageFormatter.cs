using System.Text.Json.Nodes;
using Microsoft.DotNet.Interactive.Formatting;
using SkiaSharp;

namespace Embodied.Interactive.Display;

/// <summary>Shows bitmaps as PNG.</summary>
internal static class ImageFormatter
{
    private const string Png = "image/png";

    public static void Register()
    {
        Formatter.SetPreferredMimeTypesFor(typeof(SKBitmap), Png, "text/plain");
        Formatter.SetPreferredMimeTypesFor(typeof(SKImage), Png, "text/plain");
        Formatter.Register<SKBitmap>((bitmap, writer) => writer.Write(Describe(bitmap.Width, bitmap.Height)), "text/plain");
        Formatter.Register<SKImage>((image, writer) => writer.Write(Describe(image.Width, image.Height)), "text/plain");
        Formatter.Register<SKBitmap>((bitmap, writer) => writer.Write(Encode(bitmap)), Png);
        Formatter.Register<SKImage>((image, writer) => writer.Write(Encode(image)), Png);
    }

    /// <summary>The size in CSS pixels, for viewers that would guess otherwise; null for what is no image.</summary>
    public static JsonObject? Metadata(object value) => value switch
    {
        SKBitmap bitmap => Size(bitmap.Width, bitmap.Height),
        SKImage image => Size(image.Width, image.Height),
        _ => null,
    };

    private static JsonObject Size(int width, int height) => new() { [Png] = new JsonObject { ["width"] = width, ["height"] = height } };

    private static string Describe(int width, int height) => FormattableString.Invariant($"image, {width} × {height} pixels");

    private static string Encode(SKBitmap bitmap)
    {
        using SKImage image = SKImage.FromBitmap(bitmap);
        return Encode(image);
    }

    private static string Encode(SKImage image)
    {
        using SKData data = image.Encode(SKEncodedImageFormat.Png, 100);
        return Convert.ToBase64String(data.Span);
    }
}
