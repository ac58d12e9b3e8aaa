using Plotly.NET;

namespace Embodied.Figures;

/// <summary>A single chart, made of marks.</summary>
public static class Plot
{
    /// <summary>Puts marks on one pair of axes.</summary>
    /// <param name="title">The finding that the figure shows, as a sentence.</param>
    /// <param name="x">The horizontal axis.</param>
    /// <param name="y">The vertical axis.</param>
    /// <param name="marks">What is drawn, from back to front.</param>
    public static GenericChart Of(string title, Axis x, Axis y, params IEnumerable<Trace> marks) => Of(title, x, y, Theme.Height, marks);

    /// <summary>Puts marks on one pair of axes in a figure of the given height.</summary>
    /// <param name="title">The finding that the figure shows, as a sentence.</param>
    /// <param name="x">The horizontal axis.</param>
    /// <param name="y">The vertical axis.</param>
    /// <param name="height">The figure's height in CSS pixels.</param>
    /// <param name="marks">What is drawn, from back to front.</param>
    public static GenericChart Of(string title, Axis x, Axis y, int height, params IEnumerable<Trace> marks)
    {
        Trace[] traces = [.. marks];
        Layout layout = Layouts.Base(title, height, traces);
        layout.SetProperty("xaxis", x.ToPlotly(y.Equal));
        Dictionary<string, object> vertical = y.ToPlotly(y.Equal, y.Equal ? "x" : null);
        if (traces.Any(Layouts.IsImage) && y.From is null)
        {
            vertical["autorange"] = "reversed";
        }
        layout.SetProperty("yaxis", vertical);
        return Layouts.Chart(traces, layout);
    }
}
