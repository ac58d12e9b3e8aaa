using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Embodied.Interactive.Documents;

/// <summary>
/// Prints a notebook as Jupyter's nbformat does, byte for byte: sorted keys, an indent of one, text as lists of lines, a line
/// break at the end. A notebook then looks the same in a diff whichever program saved it.
/// </summary>
internal static class NotebookWriter
{
    public static string Print(JsonObject root, IEnumerable<NotebookCell> cells)
    {
        JsonObject whole = [];
        foreach ((string key, JsonNode? value) in root)
        {
            whole[key] = key == "cells" ? null : value?.DeepClone();
        }
        whole["cells"] = new JsonArray([.. cells.Select(Cell)]);
        StringBuilder text = new();
        Print(whole, 0, text);
        return text.Append('\n').ToString();
    }

    private static JsonNode Cell(NotebookCell cell)
    {
        JsonObject json = cell.Json.DeepClone().AsObject();
        Split(json, "source");
        foreach (JsonObject output in (json["outputs"] as JsonArray ?? []).OfType<JsonObject>())
        {
            Split(output, "text");
            SplitBundle(output["data"] as JsonObject);
        }
        return json;
    }

    private static void SplitBundle(JsonObject? bundle)
    {
        foreach (string mime in bundle?.Select(entry => entry.Key).ToArray() ?? [])
        {
            if (mime != "application/json" && !(mime.StartsWith("application/", StringComparison.Ordinal) && mime.EndsWith("+json", StringComparison.Ordinal)))
            {
                Split(bundle!, mime);
            }
        }
    }

    private static void Split(JsonObject owner, string key)
    {
        if (MultilineText.IsText(owner[key]))
        {
            owner[key] = new JsonArray([.. MultilineText.Lines(MultilineText.Join(owner[key])).Select(line => JsonValue.Create(line))]);
        }
    }

    private static void Print(JsonNode? node, int depth, StringBuilder text)
    {
        switch (node)
        {
            case JsonObject entries when entries.Count > 0:
                text.Append('{');
                string separator = "";
                foreach ((string key, JsonNode? value) in entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                {
                    NewLine(text.Append(separator), depth + 1);
                    Quote(key, text);
                    Print(value, depth + 1, text.Append(": "));
                    separator = ",";
                }
                NewLine(text, depth);
                text.Append('}');
                break;
            case JsonArray items when items.Count > 0:
                text.Append('[');
                for (int i = 0; i < items.Count; i++)
                {
                    NewLine(text.Append(i > 0 ? "," : ""), depth + 1);
                    Print(items[i], depth + 1, text);
                }
                NewLine(text, depth);
                text.Append(']');
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                Quote(value.GetValue<string>(), text);
                break;
            default:
                text.Append(node?.ToJsonString() ?? "null");
                break;
        }
    }

    private static void NewLine(StringBuilder text, int depth) => text.Append('\n').Append(' ', depth);

    private static void Quote(string value, StringBuilder text)
    {
        text.Append('"');
        foreach (char c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }
        text.Append('"');
    }
}
