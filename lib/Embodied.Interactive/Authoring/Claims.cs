using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Interactive;

/// <summary>
/// The numbers that a notebook promises. Each claim shows one line with a tick or a cross and leaves machine-readable output, which
/// <c>course run</c> collects; a claim that does not hold fails the run. NaN holds no claim.
/// </summary>
public static class Claims
{
    /// <summary>Claims that <paramref name="value"/> ≥ <paramref name="bound"/>.</summary>
    /// <param name="id">The claim's name, <c>topic/quantity</c>.</param>
    /// <param name="value">What was measured.</param>
    /// <param name="bound">What is promised.</param>
    /// <exception cref="ArgumentException">The name is empty, or was used by another cell of this session.</exception>
    public static void AtLeast(string id, double value, double bound) => Show(id, value, "≥", bound, value >= bound, "");

    /// <summary>Claims that <paramref name="value"/> ≤ <paramref name="bound"/>.</summary>
    /// <param name="id">The claim's name, <c>topic/quantity</c>.</param>
    /// <param name="value">What was measured.</param>
    /// <param name="bound">What is promised.</param>
    /// <exception cref="ArgumentException">The name is empty, or was used by another cell of this session.</exception>
    public static void AtMost(string id, double value, double bound) => Show(id, value, "≤", bound, value <= bound, "");

    /// <summary>Claims that something is so.</summary>
    /// <param name="id">The claim's name, <c>topic/quantity</c>.</param>
    /// <param name="held">Whether it is.</param>
    /// <param name="statement">The claim as a sentence.</param>
    /// <exception cref="ArgumentException">The name is empty, or was used by another cell of this session.</exception>
    public static void Holds(string id, bool held, string statement) => Show(id, held ? 1 : 0, "holds", null, held, statement);

    private static void Show(string id, double value, string relation, double? bound, bool held, string statement)
    {
        TakeName(id);
        string number = Number(value);
        string promise = bound is { } b ? $"{relation} {Number(b)}" : statement;
        string sentence = bound is null ? $"{id}: {statement}" : $"{id}: {number} {promise}";
        JsonObject data = new()
        {
            ["application/vnd.embodied.claim+json"] = new JsonObject
            {
                ["id"] = id,
                ["value"] = double.IsFinite(value) ? value : number,
                ["relation"] = relation,
                ["bound"] = bound,
                ["held"] = held,
            },
            ["text/html"] =
                $"<div class=\"embodied-claim{(held ? "" : " broken")}\" style=\"display:flex;gap:0.75em;align-items:baseline;padding:0.2em 0\">"
                + $"<span style=\"font-weight:bold;color:{(held ? "#007a58" : "#c24a00")}\">{(held ? "✓" : "✗")}<span style=\"position:absolute;clip-path:inset(50%)\"> {(held ? "held" : "did not hold")}</span></span>"
                + $"<code>{WebUtility.HtmlEncode(id)}</code>"
                + (bound is null ? "" : $"<strong>{number}</strong>")
                + $"<span>{WebUtility.HtmlEncode(promise)}</span></div>",
            ["text/plain"] = $"{(held ? "✓" : "✗")} {sentence}{(held ? "" : " — did not hold")}",
        };
        DisplayedValue.Show(new MimeBundle(data));
    }

    private static void TakeName(string id)
    {
        if (string.IsNullOrWhiteSpace(id))
        {
            throw new ArgumentException("A claim needs a name, such as 'simclr/knn'.", nameof(id));
        }
        if (CellContext.Current is { } cell && !cell.Session.TakeClaim(id, cell))
        {
            throw new ArgumentException($"The claim '{id}' has been made already; every claim of a notebook needs a name of its own.", nameof(id));
        }
    }

    private static string Number(double value) => value.ToString(Math.Abs(value) is >= 1e-3 and < 1e5 or 0 ? "0.####" : "0.##e-0", CultureInfo.InvariantCulture);
}
