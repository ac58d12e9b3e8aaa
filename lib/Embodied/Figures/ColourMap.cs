using System.Globalization;

namespace Embodied.Figures;

/// <summary>A perceptual colour map from numbers in [0, 1] to colours.</summary>
public sealed class ColourMap
{
    private readonly (byte R, byte G, byte B)[] anchors;

    private ColourMap(string name, string hexAnchors)
    {
        Name = name;
        anchors = [.. hexAnchors.Split(' ').Select(hex => (Byte(hex, 0), Byte(hex, 2), Byte(hex, 4)))];
    }

    /// <summary>The map's name in the field.</summary>
    public string Name { get; }

    /// <summary>Black to white.</summary>
    public static ColourMap Grey { get; } = new("grey", "000000 ffffff");

    /// <summary>White to black: ink on paper.</summary>
    public static ColourMap Ink { get; } = new("ink", "ffffff 000000");

    /// <summary>Dark violet over green to yellow (van der Walt &amp; Smith 2015): quantities from low to high.</summary>
    public static ColourMap Viridis { get; } =
        new("viridis", "440154 482475 414487 355f8d 2a788e 21918c 22a884 44bf70 7ad151 bddf26 fde725");

    /// <summary>Blue over grey to yellow (Nuñez, Anderton &amp; Renslow 2018): equal for all kinds of colour vision.</summary>
    public static ColourMap Cividis { get; } =
        new("cividis", "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838");

    /// <summary>Blue over white to red (Brewer 2003): signed quantities, with zero in the middle.</summary>
    public static ColourMap Diverging { get; } =
        new("diverging", "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f");

    /// <summary>The colour at <paramref name="value"/>; values outside [0, 1] take the nearer end, NaN mid-grey.</summary>
    public (byte R, byte G, byte B) At(double value)
    {
        if (double.IsNaN(value))
        {
            return (128, 128, 128);
        }
        double at = Math.Clamp(value, 0, 1) * (anchors.Length - 1);
        int below = Math.Min((int)at, anchors.Length - 2);
        double part = at - below;
        (byte R, byte G, byte B) a = anchors[below], b = anchors[below + 1];
        return (Mix(a.R, b.R, part), Mix(a.G, b.G, part), Mix(a.B, b.B, part));
    }

    internal object[] PlotlyScale() =>
        [.. anchors.Select((c, i) => new object[] { (double)i / (anchors.Length - 1), FormattableString.Invariant($"rgb({c.R},{c.G},{c.B})") })];

    private static byte Mix(byte a, byte b, double part) => (byte)Math.Round(a + (b - a) * part);

    private static byte Byte(string hex, int at) => byte.Parse(hex.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
