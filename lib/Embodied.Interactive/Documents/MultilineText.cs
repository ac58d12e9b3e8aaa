using System.Text.Json;
using System.Text.Json.Nodes;

namespace Embodied.Interactive.Documents;

/// <summary>Text that the notebook format keeps as a list of lines, or as one string.</summary>
public static class MultilineText
{
    // Where Python's str.splitlines breaks, since nbformat writes files that way.
    private const string Breaks = "\n\r\v\f\u001c\u001d\u001e\u0085\u2028\u2029";

    /// <summary>The text of <paramref name="node"/>, a string or a list of strings.</summary>
    public static string Join(JsonNode? node) => node switch
    {
        JsonArray lines => string.Concat(lines.Select(line => line?.GetValue<string>())),
        null => "",
        _ => node.GetValue<string>(),
    };

    /// <summary>Whether <paramref name="node"/> is a string or a list of strings.</summary>
    public static bool IsText(JsonNode? node) => node switch
    {
        JsonArray lines => lines.All(line => line?.GetValueKind() == JsonValueKind.String),
        null => false,
        _ => node.GetValueKind() == JsonValueKind.String,
    };

    /// <summary>The lines of <paramref name="text"/>, each with the break that ends it.</summary>
    public static IEnumerable<string> Lines(string text)
    {
        for (int from = 0; from < text.Length;)
        {
            int end = text.AsSpan(from).IndexOfAny(Breaks);
            int next = end < 0 ? text.Length
                : text[from + end] == '\r' && from + end + 1 < text.Length && text[from + end + 1] == '\n' ? from + end + 2
                : from + end + 1;
            yield return text[from..next];
            from = next;
        }
    }
}
