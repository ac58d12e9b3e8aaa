using System.Text.Json;
using System.Text.Json.Nodes;

namespace Embodied.Interactive.Documents;

/// <summary>Parses a notebook's JSON and refuses what no notebook of format 4 may hold, so that nobody after it has to ask again.</summary>
internal static class NotebookCheck
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 512, AllowDuplicateProperties = false };

    public static JsonObject Read(string json, string name)
    {
        JsonObject root = Parse(json, name);
        Require(root["nbformat"] is JsonValue, name, "has no 'nbformat' number: it is no notebook");
        int major = Integer(root["nbformat"]) ?? -1;
        Require(major == 4, name, major is > 0 and < 4
            ? $"is in notebook format {major}; 'jupyter nbconvert --to notebook' makes it format 4, which is wanted"
            : $"says notebook format {root["nbformat"]!.ToJsonString()}; format 4 is wanted");
        Require(Integer(root["nbformat_minor"]) is >= 0, name, "has no whole number 'nbformat_minor'");
        Require(root["metadata"] is JsonObject, name, "has no object 'metadata'");
        Require(root["cells"] is JsonArray, name, "has no list 'cells'");

        bool hasIds = Integer(root["nbformat_minor"]) >= 5;
        JsonArray cells = root["cells"]!.AsArray();
        HashSet<string> ids = [.. cells.Select(cell => (cell as JsonObject)?["id"]).Where(IsString).Select(id => id!.GetValue<string>())];
        HashSet<string> seen = [];
        for (int i = 0; i < cells.Count; i++)
        {
            string place = $"{name}, cell {i + 1}";
            Require(cells[i] is JsonObject, place, "is no JSON object");
            JsonObject cell = cells[i]!.AsObject();
            CheckId(cell, place, hasIds, i, ids, seen);
            CheckCell(cell, cell["id"] is { } id ? $"{place} (id '{id}')" : place);
        }
        return root;
    }

    private static JsonObject Parse(string json, string name)
    {
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(json, documentOptions: Strict);
            // Escapes such as a lone \ud800 are found only when the text is asked for.
            _ = node?.ToJsonString(new JsonSerializerOptions { MaxDepth = 512 });
            Touch(node);
        }
        catch (JsonException e)
        {
            throw new NotebookFormatException($"{name} is not valid JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {FirstSentence(e.Message)}");
        }
        catch (InvalidOperationException)
        {
            throw new NotebookFormatException($"{name} is not valid JSON: a text in it holds half of a surrogate pair.");
        }
        return node as JsonObject ?? throw new NotebookFormatException($"{name} holds no JSON object: it is no notebook.");
    }

    private static void Touch(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject entries:
                foreach ((_, JsonNode? value) in entries)
                {
                    Touch(value);
                }
                break;
            case JsonArray items:
                foreach (JsonNode? item in items)
                {
                    Touch(item);
                }
                break;
            case JsonValue value when IsString(value):
                _ = value.GetValue<string>();
                break;
        }
    }

    private static void CheckId(JsonObject cell, string place, bool hasIds, int index, HashSet<string> ids, HashSet<string> seen)
    {
        if (cell["id"] is null)
        {
            if (hasIds)
            {
                string made = $"cell-{index + 1}";
                while (!ids.Add(made))
                {
                    made += "x";
                }
                cell["id"] = made;
                seen.Add(made);
            }
            return;
        }
        Require(IsString(cell["id"]), place, "has an 'id' that is no text");
        string id = cell["id"]!.GetValue<string>();
        Require(id.Length is > 0 and <= 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'), place,
            $"has the id '{id}'; 1 to 64 letters, digits, hyphens and underscores are wanted");
        Require(seen.Add(id), place, $"has the id '{id}', as an earlier cell has; ids must differ (was the cell copied?)");
    }

    private static void CheckCell(JsonObject cell, string place)
    {
        Require(IsString(cell["cell_type"]), place, "has no text 'cell_type'");
        string type = cell["cell_type"]!.GetValue<string>();
        Require(type is "code" or "markdown" or "raw", place, $"is of type '{type}'; 'code', 'markdown' or 'raw' is wanted");
        Require(cell["metadata"] is JsonObject, place, "has no object 'metadata'");
        Require(MultilineText.IsText(cell["source"]), place, "has no 'source' that is a text or a list of texts");
        Require(cell["attachments"] is null or JsonObject, place, "has 'attachments' that are no object");
        if (type != "code")
        {
            return;
        }
        Require(cell["execution_count"] is null || Integer(cell["execution_count"]) is not null, place, "has an 'execution_count' that is no whole number");
        Require(cell["outputs"] is JsonArray, place, "has no list 'outputs'");
        JsonArray outputs = cell["outputs"]!.AsArray();
        for (int i = 0; i < outputs.Count; i++)
        {
            CheckOutput(outputs[i] as JsonObject, $"{place}, output {i + 1}");
        }
    }

    private static void CheckOutput(JsonObject? output, string place)
    {
        Require(output is not null, place, "is no JSON object");
        string? type = IsString(output!["output_type"]) ? output["output_type"]!.GetValue<string>() : null;
        switch (type)
        {
            case "stream":
                Require(IsString(output["name"]) && MultilineText.IsText(output["text"]), place, "is a stream without 'name' and 'text'");
                break;
            case "display_data" or "execute_result":
                Require(output["data"] is JsonObject, place, "has no object 'data'");
                Require(output["metadata"] is null or JsonObject, place, "has 'metadata' that are no object");
                break;
            case "error":
                Require(IsString(output["ename"]) && IsString(output["evalue"]) && output["traceback"] is JsonArray, place,
                    "is an error without 'ename', 'evalue' and 'traceback'");
                break;
            default:
                Require(false, place, $"is of type {output["output_type"]?.ToJsonString() ?? "nothing"}; 'stream', 'display_data', 'execute_result' or 'error' is wanted");
                break;
        }
    }

    private static bool IsString(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String;

    private static int? Integer(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out int number) ? number : null;

    private static string FirstSentence(string message) => message.Split(" LineNumber:")[0].Split(" Path:")[0].Trim();

    private static void Require(bool condition, string place, string problem)
    {
        if (!condition)
        {
            throw new NotebookFormatException($"{place} {problem}.");
        }
    }
}
