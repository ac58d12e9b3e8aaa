using static TorchSharp.torch;

namespace Embodied.Datasets;

/// <summary>The seven photographs that ship with the course (from scikit-image's collection).</summary>
public static class Photographs
{
    private static readonly Dictionary<string, string> Files = new(StringComparer.OrdinalIgnoreCase)
    {
        ["astronaut"] = "astronaut.png",
        ["camera"] = "camera.png",
        ["chelsea"] = "chelsea.png",
        ["coffee"] = "coffee.png",
        ["coins"] = "coins.png",
        ["horse"] = "horse.png",
        ["rocket"] = "rocket.jpg",
    };

    /// <summary>The photographs' names, in alphabetical order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Files.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Loads a photograph, scaled down so that its longer side has at most <paramref name="longerSide"/> pixels.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="longerSide">The most pixels of the longer side; the photograph's own size when null.</param>
    /// <returns>RGB [3, height, width], float32 from 0 to 1 (grey photographs have three equal channels).</returns>
    /// <exception cref="ArgumentException">There is no such photograph.</exception>
    public static Tensor Load(string name, int? longerSide = null) =>
        Files.TryGetValue(name, out string? file)
            ? ImageFile.Load(DataFolder.File("photos", file), longerSide)
            : throw new ArgumentException($"There is no photograph '{name}'; there are {string.Join(", ", Names)}.", nameof(name));

    /// <summary>The brightness of an image: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).</summary>
    /// <param name="rgb">[3, height, width].</param>
    /// <returns>[height, width].</returns>
    /// <exception cref="ArgumentException"><paramref name="rgb"/> has another shape.</exception>
    public static Tensor Brightness(Tensor rgb)
    {
        if (rgb.dim() != 3 || rgb.shape[0] != 3)
        {
            throw new ArgumentException($"rgb has shape [{string.Join(", ", rgb.shape)}], wanted [3, height, width].", nameof(rgb));
        }
        return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
    }
}
