using Plotly.NET;
using static TorchSharp.torch;

namespace Embodied.Figures;

/// <summary>The marks that charts are made of: lines, points, bars, bands, surfaces and images. <see cref="Plot"/> puts them together.</summary>
public static class Mark
{
    /// <summary>A line through the points (x, y).</summary>
    /// <param name="name">The name in the legend; no entry when empty.</param>
    /// <param name="x">Positions along the first axis.</param>
    /// <param name="y">Positions along the second axis, as many.</param>
    /// <param name="colour">A CSS colour; the theme's next when null.</param>
    /// <param name="width">The line's width in CSS pixels.</param>
    /// <param name="dash"><c>solid</c>, <c>dash</c> or <c>dot</c>.</param>
    /// <param name="points">Whether the points are marked too.</param>
    /// <param name="opacity">From 0 to 1.</param>
    /// <param name="hover">A text for each point, shown on hovering.</param>
    /// <exception cref="ArgumentException">x and y differ in length.</exception>
    public static Trace Line(
        string name, Values x, Values y, string? colour = null, double width = 2, string dash = "solid", bool points = false,
        double opacity = 1, string[]? hover = null)
    {
        Trace trace = Scatter(name, x, y, points ? "lines+markers" : "lines", opacity, hover);
        trace.SetProperty("line", Bare(("color", colour), ("width", width), ("dash", dash)));
        if (points)
        {
            trace.SetProperty("marker", Bare(("color", colour), ("size", 6)));
        }
        return trace;
    }

    /// <summary>Points at (x, y).</summary>
    /// <param name="name">The name in the legend; no entry when empty.</param>
    /// <param name="x">Positions along the first axis.</param>
    /// <param name="y">Positions along the second axis, as many.</param>
    /// <param name="colour">A CSS colour; the theme's next when null.</param>
    /// <param name="size">The points' diameter in CSS pixels.</param>
    /// <param name="symbol">Plotly's name of the symbol, such as <c>circle</c>, <c>x</c>, <c>star</c>, <c>square</c>.</param>
    /// <param name="opacity">From 0 to 1.</param>
    /// <param name="colours">A CSS colour for each point, instead of <paramref name="colour"/>.</param>
    /// <param name="hover">A text for each point, shown on hovering.</param>
    /// <exception cref="ArgumentException">x and y differ in length.</exception>
    public static Trace Points(
        string name, Values x, Values y, string? colour = null, double size = 6, string symbol = "circle", double opacity = 1,
        string[]? colours = null, string[]? hover = null)
    {
        Trace trace = Scatter(name, x, y, "markers", opacity, hover);
        trace.SetProperty("marker", Bare(("color", (object?)colours ?? colour), ("size", size), ("symbol", symbol), ("line", Bare(("width", 0)))));
        return trace;
    }

    /// <summary>Texts at (x, y).</summary>
    public static Trace Texts(Values x, Values y, string[] texts, double size = 12, string? colour = null)
    {
        Trace trace = Scatter("", x, y, "text", 1, null);
        trace.SetProperty("text", texts);
        Dictionary<string, object> font = Theme.Font(size);
        font["color"] = colour ?? Theme.Ink;
        trace.SetProperty("textfont", font);
        trace.SetProperty("hoverinfo", "skip");
        return trace;
    }

    /// <summary>The band between two curves over x, such as a mean plus and minus a standard deviation.</summary>
    public static Trace Band(string name, Values x, Values low, Values high, string colour, double opacity = 0.2)
    {
        double?[] there = x.Items;
        var trace = new Trace("scatter");
        trace.SetProperty("x", there.Concat(there.Reverse()).ToArray());
        trace.SetProperty("y", high.Items.Concat(low.Items.Reverse()).ToArray());
        trace.SetProperty("mode", "lines");
        trace.SetProperty("fill", "toself");
        trace.SetProperty("line", Bare(("width", 0), ("color", colour)));
        trace.SetProperty("opacity", opacity);
        trace.SetProperty("hoverinfo", "skip");
        Name(trace, name);
        return trace;
    }

    /// <summary>A filled outline, such as an obstacle in a scene: a disc, a box, a region.</summary>
    public static Trace Region(string name, Values x, Values y, string colour, double opacity = 0.5)
    {
        Trace trace = Scatter(name, x, y, "lines", opacity, null);
        trace.SetProperty("fill", "toself");
        trace.SetProperty("fillcolor", colour);
        trace.SetProperty("line", Bare(("width", 1), ("color", colour)));
        trace.SetProperty("hoverinfo", name.Length > 0 ? "name" : "skip");
        return trace;
    }

    /// <summary>Bars of the given heights over categories.</summary>
    /// <param name="name">The name in the legend; no entry when empty.</param>
    /// <param name="categories">The bars' names.</param>
    /// <param name="heights">The bars' heights, as many.</param>
    /// <param name="colour">A CSS colour; the theme's next when null.</param>
    /// <param name="colours">A CSS colour for each bar, instead of <paramref name="colour"/>.</param>
    public static Trace Bars(string name, string[] categories, Values heights, string? colour = null, string[]? colours = null)
    {
        SameLength(categories.Length, heights.Items.Length);
        var trace = new Trace("bar");
        trace.SetProperty("x", categories);
        trace.SetProperty("y", heights.Items);
        trace.SetProperty("marker", Bare(("color", (object?)colours ?? colour)));
        Name(trace, name);
        return trace;
    }

    /// <summary>A histogram of <paramref name="values"/> in equal bins.</summary>
    public static Trace Histogram(string name, Values values, int bins = 40, string? colour = null, double opacity = 0.75)
    {
        var trace = new Trace("histogram");
        trace.SetProperty("x", values.Items);
        trace.SetProperty("nbinsx", bins);
        trace.SetProperty("opacity", opacity);
        trace.SetProperty("marker", Bare(("color", colour)));
        Name(trace, name);
        return trace;
    }

    /// <summary>A matrix as coloured cells, or as filled contours when <paramref name="contours"/> is set.</summary>
    /// <param name="z">[rows, columns], any dtype; row r lies at y[r].</param>
    /// <param name="x">The columns' positions; 0, 1, … when null.</param>
    /// <param name="y">The rows' positions; 0, 1, … when null.</param>
    /// <param name="map">The colour map.</param>
    /// <param name="low">The value at the map's low end; the smallest of z when null.</param>
    /// <param name="high">The value at the map's high end; the largest of z when null.</param>
    /// <param name="legend">The title of the colour bar, with unit; no bar when null.</param>
    /// <param name="contours">Whether to draw filled contours.</param>
    /// <exception cref="ArgumentException">z is no matrix.</exception>
    public static Trace Surface(
        Tensor z, Values? x = null, Values? y = null, ColourMap? map = null, double? low = null, double? high = null, string? legend = null,
        bool contours = false)
    {
        if (z.dim() != 2)
        {
            throw new ArgumentException($"z has shape [{string.Join(", ", z.shape)}], wanted [rows, columns].", nameof(z));
        }
        int columns = (int)z.shape[1];
        var trace = new Trace(contours ? "contour" : "heatmap");
        trace.SetProperty("z", Values.Doubles(z).Chunk(columns).Select(row => ((Values)row).Items).ToArray());
        if (x is { } there)
        {
            trace.SetProperty("x", there.Items);
        }
        if (y is { } up)
        {
            trace.SetProperty("y", up.Items);
        }
        trace.SetProperty("colorscale", (map ?? ColourMap.Viridis).PlotlyScale());
        if (low is not null)
        {
            trace.SetProperty("zmin", low);
        }
        if (high is not null)
        {
            trace.SetProperty("zmax", high);
        }
        if (contours)
        {
            trace.SetProperty("ncontours", 20);
            trace.SetProperty("line", Bare(("width", 0.4), ("color", "rgba(255,255,255,0.5)")));
        }
        trace.SetProperty("showscale", legend is not null);
        if (legend is not null)
        {
            trace.SetProperty("colorbar", ColourBar(legend));
        }
        return trace;
    }

    /// <summary>An image, drawn pixel by pixel with its first row on top.</summary>
    /// <param name="pixels">[h, w] or [1, h, w] grey, [3, h, w] RGB or [4, h, w] RGBA, from 0 to 1.</param>
    /// <param name="map">Colours for a grey image; <see cref="ColourMap.Grey"/> when null.</param>
    /// <param name="x">The position of the left edge.</param>
    /// <param name="y">The position of the top edge.</param>
    /// <param name="pixel">The width of a pixel in the axes' unit.</param>
    public static Trace Image(Tensor pixels, ColourMap? map = null, double x = 0, double y = 0, double pixel = 1)
    {
        using var bitmap = Bitmaps.From(pixels, map);
        var trace = new Trace("image");
        trace.SetProperty("source", Bitmaps.DataUri(bitmap));
        trace.SetProperty("x0", x + pixel / 2);
        trace.SetProperty("y0", y + pixel / 2);
        trace.SetProperty("dx", pixel);
        trace.SetProperty("dy", pixel);
        trace.SetProperty("zsmooth", false);
        trace.SetProperty("hoverinfo", "skip");
        return trace;
    }

    internal static Dictionary<string, object> ColourBar(string title) => new()
    {
        ["title"] = new Dictionary<string, object> { ["text"] = title, ["font"] = Theme.Font(12), ["side"] = "right" },
        ["tickfont"] = Theme.Font(11),
        ["thickness"] = 12,
        ["outlinewidth"] = 0,
        ["len"] = 0.9,
    };

    internal static Dictionary<string, object> Bare(params (string Key, object? Value)[] properties) =>
        properties.Where(p => p.Value is not null).ToDictionary(p => p.Key, p => p.Value!);

    private static Trace Scatter(string name, Values x, Values y, string mode, double opacity, string[]? hover)
    {
        SameLength(x.Items.Length, y.Items.Length);
        var trace = new Trace("scatter");
        trace.SetProperty("x", x.Items);
        trace.SetProperty("y", y.Items);
        trace.SetProperty("mode", mode);
        if (opacity < 1)
        {
            trace.SetProperty("opacity", opacity);
        }
        if (hover is not null)
        {
            trace.SetProperty("text", hover);
            trace.SetProperty("hoverinfo", "text");
        }
        Name(trace, name);
        return trace;
    }

    private static void Name(Trace trace, string name)
    {
        trace.SetProperty("name", name);
        trace.SetProperty("showlegend", name.Length > 0);
    }

    private static void SameLength(int x, int y)
    {
        if (x != y)
        {
            throw new ArgumentException($"x has {x} values and y has {y}; wanted as many of each.", nameof(y));
        }
    }
}
