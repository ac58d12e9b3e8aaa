using System.Collections.Concurrent;
using Embodied.Interactive.Running;
using Spectre.Console;

namespace Embodied.Course.Running;

/// <summary>Reports a run on a terminal: one bar per notebook, with the cell that runs.</summary>
public sealed class LiveView : IRunView
{
    private readonly ProgressContext context;
    private readonly ConcurrentDictionary<string, ProgressTask> bars = new();
    private readonly int width;

    private LiveView(ProgressContext context, IEnumerable<RunTarget> targets)
    {
        this.context = context;
        width = targets.Max(target => target.Name.Length);
    }

    /// <summary>Draws while <paramref name="run"/> goes on.</summary>
    public static Task<T> ShowAsync<T>(IAnsiConsole console, IReadOnlyList<RunTarget> targets, Func<IRunView, Task<T>> run) =>
        console.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }, new ElapsedTimeColumn())
            .StartAsync(context => run(new LiveView(context, targets)));

    /// <inheritdoc/>
    public void Started(RunTarget target) => bars[target.File] = context.AddTask(Describe(target, "starting", ""));

    /// <inheritdoc/>
    public void Progressed(RunTarget target, RunEvent happened)
    {
        ProgressTask bar = bars[target.File];
        bar.MaxValue = happened.Cells;
        switch (happened)
        {
            case CellStarted started:
                bar.Value = started.Cell - 1;
                bar.Description = Describe(target, $"{started.Cell}/{started.Cells}", started.Title);
                break;
            case CellProgressed progressed:
                bar.Description = Describe(target, $"{progressed.Cell}/{progressed.Cells}", progressed.Text);
                break;
            case CellFinished finished:
                bar.Value = finished.Cell;
                break;
        }
    }

    /// <inheritdoc/>
    public void Finished(RunTarget target, NotebookResult result)
    {
        ProgressTask bar = bars[target.File];
        bar.Value = bar.MaxValue;
        bar.Description = Describe(target, result.Passed ? "[green]passed[/]" : $"[red]{RunReport.Word(result)}[/]", "");
        bar.StopTask();
    }

    private string Describe(RunTarget target, string state, string doing)
    {
        string text = doing.Length > 44 ? doing[..43] + "…" : doing;
        return $"{Markup.Escape(target.Name.PadRight(width))} {state} [grey]{Markup.Escape(text)}[/]";
    }
}
