using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Embodied.Interactive.Display;

namespace Embodied.Interactive;

/// <summary>How the outcomes of a check look, and what the grader reads of them.</summary>
public static class CheckReport
{
    /// <summary>The MIME type under which a check leaves its outcomes to the grader.</summary>
    public const string MimeType = "application/vnd.embodied.check+json";

    /// <summary>Reads what a check left.</summary>
    /// <param name="data">The content of <see cref="MimeType"/>.</param>
    public static IReadOnlyList<CheckOutcome> Read(JsonNode data) => [.. data["steps"]!.AsArray().Select(step => new CheckOutcome(
        step!["name"]!.GetValue<string>(), step["points"]!.GetValue<double>(), step["failure"]?.GetValue<string>()))];

    internal static void Show(IReadOnlyList<CheckOutcome> outcomes)
    {
        double earned = outcomes.Sum(outcome => outcome.Earned), points = outcomes.Sum(outcome => outcome.Points);
        string total = $"{Points(earned)} of {Points(points)} points";
        StringBuilder html = new("<div class=\"embodied-check\">"), plain = new();
        foreach (CheckOutcome outcome in outcomes)
        {
            bool passed = outcome.Failure is null;
            html.Append(
                "<div style=\"display:flex;gap:0.75em;align-items:baseline;padding:0.2em 0\">"
                + $"<span style=\"font-weight:bold;color:{(passed ? "#007a58" : "#c24a00")}\">{(passed ? "✓" : "✗")}<span style=\"position:absolute;clip-path:inset(50%)\"> {(passed ? "passed" : "failed")}</span></span>"
                + $"<span>{WebUtility.HtmlEncode(outcome.Name)}{(passed ? "" : $"<br>{WebUtility.HtmlEncode(outcome.Failure)}")}</span>"
                + $"<span style=\"margin-left:auto;white-space:nowrap\">{Points(outcome.Earned)} of {Points(outcome.Points)}</span></div>");
            plain.AppendLine(CultureInfo.InvariantCulture, $"{(passed ? "✓" : "✗")} {outcome.Name} ({Points(outcome.Earned)} of {Points(outcome.Points)}){(passed ? "" : $": {outcome.Failure}")}");
        }
        html.Append(CultureInfo.InvariantCulture, $"<div style=\"text-align:right\"><strong>{total}</strong></div></div>");
        DisplayedValue.Show(new MimeBundle(new JsonObject
        {
            [MimeType] = new JsonObject
            {
                ["steps"] = new JsonArray([.. outcomes.Select(outcome => new JsonObject { ["name"] = outcome.Name, ["points"] = outcome.Points, ["failure"] = outcome.Failure })]),
            },
            ["text/html"] = html.ToString(),
            ["text/plain"] = plain + total,
        }));
    }

    private static string Points(double points) => points.ToString("0.##", CultureInfo.InvariantCulture);
}
