using Embodied.Interactive;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Running;

namespace Embodied.Course.Running;

/// <summary>A notebook that shall run.</summary>
/// <param name="File">Its path.</param>
/// <param name="Document">What it holds.</param>
public sealed record RunTarget(string File, NotebookDocument Document)
{
    /// <summary>The file's name without extension.</summary>
    public string Name => CourseFolder.Name(File);
}

/// <summary>How notebooks shall run.</summary>
/// <param name="Scale"><c>quick</c> or <c>full</c>.</param>
/// <param name="Jobs">How many run at a time.</param>
public sealed record RunSettings(string Scale, int Jobs)
{
    /// <summary>Limits of time that let the scale's work pass and catch what hangs.</summary>
    public RunOptions Limits => Scale == "full"
        ? new RunOptions { CellLimit = TimeSpan.FromHours(12), NotebookLimit = TimeSpan.FromHours(24) }
        : new RunOptions { CellLimit = TimeSpan.FromMinutes(5), NotebookLimit = TimeSpan.FromMinutes(10) };
}

/// <summary>Is told how a run of several notebooks goes; may be called from several threads.</summary>
public interface IRunView
{
    /// <summary>A notebook begins.</summary>
    void Started(RunTarget target);

    /// <summary>Something happened in a notebook.</summary>
    void Progressed(RunTarget target, RunEvent happened);

    /// <summary>A notebook ended.</summary>
    void Finished(RunTarget target, NotebookResult result);
}

/// <summary>Executes notebooks, each in a process of its own, a few at a time.</summary>
public static class CourseRun
{
    /// <summary>Runs <paramref name="targets"/> and saves each as soon as it has run.</summary>
    /// <param name="targets">The notebooks; they are written into.</param>
    /// <param name="settings">How.</param>
    /// <param name="save">Takes each executed notebook.</param>
    /// <param name="view">Is told how it goes.</param>
    /// <param name="cancellation">Ends the processes.</param>
    /// <returns>One result per target, in order.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static async Task<IReadOnlyList<NotebookResult>> RunAsync(
        IReadOnlyList<RunTarget> targets, RunSettings settings, Action<RunTarget> save, IRunView view, CancellationToken cancellation)
    {
        using SemaphoreSlim turns = new(settings.Jobs);
        NotebookResult[] results = await Task.WhenAll(targets.Select(RunOneAsync));
        cancellation.ThrowIfCancellationRequested();
        return results;

        async Task<NotebookResult> RunOneAsync(RunTarget target)
        {
            await turns.WaitAsync(cancellation);
            try
            {
                view.Started(target);
                NotebookResult result = await IsolatedRunner.RunAsync(
                    target.Document, Worker(target, settings), settings.Limits, new Reporter(target, view), cancellation);
                if (result.Status != NotebookStatus.Cancelled)
                {
                    save(target);
                    view.Finished(target, result);
                }
                return result;
            }
            finally
            {
                turns.Release();
            }
        }
    }

    private static WorkerOptions Worker(RunTarget target, RunSettings settings) => new()
    {
        Command = CourseProcess.Command(CourseProcess.Worker),
        WorkingDirectory = Path.GetDirectoryName(target.File)!,
        MemoryLimit = Math.Min(WorkerOptions.DefaultMemoryLimit, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3 / settings.Jobs),
        Threads = settings.Jobs > 1 ? Math.Max(1, Environment.ProcessorCount / settings.Jobs) : null,
        Environment = new Dictionary<string, string?> { [Scale.Variable] = settings.Scale },
    };

    // Progress<T> would post to the thread pool and lose the order.
    private sealed class Reporter(RunTarget target, IRunView view) : IProgress<RunEvent>
    {
        public void Report(RunEvent value) => view.Progressed(target, value);
    }
}
