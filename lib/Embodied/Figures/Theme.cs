namespace Embodied.Figures;

/// <summary>
/// The one look of the course's figures: transparent paper and mid-grey ink that read on light and dark pages, colours that the
/// colour-blind can tell apart, perceptual colour maps.
/// </summary>
public static class Theme
{
    /// <summary>Categorical colours (after Okabe &amp; Ito 2008), in the order in which curves without a colour of their own take them.</summary>
    public static IReadOnlyList<string> Colours { get; } =
        ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b3a500", "#7f7f7f"];

    /// <summary>Blue: data, the true thing, the first method.</summary>
    public static string Blue => Colours[0];

    /// <summary>Orange: the model's samples, the second method.</summary>
    public static string Orange => Colours[1];

    /// <summary>Green: what is valid or succeeds.</summary>
    public static string Green => Colours[2];

    /// <summary>Pink: a third method.</summary>
    public static string Pink => Colours[3];

    /// <summary>Sky blue: a lighter companion of <see cref="Blue"/>.</summary>
    public static string Sky => Colours[4];

    /// <summary>Vermilion: what fails or is forbidden.</summary>
    public static string Vermilion => Colours[5];

    /// <summary>Grey: references, baselines, guides.</summary>
    public static string Grey => Colours[7];

    /// <summary>Text and axis lines: contrast above 4:1 on white and on the dark pages of editors.</summary>
    internal const string Ink = "#7b7b7b";

    internal const string Grid = "rgba(128,128,128,0.22)";

    internal const string Transparent = "rgba(0,0,0,0)";

    internal const string FontFamily = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

    /// <summary>The width of a figure in CSS pixels: a laptop's notebook column.</summary>
    internal const int Width = 720;

    /// <summary>The height of a single chart in CSS pixels.</summary>
    internal const int Height = 420;

    internal static Dictionary<string, object> Font(double size) => new() { ["family"] = FontFamily, ["size"] = size, ["color"] = Ink };

    // Plotly does not wrap titles, and a title that states a finding needs more than one line.
    internal static string Wrapped(string title, int columns)
    {
        var lines = new List<string> { "" };
        foreach (string word in title.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (lines[^1].Length > 0 && lines[^1].Length + 1 + word.Length > columns)
            {
                lines.Add("");
            }
            lines[^1] += lines[^1].Length > 0 ? " " + word : word;
        }
        return string.Join("<br>", lines);
    }
}
