using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Embodied.Interactive.Documents;

namespace Embodied.Interactive.Running;

/// <summary>A number that a notebook promises, as found in the outputs of its last run.</summary>
/// <param name="Id">The claim's name, such as <c>ncut/residual</c>.</param>
/// <param name="Value">What the run measured; NaN when it is no number.</param>
/// <param name="Relation">How value and bound must relate, such as <c>≥</c> or <c>holds</c>.</param>
/// <param name="Bound">What was promised; null when the claim is a yes or no.</param>
/// <param name="Held">Whether the claim held.</param>
public sealed record NotebookClaim(string Id, double Value, string Relation, double? Bound, bool Held)
{
    /// <summary>The MIME type under which claims lie in outputs.</summary>
    public const string MimeType = "application/vnd.embodied.claim+json";

    /// <summary>The claims in the outputs of <paramref name="document"/>, in order of appearance.</summary>
    public static IReadOnlyList<NotebookClaim> In(NotebookDocument document) =>
        [.. document.Cells.SelectMany(cell => cell.Outputs)
            .Select(output => (output as JsonObject)?["data"]?[MimeType])
            .SelectMany(payload => payload is JsonArray several ? several : (IEnumerable<JsonNode?>)[payload])
            .OfType<JsonObject>()
            .Select(Read)];

    private static NotebookClaim Read(JsonObject claim) => new(
        claim["id"]?.ToString() ?? "unnamed",
        Number(claim["value"]) ?? double.NaN,
        claim["relation"]?.ToString() ?? "",
        Number(claim["bound"]),
        claim["held"]?.GetValueKind() == JsonValueKind.True);

    private static double? Number(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Number => double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture),
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        JsonValueKind.String when double.TryParse(node.ToString(), CultureInfo.InvariantCulture, out double number) => number,
        _ => null,
    };

    /// <summary>The claim as one line of text, such as <c>ncut/residual: 3e-9 ≤ 1e-6, held</c>.</summary>
    public override string ToString()
    {
        string value = Value.ToString("G4", CultureInfo.InvariantCulture);
        string bound = Bound?.ToString("G4", CultureInfo.InvariantCulture) ?? "";
        return Bound is null
            ? $"{Id}: {(Held ? "held" : "did not hold")}"
            : $"{Id}: {value} {Relation} {bound}, {(Held ? "held" : "did not hold")}";
    }
}
