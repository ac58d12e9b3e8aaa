using System.Text;
using System.Text.Json.Nodes;
using Embodied.Interactive.Display;
using Embodied.Interactive.Documents;

namespace Embodied.Interactive.Running;

/// <summary>
/// Writes what cells show into their documents as nbformat 4 outputs: joins consecutive text of one stream, renews
/// displays wherever they stand, and obeys requests to clear.
/// </summary>
/// <param name="limit">The most that one cell may show, in characters.</param>
internal sealed class OutputRecorder(int limit)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<JsonObject>> displays = [];
    private readonly StringBuilder text = new();
    private NotebookCell? cell;
    private JsonObject? stream;
    private bool clearFirst;
    private long shown;
    private bool truncated;

    /// <summary>Whether the current cell has recorded an error.</summary>
    public bool HasError { get; private set; }

    /// <summary>Directs outputs to <paramref name="next"/> from now on; null: nowhere.</summary>
    public void Direct(NotebookCell? next)
    {
        lock (gate)
        {
            CloseStream();
            (cell, clearFirst, shown, truncated, HasError) = (next, false, 0, false, false);
        }
    }

    /// <summary>Records <paramref name="output"/>; outputs that come after their cell ended land in the one that runs now.</summary>
    public void Record(CellOutput output)
    {
        lock (gate)
        {
            if (cell is null)
            {
                return;
            }
            switch (output)
            {
                case ClearOutput { Wait: true }:
                    clearFirst = true;
                    break;
                case ClearOutput:
                    Clear(cell);
                    break;
                case DisplayData { IsUpdate: true, DisplayId: { } id } update:
                    Renew(id, update.Bundle);
                    break;
                default:
                    Append(cell, output);
                    break;
            }
        }
    }

    /// <summary>Takes back the current cell's error, to put a more telling one in its place.</summary>
    public void DropError()
    {
        lock (gate)
        {
            CloseStream();
            if (cell is { Outputs: { Count: > 0 } outputs } && outputs[^1]?["output_type"]?.ToString() == "error")
            {
                outputs.RemoveAt(outputs.Count - 1);
            }
            HasError = false;
        }
    }

    private void Append(NotebookCell to, CellOutput output)
    {
        if (clearFirst)
        {
            Clear(to);
        }
        shown += Length(output);
        if (shown > limit && output is not CellError)
        {
            if (!truncated)
            {
                truncated = true;
                Add(to, Stream("stderr", $"The cell showed more than {limit / (1024.0 * 1024.0):0.##} million characters; the rest was dropped.\n"));
            }
            return;
        }
        switch (output)
        {
            case StreamText chunk when stream is not null && stream["name"]!.GetValue<string>() == chunk.Name:
                text.Append(chunk.Text);
                break;
            case StreamText { Text.Length: > 0 } chunk:
                stream = Add(to, Stream(chunk.Name == "stderr" ? "stderr" : "stdout", ""));
                text.Append(chunk.Text);
                break;
            case DisplayData display:
                JsonObject shownDisplay = Add(to, Bundle("display_data", display.Bundle));
                Remember(display.DisplayId, shownDisplay);
                break;
            case ExecuteResult result:
                JsonObject value = Add(to, Bundle("execute_result", result.Bundle));
                value["execution_count"] = result.ExecutionCount;
                break;
            case CellError error:
                HasError = true;
                Add(to, Error(error));
                break;
        }
    }

    private JsonObject Add(NotebookCell to, JsonObject output)
    {
        CloseStream();
        to.Outputs.Add((JsonNode)output);
        return output;
    }

    private void Remember(string? id, JsonObject output)
    {
        if (id is not null)
        {
            if (!displays.TryGetValue(id, out List<JsonObject>? shownBefore))
            {
                displays[id] = shownBefore = [];
            }
            shownBefore.Add(output);
        }
    }

    private void Renew(string id, MimeBundle bundle)
    {
        foreach (JsonObject output in displays.GetValueOrDefault(id) ?? [])
        {
            output["data"] = Data(bundle);
            output["metadata"] = bundle.Metadata.DeepClone();
        }
    }

    private void Clear(NotebookCell of)
    {
        CloseStream();
        of.Outputs.Clear();
        (clearFirst, shown, truncated) = (false, 0, false);
    }

    private void CloseStream()
    {
        if (stream is not null)
        {
            stream["text"] = text.ToString();
            stream = null;
            text.Clear();
        }
    }

    private static JsonObject Stream(string name, string content) =>
        new() { ["output_type"] = "stream", ["name"] = name, ["text"] = content };

    private static JsonObject Bundle(string type, MimeBundle bundle) => new()
    {
        ["output_type"] = type,
        ["data"] = Data(bundle),
        ["metadata"] = bundle.Metadata.DeepClone(),
    };

    // nbformat: only types that end in json may hold anything but text.
    private static JsonObject Data(MimeBundle bundle) => new(bundle.Data.Select(entry => KeyValuePair.Create(
        entry.Key,
        entry.Key.EndsWith("json", StringComparison.Ordinal) ? entry.Value?.DeepClone() : JsonValue.Create(entry.Value?.ToString() ?? ""))));

    private static JsonObject Error(CellError error) => new()
    {
        ["output_type"] = "error",
        ["ename"] = error.Name,
        ["evalue"] = error.Message,
        ["traceback"] = new JsonArray([.. error.Traceback.Select(line => JsonValue.Create(line))]),
    };

    private static long Length(CellOutput output) => output switch
    {
        StreamText chunk => chunk.Text.Length,
        DisplayData display => Length(display.Bundle),
        ExecuteResult result => Length(result.Bundle),
        _ => 0,
    };

    private static long Length(MimeBundle bundle) =>
        bundle.Data.Sum(entry => entry.Value is JsonValue value && value.TryGetValue(out string? s) ? s.Length : 64L);
}
