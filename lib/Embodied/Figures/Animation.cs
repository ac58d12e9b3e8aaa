using System.Globalization;
using System.Text.Json.Nodes;
using Plotly.NET;

namespace Embodied.Figures;

/// <summary>One moment of an animation.</summary>
/// <param name="Label">The moment's name on the slider, such as a step number.</param>
/// <param name="Marks">The moving marks at this moment; the same kinds in the same order in every frame.</param>
public sealed record AnimationFrame(string Label, params Trace[] Marks);

/// <summary>A chart whose marks move, with play, pause and a slider.</summary>
public sealed class Animation
{
    private const int Controls = 96;

    private readonly AnimationFrame[] frames;
    private readonly int still;

    private Animation(GenericChart first, AnimationFrame[] frames, int still)
    {
        First = first;
        this.frames = frames;
        this.still = still;
    }

    /// <summary>The chart at its first moment, with the controls.</summary>
    public GenericChart First { get; }

    /// <summary>Makes an animation on one pair of axes. Give the axes their ranges, so that they keep still.</summary>
    /// <param name="title">The finding that the figure shows, as a sentence.</param>
    /// <param name="x">The horizontal axis.</param>
    /// <param name="y">The vertical axis.</param>
    /// <param name="slider">What the slider counts, such as <c>"Langevin step"</c>.</param>
    /// <param name="background">The marks that keep still, drawn first.</param>
    /// <param name="frames">The moments in order.</param>
    /// <param name="milliseconds">The time from one moment to the next when playing.</param>
    /// <param name="height">The figure's height in CSS pixels, without the controls.</param>
    /// <exception cref="ArgumentException">There are fewer than two frames, or they differ in their number of marks.</exception>
    public static Animation Of(
        string title, Axis x, Axis y, string slider, IEnumerable<Trace> background, IEnumerable<AnimationFrame> frames, int milliseconds = 80,
        int height = Theme.Height)
    {
        Trace[] behind = [.. background];
        AnimationFrame[] moments = [.. frames];
        if (moments.Length < 2 || moments.Any(frame => frame.Marks.Length != moments[0].Marks.Length))
        {
            throw new ArgumentException("An animation needs two frames or more, each with the same number of marks.", nameof(frames));
        }
        GenericChart first = Plot.Of(title, x, y, height + Controls, [.. behind, .. moments[0].Marks]);
        Layout layout = GenericChart.getLayout(first);
        var margin = (Dictionary<string, object>)layout.Get("margin")!;
        margin["b"] = (int)margin["b"] + Controls;
        bool legend = layout.Get("showlegend") is true;
        double below = -(legend ? 96.0 : 62.0) / (height - Layouts.TitleHeight(title) - (legend ? 84 : 48));
        if (legend)
        {
            // Between plot and controls.
            layout.SetProperty("legend", new Dictionary<string, object>
            {
                ["orientation"] = "h", ["x"] = 0, ["y"] = below + 0.02, ["yanchor"] = "bottom", ["font"] = Theme.Font(12), ["bgcolor"] = Theme.Transparent,
            });
        }
        layout.SetProperty("updatemenus", new[] { Buttons(milliseconds, below) });
        layout.SetProperty("sliders", new[] { Slider(slider, moments, below) });
        return new Animation(first, moments, behind.Length);
    }

    /// <summary>The animation in Plotly's JSON: data, layout, config and frames.</summary>
    public JsonObject ToJson()
    {
        JsonObject json = JsonNode.Parse(GenericChart.toJson(First))!.AsObject();
        json["frames"] = new JsonArray([.. frames.Select((frame, i) => Json(frame, i))]);
        return json;
    }

    private JsonObject Json(AnimationFrame frame, int index)
    {
        GenericChart chart = GenericChart.ofTraceObjects(false, Microsoft.FSharp.Collections.ListModule.OfSeq(frame.Marks));
        return new JsonObject
        {
            ["name"] = Name(index),
            ["data"] = JsonNode.Parse(GenericChart.toJson(chart))!["data"]!.DeepClone(),
            ["traces"] = new JsonArray([.. Enumerable.Range(still, frame.Marks.Length).Select(i => (JsonNode)i)]),
        };
    }

    private static string Name(int index) => index.ToString(CultureInfo.InvariantCulture);

    private static Dictionary<string, object> Buttons(int milliseconds, double below) => new()
    {
        ["type"] = "buttons",
        ["direction"] = "left",
        ["showactive"] = false,
        ["x"] = 0,
        ["xanchor"] = "left",
        ["y"] = below,
        ["yanchor"] = "top",
        ["pad"] = new Dictionary<string, object> { ["t"] = 24, ["r"] = 8 },
        ["bgcolor"] = Theme.Transparent,
        ["bordercolor"] = Theme.Ink,
        ["font"] = Theme.Font(13),
        ["buttons"] = new object[]
        {
            Button("▶ Play", null, Timing(milliseconds, fromCurrent: true)),
            Button("❚❚ Pause", new object?[] { null }, Timing(0, fromCurrent: false)),
        },
    };

    private static Dictionary<string, object?> Button(string label, object? frames, object timing) => new()
    {
        ["label"] = label,
        ["method"] = "animate",
        ["args"] = new[] { frames, timing },
    };

    private static Dictionary<string, object> Slider(string prefix, AnimationFrame[] moments, double below) => new()
    {
        ["active"] = 0,
        ["x"] = 0.28,
        ["len"] = 0.72,
        ["y"] = below,
        ["yanchor"] = "top",
        ["pad"] = new Dictionary<string, object> { ["t"] = 12 },
        ["ticklen"] = 0,
        ["minorticklen"] = 0,
        ["bordercolor"] = Theme.Ink,
        ["bgcolor"] = Theme.Grid,
        ["font"] = Theme.Font(moments.Length > 12 ? 1 : 11),
        ["currentvalue"] = new Dictionary<string, object> { ["prefix"] = prefix + " ", ["font"] = Theme.Font(13), ["xanchor"] = "left" },
        ["steps"] = moments.Select((frame, i) => new Dictionary<string, object>
        {
            ["label"] = frame.Label,
            ["method"] = "animate",
            ["args"] = new object[] { new[] { Name(i) }, Timing(0, fromCurrent: false) },
        }).ToArray(),
    };

    private static Dictionary<string, object> Timing(int milliseconds, bool fromCurrent) => new()
    {
        ["mode"] = "immediate",
        ["fromcurrent"] = fromCurrent,
        ["frame"] = new Dictionary<string, object> { ["duration"] = milliseconds, ["redraw"] = true },
        ["transition"] = new Dictionary<string, object> { ["duration"] = 0 },
    };
}
