using System.Text.Json;
using System.Text.Json.Nodes;

namespace Embodied.Interactive.Documents;

/// <summary>What a cell holds.</summary>
public enum CellKind
{
    /// <summary>Source to execute, and its outputs.</summary>
    Code,

    /// <summary>Prose in Markdown.</summary>
    Markdown,

    /// <summary>Text that is passed on as it is.</summary>
    Raw,
}

/// <summary>One cell of a notebook: a view on its JSON, so that what is not known here survives.</summary>
public sealed class NotebookCell
{
    internal NotebookCell(JsonObject json) => Json = json;

    /// <summary>Makes a new cell without metadata or outputs.</summary>
    /// <param name="kind">What it holds.</param>
    /// <param name="id">1 to 64 letters, digits, hyphens or underscores, unique in its notebook.</param>
    /// <param name="source">Its text.</param>
    public NotebookCell(CellKind kind, string id, string source)
    {
        Json = new JsonObject
        {
            ["cell_type"] = kind.ToString().ToLowerInvariant(),
            ["id"] = id,
            ["metadata"] = new JsonObject(),
            ["source"] = source,
        };
        if (kind == CellKind.Code)
        {
            Json["execution_count"] = null;
            Json["outputs"] = new JsonArray();
        }
    }

    internal JsonObject Json { get; }

    /// <summary>The cell's name in its notebook; empty in notebooks older than format 4.5.</summary>
    public string Id
    {
        get => Json["id"]?.GetValue<string>() ?? "";
        set => Json["id"] = value;
    }

    /// <summary>What the cell holds.</summary>
    public CellKind Kind => Enum.Parse<CellKind>(Json["cell_type"]!.GetValue<string>(), ignoreCase: true);

    /// <summary>The cell's text, lines ended as in the file.</summary>
    public string Source
    {
        get => MultilineText.Join(Json["source"]);
        set => Json["source"] = value;
    }

    /// <summary>The cell's metadata.</summary>
    public JsonObject Metadata => Json["metadata"]!.AsObject();

    /// <summary>The strings under <c>tags</c> in the metadata.</summary>
    public IReadOnlyList<string> Tags => Metadata["tags"] is JsonArray tags
        ? [.. tags.Where(tag => tag?.GetValueKind() == JsonValueKind.String).Select(tag => tag!.GetValue<string>())]
        : [];

    /// <summary>A code cell's outputs, in the notebook format's own terms; empty for other cells.</summary>
    public JsonArray Outputs => Json["outputs"] as JsonArray ?? [];

    /// <summary>A code cell's number in the run that made its outputs; null when it has not run.</summary>
    public int? ExecutionCount
    {
        get => Json["execution_count"]?.GetValue<int>();
        set => Json["execution_count"] = value;
    }

    /// <summary>Files that a text cell carries, by name, each a MIME bundle of base64; null when it carries none.</summary>
    public JsonObject? Attachments => Json["attachments"] as JsonObject;
}
