using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Embodied.Interactive.Running;
using Spectre.Console;

namespace Embodied.Course.Running;

/// <summary>What a run of notebooks came to: a table for people, JSON for programs.</summary>
public static class RunReport
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A notebook's result in a word.</summary>
    public static string Word(NotebookResult result) => result switch
    {
        { Passed: true } => "passed",
        { Status: NotebookStatus.Succeeded } => "claim failed",
        { Status: NotebookStatus.TimedOut } => "timed out",
        { Status: NotebookStatus.OutOfMemory } => "out of memory",
        _ => result.Status.ToString().ToLowerInvariant(),
    };

    /// <summary>A cell's outcome in a word.</summary>
    public static string Word(CellOutcome outcome) => outcome switch
    {
        CellOutcome.TimedOut => "timed out",
        CellOutcome.OutOfMemory => "out of memory",
        CellOutcome.RaisedAsExpected => "raised as expected",
        CellOutcome.NotRun => "not run",
        _ => outcome.ToString().ToLowerInvariant(),
    };

    /// <summary>Prints one row per notebook, and below it what failed.</summary>
    public static void Print(IAnsiConsole console, IReadOnlyList<RunTarget> targets, IReadOnlyList<NotebookResult> results)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns("Notebook", "Result");
        table.AddColumn(new TableColumn("Time").RightAligned());
        table.AddColumn(new TableColumn("Cells").RightAligned());
        table.AddColumn(new TableColumn("Claims").RightAligned());
        foreach ((RunTarget target, NotebookResult result) in targets.Zip(results))
        {
            int ran = result.Cells.Count(cell => cell.Outcome is CellOutcome.Succeeded or CellOutcome.RaisedAsExpected or CellOutcome.Skipped);
            table.AddRow(
                Markup.Escape(target.Name),
                result.Passed ? "[green]passed[/]" : $"[red]{Word(result)}[/]",
                FormattableString.Invariant($"{result.Elapsed.TotalSeconds:0.0} s"),
                $"{ran} of {result.Cells.Count}",
                $"{result.Claims.Count(claim => claim.Held)} of {result.Claims.Count}");
        }
        console.Write(table);
        foreach ((RunTarget target, NotebookResult result) in targets.Zip(results))
        {
            if (result.Failure is { } failure)
            {
                console.MarkupLine($"[red]✗[/] {Markup.Escape(target.Name)}: {Markup.Escape(failure)}");
            }
            foreach (NotebookClaim claim in result.Claims.Where(claim => !claim.Held))
            {
                console.MarkupLine($"[red]✗[/] {Markup.Escape(target.Name)}: claim {Markup.Escape(claim.ToString())}");
            }
        }
    }

    /// <summary>The run as JSON: per notebook its status, seconds, cells, and for each claim id, value, relation, bound and whether it held.</summary>
    public static string ToJson(RunSettings settings, IReadOnlyList<RunTarget> targets, IReadOnlyList<NotebookResult> results) => new JsonObject
    {
        ["scale"] = settings.Scale,
        ["passed"] = results.All(result => result.Passed),
        ["notebooks"] = new JsonArray([.. targets.Zip(results).Select(pair => Notebook(pair.First, pair.Second))]),
    }.ToJsonString(Readable) + "\n";

    private static JsonObject Notebook(RunTarget target, NotebookResult result) => new()
    {
        ["name"] = target.Name,
        ["status"] = Word(result),
        ["passed"] = result.Passed,
        ["seconds"] = Math.Round(result.Elapsed.TotalSeconds, 3),
        ["failure"] = result.Failure,
        ["cells"] = new JsonArray([.. result.Cells.Select(cell => new JsonObject
        {
            ["number"] = cell.Number,
            ["outcome"] = Word(cell.Outcome),
            ["seconds"] = Math.Round(cell.Elapsed.TotalSeconds, 3),
            ["failure"] = cell.Failure,
        })]),
        ["claims"] = new JsonArray([.. result.Claims.Select(claim => new JsonObject
        {
            ["id"] = claim.Id,
            ["value"] = double.IsFinite(claim.Value) ? claim.Value : claim.Value.ToString(CultureInfo.InvariantCulture),
            ["relation"] = claim.Relation,
            ["bound"] = claim.Bound,
            ["held"] = claim.Held,
        })]),
    };
}
