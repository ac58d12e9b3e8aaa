using System.Text;
using System.Text.Json.Nodes;

namespace Embodied.Interactive.Documents;

/// <summary>
/// A notebook file of format 4 (Jupyter's nbformat, up to 4.5). Metadata, fields and outputs that are not known here are kept,
/// and the format's minor version too, so that a file that was only read and written means what it did.
/// </summary>
public sealed class NotebookDocument
{
    private readonly JsonObject root;

    private NotebookDocument(JsonObject root, IEnumerable<NotebookCell> cells)
    {
        this.root = root;
        Cells = [.. cells];
    }

    /// <summary>Makes an empty notebook of format 4.5 for C#.</summary>
    public NotebookDocument()
        : this(
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["kernelspec"] = new JsonObject { ["display_name"] = ".NET (C#)", ["language"] = "C#", ["name"] = ".net-csharp" },
                    ["language_info"] = new JsonObject { ["name"] = "C#" },
                },
                ["nbformat"] = 4,
                ["nbformat_minor"] = 5,
            },
            [])
    {
    }

    /// <summary>The notebook's metadata.</summary>
    public JsonObject Metadata => root["metadata"]!.AsObject();

    /// <summary>The cells, in order.</summary>
    public IList<NotebookCell> Cells { get; }

    /// <summary>The format's minor version: 5 for 4.5.</summary>
    public int FormatMinor => root["nbformat_minor"]!.GetValue<int>();

    /// <summary>Reads a file.</summary>
    /// <param name="path">The notebook file, UTF-8.</param>
    /// <exception cref="NotebookFormatException">The file is no notebook of format 4; the message names the file and the cell.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static NotebookDocument Load(string path)
    {
        try
        {
            return Parse(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\ufeff'), path);
        }
        catch (DecoderFallbackException)
        {
            throw new NotebookFormatException($"{path} is not UTF-8 text, as a notebook has to be.");
        }
    }

    /// <summary>Reads a notebook's JSON.</summary>
    /// <param name="json">The text of the file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="NotebookFormatException">This is no notebook of format 4; the message names the cell.</exception>
    public static NotebookDocument Parse(string json, string name)
    {
        JsonObject root = NotebookCheck.Read(json, name);
        JsonArray cells = root["cells"]!.AsArray();
        NotebookCell[] views = [.. cells.Select(cell => new NotebookCell(cell!.AsObject()))];
        cells.Clear();
        return new NotebookDocument(root, views);
    }

    /// <summary>Writes the notebook to a file, whole or not at all.</summary>
    /// <param name="path">Where; an existing file is replaced.</param>
    /// <exception cref="IOException">The file cannot be written; what was there stays.</exception>
    public void Save(string path) => AtomicFile.Write(path, ToJson());

    /// <summary>The text of the file, as nbformat would write it.</summary>
    public string ToJson() => NotebookWriter.Print(root, Cells);
}
