using System.Globalization;
using Plotly.NET;

namespace Embodied.Figures;

/// <summary>One panel of <see cref="SmallMultiples"/>.</summary>
/// <param name="Title">What sets this panel apart.</param>
/// <param name="X">The horizontal axis.</param>
/// <param name="Y">The vertical axis.</param>
/// <param name="Marks">What is drawn, from back to front.</param>
public sealed record Panel(string Title, Axis X, Axis Y, params Trace[] Marks);

/// <summary>Several panels side by side: small charts that differ in one thing.</summary>
public static class SmallMultiples
{
    private const double Gap = 0.075;

    /// <summary>Arranges panels in rows. Marks of the same name share a colour and one entry in the legend.</summary>
    /// <param name="title">The finding that the figure shows, as a sentence.</param>
    /// <param name="columns">The number of panels in a row.</param>
    /// <param name="panels">The panels, row by row.</param>
    /// <exception cref="ArgumentException">There is no panel.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="columns"/> is not positive.</exception>
    public static GenericChart Of(string title, int columns, params IEnumerable<Panel> panels) => Of(title, columns, null, panels);

    /// <summary>Arranges panels in rows, in a figure of the given height.</summary>
    /// <param name="title">The finding that the figure shows, as a sentence.</param>
    /// <param name="columns">The number of panels in a row.</param>
    /// <param name="height">The figure's height in CSS pixels; square panels when null.</param>
    /// <param name="panels">The panels, row by row.</param>
    /// <exception cref="ArgumentException">There is no panel.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="columns"/> is not positive.</exception>
    public static GenericChart Of(string title, int columns, int? height, params IEnumerable<Panel> panels)
    {
        Panel[] all = [.. panels];
        if (all.Length == 0)
        {
            throw new ArgumentException("Small multiples need at least one panel.", nameof(panels));
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        columns = Math.Min(columns, all.Length);
        int rows = (all.Length + columns - 1) / columns;
        double panelHeight = Theme.Width / (double)columns - 30;
        int tall = height ?? (int)Math.Min(1400, Layouts.TitleHeight(title) + 70 + rows * (panelHeight + 30));

        Trace[] traces = [.. all.SelectMany(panel => panel.Marks)];
        Layout layout = Layouts.Base(title, tall, traces);
        var captions = new List<Dictionary<string, object>>();
        var colours = new Dictionary<string, string>();
        double rowGap = rows == 1 ? 0 : Math.Min(0.16, 64.0 / tall);
        double panelWidth = (1 - Gap * (columns - 1)) / columns;
        double panelShare = (1 - rowGap * (rows - 1) - 0.04) / rows;
        for (int i = 0; i < all.Length; i++)
        {
            double left = i % columns * (panelWidth + Gap);
            double top = 0.96 - i / columns * (panelShare + rowGap);
            string suffix = i == 0 ? "" : (i + 1).ToString(CultureInfo.InvariantCulture);
            Dictionary<string, object> x = all[i].X.ToPlotly(all[i].Y.Equal);
            Dictionary<string, object> y = all[i].Y.ToPlotly(all[i].Y.Equal, all[i].Y.Equal ? "x" + suffix : null);
            x["domain"] = new[] { left, left + panelWidth };
            y["domain"] = new[] { top - panelShare, top };
            x["anchor"] = "y" + suffix;
            y["anchor"] = "x" + suffix;
            if (all[i].Marks.Any(Layouts.IsImage) && all[i].Y.From is null)
            {
                y["autorange"] = "reversed";
            }
            layout.SetProperty("xaxis" + suffix, x);
            layout.SetProperty("yaxis" + suffix, y);
            captions.Add(Layouts.Caption(all[i].Title, left + panelWidth / 2, top));
            foreach (Trace mark in all[i].Marks)
            {
                mark.SetProperty("xaxis", "x" + suffix);
                mark.SetProperty("yaxis", "y" + suffix);
                ShareLegend(mark, colours);
            }
        }
        layout.SetProperty("annotations", captions);
        return Layouts.Chart(traces, layout);
    }

    private static void ShareLegend(Trace mark, Dictionary<string, string> colours)
    {
        if (mark.Get("name") is not string { Length: > 0 } name)
        {
            return;
        }
        mark.SetProperty("legendgroup", name);
        if (colours.TryGetValue(name, out string? known))
        {
            mark.SetProperty("showlegend", false);
        }
        else
        {
            colours[name] = known = Theme.Colours[colours.Count % Theme.Colours.Count];
        }
        // Plotly colours by position; the same name must look the same in every panel.
        foreach (string part in new[] { "line", "marker" })
        {
            if (mark.Get(part) is Dictionary<string, object> style && !style.ContainsKey("color"))
            {
                style["color"] = known;
            }
        }
    }
}
