using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Embodied.Course.Book;

/// <summary>
/// A page's own controls of an animation. Plotly's are drawings: the keyboard does not reach them, and on a phone the slider lies on the buttons.
/// </summary>
internal static class AnimationControls
{
    // Room that the figures keep below the plot for Plotly's controls.
    private const double Room = 84;

    /// <summary>Takes Plotly's controls out of the layout and returns the page's; empty, and nothing taken, where there is no animation that these can play.</summary>
    /// <param name="layout">The figure's layout; loses its controls and the room for them.</param>
    public static string Take(JsonObject layout)
    {
        if (layout["sliders"] is not JsonArray { Count: 1 } sliders || sliders[0]?["steps"] is not JsonArray { Count: > 1 } steps
            || (layout["updatemenus"] is JsonArray menus && menus.Any(menu => menu?["buttons"] is not JsonArray buttons || !buttons.All(IsAnimate)))
            || !steps.All(IsAnimate) || steps.Select(Frame).Any(frame => frame is null))
        {
            return "";
        }
        string[] frames = [.. steps.Select(step => Frame(step)!)];
        string[] labels = [.. steps.Select(step => step!["label"]?.ToString() ?? "")];
        string counts = (sliders[0]!["currentvalue"]?["prefix"]?.ToString() ?? "").Trim();
        JsonNode? timing = layout["updatemenus"]?[0]?["buttons"]?[0]?["args"]?[1]?["frame"]?["duration"];
        double milliseconds = timing?.GetValueKind() == JsonValueKind.Number ? timing.GetValue<double>() : 100;
        layout.Remove("sliders");
        layout.Remove("updatemenus");
        Shrink(layout);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"<div class=\"player\" data-frames=\"{Json(frames)}\" data-labels=\"{Json(labels)}\" data-milliseconds=\"{milliseconds:0}\" data-counts=\"{WebUtility.HtmlEncode(counts)}\">"
            + $"<button type=\"button\" disabled>Play</button><input type=\"range\" min=\"0\" max=\"{frames.Length - 1}\" value=\"0\" disabled aria-label=\"{WebUtility.HtmlEncode(counts.Length > 0 ? counts : "Moment")}\">"
            + $"<span class=\"moment\">{WebUtility.HtmlEncode($"{counts} {labels[0]}".Trim())}</span></div>");
    }

    private static void Shrink(JsonObject layout)
    {
        if (layout["margin"] is JsonObject margin && layout["height"]?.GetValueKind() == JsonValueKind.Number
            && margin["b"]?.GetValueKind() == JsonValueKind.Number && margin["b"]!.GetValue<double>() is var below && below >= Room + 48)
        {
            margin["b"] = below - Room;
            layout["height"] = layout["height"]!.GetValue<double>() - Room;
        }
    }

    private static bool IsAnimate(JsonNode? control) => control?["method"]?.ToString() == "animate";

    private static string? Frame(JsonNode? step) => (step?["args"]?[0] as JsonArray)?.FirstOrDefault()?.ToString();

    private static string Json(string[] values) => WebUtility.HtmlEncode(JsonSerializer.Serialize(values));
}
