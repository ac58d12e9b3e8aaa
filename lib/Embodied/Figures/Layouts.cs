using Plotly.NET;

namespace Embodied.Figures;

/// <summary>What the layouts of all figures have in common.</summary>
internal static class Layouts
{
    private const int TitleColumns = 70;

    /// <summary>The height of the title's lines above the plot, in CSS pixels.</summary>
    internal static int TitleHeight(string title) => title.Length == 0 ? 16 : 30 + 20 * (Theme.Wrapped(title, TitleColumns).Split("<br>").Length);

    internal static Layout Base(string title, int height, IEnumerable<Trace> traces)
    {
        int top = TitleHeight(title);
        bool legend = traces.Any(trace => trace.Get("showlegend") is true);
        var layout = new Layout();
        layout.SetProperty("title", new Dictionary<string, object>
        {
            ["text"] = Theme.Wrapped(title, TitleColumns),
            ["font"] = Theme.Font(15),
            ["x"] = 0,
            ["xref"] = "paper",
            ["xanchor"] = "left",
            ["y"] = 1,
            ["yref"] = "container",
            ["yanchor"] = "top",
            ["pad"] = new Dictionary<string, object> { ["t"] = 12 },
        });
        layout.SetProperty("font", Theme.Font(12));
        layout.SetProperty("colorway", Theme.Colours);
        layout.SetProperty("paper_bgcolor", Theme.Transparent);
        layout.SetProperty("plot_bgcolor", Theme.Transparent);
        layout.SetProperty("width", Theme.Width);
        layout.SetProperty("height", height);
        layout.SetProperty("margin", new Dictionary<string, object> { ["l"] = 56, ["r"] = 16, ["t"] = top, ["b"] = legend ? 84 : 48, ["pad"] = 2 });
        layout.SetProperty("hovermode", "closest");
        // Histograms are compared by lying over each other, bars by standing side by side.
        layout.SetProperty("barmode", traces.Any(trace => trace.type == "histogram") ? "overlay" : "group");
        layout.SetProperty("modebar", new Dictionary<string, object>
        {
            ["bgcolor"] = Theme.Transparent, ["color"] = "rgba(128,128,128,0.5)", ["activecolor"] = Theme.Ink,
        });
        // Below the plot, a legend can cover no data, whatever the data.
        layout.SetProperty("legend", new Dictionary<string, object>
        {
            ["orientation"] = "h",
            ["x"] = 0,
            ["xanchor"] = "left",
            ["y"] = 0,
            ["yref"] = "container",
            ["yanchor"] = "bottom",
            ["bgcolor"] = Theme.Transparent,
            ["font"] = Theme.Font(12),
        });
        layout.SetProperty("showlegend", legend);
        return layout;
    }

    internal static GenericChart Chart(Trace[] traces, Layout layout)
    {
        var config = new Config();
        config.SetProperty("responsive", true);
        config.SetProperty("displaylogo", false);
        config.SetProperty("modeBarButtonsToRemove", new[] { "select2d", "lasso2d", "autoScale2d" });
        GenericChart chart = GenericChart.ofTraceObjects(false, Microsoft.FSharp.Collections.ListModule.OfSeq(traces));
        return GenericChart.setConfig(config, GenericChart.setLayout(layout, chart));
    }

    /// <summary>A property of a Plotly object; null when it has none.</summary>
    internal static object? Get(this DynamicObj.DynamicObj part, string name) => part.TryGetPropertyValue(name)?.Value;

    internal static bool IsImage(Trace trace) => trace.type == "image";

    /// <summary>A text above a panel, at the horizontal middle of its domain.</summary>
    internal static Dictionary<string, object> Caption(string text, double x, double y, string reference = "paper", double size = 12.5) => new()
    {
        ["text"] = text,
        ["x"] = x,
        ["y"] = y,
        ["xref"] = reference == "paper" ? "paper" : "x",
        ["yref"] = reference == "paper" ? "paper" : "y",
        ["xanchor"] = "center",
        ["yanchor"] = "bottom",
        ["showarrow"] = false,
        ["font"] = Theme.Font(size),
    };
}
