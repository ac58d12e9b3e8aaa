using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Embodied.Interactive.Display;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Session;

namespace Embodied.Course.Kernel.Magics;

/// <summary>Runs a cell with its magics: the C# by the session, the rest here.</summary>
/// <param name="session">What executes C#.</param>
/// <param name="folder">Where relative paths begin.</param>
internal sealed class CellRunner(CSharpSession session, string folder)
{
    private const int Widest = 120;

    /// <summary>Runs the parts of a cell until one fails.</summary>
    /// <param name="code">The cell's source.</param>
    /// <param name="publish">Takes each output.</param>
    /// <param name="name">What messages call the cell.</param>
    /// <param name="cancellation">Stops it.</param>
    public async Task<CellResult> RunAsync(string code, Action<CellOutput> publish, string name, CancellationToken cancellation)
    {
        IReadOnlyList<CellPart> parts;
        try
        {
            parts = MagicParser.Parse(code);
        }
        catch (MagicException e)
        {
            return Failed("UnknownMagic", e.Message, publish);
        }
        Stopwatch? clock = null;
        CellResult result = new(CellStatus.Succeeded, session.ExecutionCount, null);
        foreach (CellPart part in parts)
        {
            clock = part is TimePart ? Stopwatch.StartNew() : clock;
            result = await RunAsync(part, publish, name, cancellation).ConfigureAwait(false);
            if (result.Status != CellStatus.Succeeded)
            {
                break;
            }
        }
        if (clock is not null)
        {
            publish(new DisplayData(Text(string.Create(CultureInfo.InvariantCulture, $"Wall time: {clock.Elapsed.TotalMilliseconds:0.0} ms"))));
        }
        return result;
    }

    private async Task<CellResult> RunAsync(CellPart part, Action<CellOutput> publish, string name, CancellationToken cancellation)
    {
        switch (part)
        {
            case CSharpPart csharp:
                return await session.ExecuteAsync(csharp.Code, publish, name, cancellation).ConfigureAwait(false);
            case ImportPart import:
                return await ImportAsync(import.File, publish, cancellation).ConfigureAwait(false);
            case ShowPart show:
                publish(new DisplayData(Shown(show)));
                break;
            case WhoPart who:
                publish(new DisplayData(Who(who.Values)));
                break;
            case HelpPart:
                publish(new DisplayData(Text(string.Join('\n', MagicParser.All.Select(magic => $"{magic.Key,-13} {magic.Value}")))));
                break;
        }
        return new CellResult(CellStatus.Succeeded, session.ExecutionCount, null);
    }

    private async Task<CellResult> ImportAsync(string file, Action<CellOutput> publish, CancellationToken cancellation)
    {
        string path = Path.GetFullPath(Path.Combine(folder, file));
        if (!File.Exists(path))
        {
            return Failed("FileNotFound", $"#!import finds no file '{file}' from '{folder}'.", publish);
        }
        (string Name, string Code)[] sources;
        try
        {
            sources = path.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase)
                ? [.. NotebookDocument.Load(path).Cells.Where(cell => cell.Kind == CellKind.Code).Select((cell, i) => ($"{file}, cell {i + 1}", cell.Source))]
                : [(file, await File.ReadAllTextAsync(path, cancellation).ConfigureAwait(false))];
        }
        catch (NotebookFormatException e)
        {
            return Failed("NotebookFormat", e.Message, publish);
        }
        CellResult result = new(CellStatus.Succeeded, session.ExecutionCount, null);
        foreach ((string name, string code) in sources)
        {
            result = await RunAsync(code, publish, name, cancellation).ConfigureAwait(false);
            if (result.Status != CellStatus.Succeeded)
            {
                break;
            }
        }
        return result;
    }

    private MimeBundle Who(bool values)
    {
        SessionVariable[] variables = [.. session.Variables().OrderBy(variable => variable.Name, StringComparer.OrdinalIgnoreCase)];
        if (variables.Length == 0)
        {
            return Text("The session has no variables.");
        }
        if (!values)
        {
            return Text(string.Join("  ", variables.Select(variable => variable.Name)));
        }
        (string Name, string Type, string Value)[] rows = [.. variables.Select(variable => (variable.Name, variable.Type, Value(variable.Value)))];
        return new MimeBundle(new JsonObject
        {
            ["text/html"] = "<table><thead><tr><th scope=\"col\">name</th><th scope=\"col\">type</th><th scope=\"col\">value</th></tr></thead><tbody>"
                + string.Concat(rows.Select(row => $"<tr><td>{WebUtility.HtmlEncode(row.Name)}</td><td>{WebUtility.HtmlEncode(row.Type)}</td><td>{WebUtility.HtmlEncode(row.Value)}</td></tr>"))
                + "</tbody></table>",
            ["text/plain"] = string.Join('\n', rows.Select(row => $"{row.Type} {row.Name} = {row.Value}")),
        });
    }

    private static string Value(object? value)
    {
        string text = Formatters.Bundle(value).PlainText.ReplaceLineEndings(" ").Trim();
        return text.Length > Widest ? text[..(Widest - 1)] + "…" : text;
    }

    private static MimeBundle Shown(ShowPart show)
    {
        JsonObject data = show.Mime == "text/vnd.mermaid"
            ? new JsonObject { [show.Mime] = show.Text, ["text/markdown"] = $"```mermaid\n{show.Text}\n```" }
            : new JsonObject { [show.Mime] = show.Text };
        data["text/plain"] = show.Text;
        return new MimeBundle(data);
    }

    private static MimeBundle Text(string text) => new(new JsonObject { ["text/plain"] = text });

    private CellResult Failed(string name, string message, Action<CellOutput> publish)
    {
        CellError error = new(name, message, [message]);
        publish(error);
        return new CellResult(CellStatus.Failed, session.ExecutionCount, error);
    }
}
