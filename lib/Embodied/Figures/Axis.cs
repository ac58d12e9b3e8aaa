namespace Embodied.Figures;

/// <summary>One axis of a chart. A string converts to an axis with that title.</summary>
/// <param name="Title">What is measured, with its unit: <c>"time (s)"</c>; empty for none.</param>
public sealed record Axis(string Title)
{
    /// <summary>Whether the scale is logarithmic.</summary>
    public bool Log { get; init; }

    /// <summary>The first value shown; chosen from the data when null, as is <see cref="To"/>.</summary>
    public double? From { get; init; }

    /// <summary>The last value shown. An axis with <see cref="From"/> above <see cref="To"/> runs backwards.</summary>
    public double? To { get; init; }

    /// <summary>Whether one unit is as long as one of the horizontal axis: for the vertical axis of maps, scenes and images.</summary>
    public bool Equal { get; init; }

    /// <summary>Whether ticks, labels and grid lines are left out.</summary>
    public bool Hidden { get; init; }

    /// <summary>Where to put ticks; chosen from the data when null.</summary>
    public double[]? Ticks { get; init; }

    /// <summary>The texts of <see cref="Ticks"/>, as many as those.</summary>
    public string[]? TickTexts { get; init; }

    /// <summary>An axis without title, ticks and lines.</summary>
    public static Axis None { get; } = new("") { Hidden = true };

    /// <summary>An axis with a title.</summary>
    public static implicit operator Axis(string title) => new(title);

    internal Dictionary<string, object> ToPlotly(bool constrained, string? scaleAnchor = null)
    {
        var axis = new Dictionary<string, object>
        {
            ["title"] = new Dictionary<string, object> { ["text"] = Title, ["font"] = Theme.Font(13), ["standoff"] = 8 },
            ["automargin"] = true,
            ["gridcolor"] = Theme.Grid,
            ["zerolinecolor"] = Theme.Grid,
            ["linecolor"] = Theme.Ink,
            ["tickfont"] = Theme.Font(12),
            ["showline"] = !Hidden,
            ["ticks"] = Hidden ? "" : "outside",
            ["ticklen"] = 4,
            ["tickcolor"] = Theme.Ink,
            ["showgrid"] = !Hidden,
            ["showticklabels"] = !Hidden,
            ["zeroline"] = false,
        };
        if (Log)
        {
            axis["type"] = "log";
            axis["exponentformat"] = "power";
            axis["dtick"] = 1;
        }
        if (From is { } from && To is { } to)
        {
            axis["range"] = Log ? new[] { Math.Log10(from), Math.Log10(to) } : [from, to];
            axis["autorange"] = false;
        }
        if (Ticks is not null)
        {
            axis["tickmode"] = "array";
            axis["tickvals"] = Ticks;
            axis.Remove("dtick");
            if (TickTexts is not null)
            {
                axis["ticktext"] = TickTexts;
            }
        }
        if (scaleAnchor is not null)
        {
            axis["scaleanchor"] = scaleAnchor;
            axis["scaleratio"] = 1;
        }
        if (constrained)
        {
            // Otherwise Plotly keeps the scale equal by showing more than the range asked for.
            axis["constrain"] = "domain";
            axis["constraintoward"] = scaleAnchor is null ? "center" : "top";
        }
        return axis;
    }
}
