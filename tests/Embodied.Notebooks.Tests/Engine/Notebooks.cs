using Embodied.Course;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Running;

namespace Embodied.Notebooks.Tests.Engine;

/// <summary>Small notebooks made of sources, and how they are run.</summary>
internal static class Notebooks
{
    public static NotebookDocument Of(params string[] sources)
    {
        NotebookDocument document = new();
        foreach (string source in sources)
        {
            document.Cells.Add(new NotebookCell(CellKind.Code, $"cell-{document.Cells.Count + 1}", source));
        }
        return document;
    }

    public static NotebookCell Tagged(this NotebookCell cell, string tag)
    {
        cell.Metadata["tags"] = new System.Text.Json.Nodes.JsonArray(tag);
        return cell;
    }

    public static WorkerOptions Worker(long? memory = null, string? folder = null) => new()
    {
        Command = CourseProcess.Command(CourseProcess.Worker),
        WorkingDirectory = folder ?? AppContext.BaseDirectory,
        MemoryLimit = memory,
        GracePeriod = TimeSpan.FromSeconds(0.5),
    };

    public static Task<NotebookResult> RunAsync(NotebookDocument document, double cellSeconds = 60, long? memory = null, CancellationToken cancellation = default) =>
        IsolatedRunner.RunAsync(document, Worker(memory), new RunOptions { CellLimit = TimeSpan.FromSeconds(cellSeconds) }, null, cancellation);

    /// <summary>A cell's outputs as JSON text.</summary>
    public static string Shown(this NotebookDocument document, int cell) => document.Cells[cell].Outputs.ToJsonString();
}
