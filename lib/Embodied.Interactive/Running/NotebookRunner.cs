using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Embodied.Interactive.Display;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Session;

namespace Embodied.Interactive.Running;

/// <summary>
/// Executes a document cell by cell, as nbclient does: the tag <c>skip-execution</c> passes a cell over, <c>raises-exception</c>
/// lets it fail, and any other failure ends the run; the cells after it are left without outputs.
/// </summary>
public sealed class NotebookRunner
{
    private readonly NotebookDocument document;
    private readonly CellExecutor execute;
    private readonly RunOptions options;
    private readonly IProgress<RunEvent>? progress;
    private readonly OutputRecorder recorder;
    private readonly NotebookCell[] cells;
    private readonly Stopwatch clock = Stopwatch.StartNew();

    private NotebookRunner(NotebookDocument document, CellExecutor execute, RunOptions options, IProgress<RunEvent>? progress)
    {
        (this.document, this.execute, this.options, this.progress) = (document, execute, options, progress);
        recorder = new OutputRecorder(options.OutputLimit);
        cells = [.. document.Cells.Where(cell => cell.Kind == CellKind.Code)];
    }

    /// <summary>Executes the code cells of <paramref name="document"/>, whose outputs are replaced.</summary>
    /// <param name="document">The notebook; it is written into.</param>
    /// <param name="execute">Executes one cell; a fresh session is expected behind it.</param>
    /// <param name="options">Limits.</param>
    /// <param name="progress">Told of every cell, on the thread that runs it.</param>
    /// <param name="cancellation">Cancels the running cell and ends the run, whose status is then <see cref="NotebookStatus.Cancelled"/>.</param>
    /// <returns>How the notebook and each cell fared; failures of cells are results, never exceptions.</returns>
    public static Task<NotebookResult> RunAsync(
        NotebookDocument document,
        CellExecutor execute,
        RunOptions? options = null,
        IProgress<RunEvent>? progress = null,
        CancellationToken cancellation = default) =>
        new NotebookRunner(document, execute, options ?? new RunOptions(), progress).RunAsync(cancellation);

    private async Task<NotebookResult> RunAsync(CancellationToken cancellation)
    {
        foreach (NotebookCell cell in cells)
        {
            cell.Outputs.Clear();
            cell.ExecutionCount = null;
            cell.Metadata.Remove("execution");
        }

        List<CellRun> runs = [];
        CellRun? end = null;
        for (int number = 1; number <= cells.Length; number++)
        {
            NotebookCell cell = cells[number - 1];
            CellRun run = end is not null ? new CellRun(number, CellOutcome.NotRun, TimeSpan.Zero)
                : IsSkipped(cell) ? new CellRun(number, CellOutcome.Skipped, TimeSpan.Zero)
                : await RunCellAsync(cell, number, cancellation).ConfigureAwait(false);
            runs.Add(run);
            end ??= run.Failure is null ? null : run;
        }
        recorder.Direct(null);
        return new NotebookResult(document, Status(end), clock.Elapsed, runs, NotebookClaim.In(document), end?.Failure);
    }

    private static bool IsSkipped(NotebookCell cell) =>
        string.IsNullOrWhiteSpace(cell.Source) || cell.Tags.Contains("skip-execution");

    private async Task<CellRun> RunCellAsync(NotebookCell cell, int number, CancellationToken cancellation)
    {
        progress?.Report(new CellStarted(number, cells.Length, CellText.Title(cell)));
        recorder.Direct(cell);
        DateTimeOffset started = DateTimeOffset.UtcNow;
        TimeSpan begun = clock.Elapsed;

        CellRun run = await ExecuteAsync(cell, number, cancellation).ConfigureAwait(false);
        recorder.Direct(null);

        run = run with { Elapsed = clock.Elapsed - begun };
        cell.Metadata["execution"] = new JsonObject
        {
            ["iopub.execute_input"] = Stamp(started),
            ["shell.execute_reply"] = Stamp(started + run.Elapsed),
        };
        progress?.Report(new CellFinished(number, cells.Length, run));
        return run;
    }

    private async Task<CellRun> ExecuteAsync(NotebookCell cell, int number, CancellationToken cancellation)
    {
        string name = CellText.Name(cell, number);
        TimeSpan left = options.NotebookLimit - clock.Elapsed;
        bool notebookEndsFirst = left < options.CellLimit;
        using CancellationTokenSource timer = new(notebookEndsFirst ? Positive(left) : options.CellLimit);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);

        CellResult result;
        try
        {
            result = await execute(cell.Source, output => Publish(output, number), $"cell {number}", either.Token).ConfigureAwait(false);
        }
        catch (SessionLostException lost)
        {
            return Lost(lost, number, name);
        }

        cell.ExecutionCount = result.ExecutionCount > 0 ? result.ExecutionCount : null;
        if (result.Error is not null && !recorder.HasError)
        {
            recorder.Record(result.Error);
        }
        return result.Status switch
        {
            CellStatus.Succeeded => new CellRun(number, CellOutcome.Succeeded, default),
            CellStatus.Failed => Failed(cell, result.Error, number, name),
            _ when cancellation.IsCancellationRequested =>
                new CellRun(number, CellOutcome.Cancelled, default, $"The run was cancelled during {name}."),
            _ when timer.IsCancellationRequested =>
                TimedOut(number, name, notebookEndsFirst, result.Status == CellStatus.Unresponsive),
            _ => Failed(cell, result.Error, number, name),
        };
    }

    private void Publish(CellOutput output, int number)
    {
        recorder.Record(output);
        if (output is DisplayData { IsUpdate: true } display)
        {
            progress?.Report(new CellProgressed(number, cells.Length, CellText.Shorten(display.Bundle.PlainText, 100)));
        }
    }

    private static CellRun Failed(NotebookCell cell, CellError? error, int number, string name)
    {
        bool memory = error?.Name is nameof(OutOfMemoryException) or "System.OutOfMemoryException";
        if (!memory && cell.Tags.Contains("raises-exception"))
        {
            return new CellRun(number, CellOutcome.RaisedAsExpected, default);
        }
        return memory
            ? new CellRun(number, CellOutcome.OutOfMemory, default, $"Memory was exhausted in {name}: {Sentence(error!.Message)}")
            : new CellRun(number, CellOutcome.Failed, default, $"{Capital(name)} failed with {error?.Name ?? "an error"}: {Sentence(error?.Message ?? "")}");
    }

    private CellRun TimedOut(int number, string name, bool notebook, bool unresponsive)
    {
        string limit = notebook
            ? $"the notebook's limit of {CellText.Words(options.NotebookLimit)}"
            : $"its limit of {CellText.Words(options.CellLimit)}";
        string message = unresponsive
            ? $"{Capital(name)} ran into {limit} and did not stop when it was told to: it is deep in code that does not observe Cell.CancellationToken."
            : $"{Capital(name)} ran into {limit} and was stopped.";
        Replace(new CellError("TimeLimitExceeded", message, [message]));
        return new CellRun(number, CellOutcome.TimedOut, default, message);
    }

    private CellRun Lost(SessionLostException lost, int number, string name)
    {
        string message = $"{Capital(name)} {lost.Message}";
        bool memory = lost.Reason == LossReason.OutOfMemory;
        Replace(new CellError(memory ? "MemoryExhausted" : "ProcessEnded", message, [message, .. lost.Tail]));
        return new CellRun(number, memory ? CellOutcome.OutOfMemory : CellOutcome.Crashed, default, message);
    }

    private void Replace(CellError error)
    {
        if (recorder.HasError)
        {
            recorder.DropError();
        }
        recorder.Record(error);
    }

    private static NotebookStatus Status(CellRun? end) => end?.Outcome switch
    {
        null => NotebookStatus.Succeeded,
        CellOutcome.TimedOut => NotebookStatus.TimedOut,
        CellOutcome.OutOfMemory => NotebookStatus.OutOfMemory,
        CellOutcome.Crashed => NotebookStatus.Crashed,
        CellOutcome.Cancelled => NotebookStatus.Cancelled,
        _ => NotebookStatus.Failed,
    };

    private static TimeSpan Positive(TimeSpan span) => span > TimeSpan.Zero ? span : TimeSpan.FromMilliseconds(1);

    private static string Stamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    private static string Sentence(string message)
    {
        string line = CellText.Shorten(message, 400);
        return line.Length > 0 && !".!?…".Contains(line[^1]) ? line + "." : line;
    }
}
