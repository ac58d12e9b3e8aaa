using System.Diagnostics;
using Embodied.Interactive.Display;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Session;

namespace Embodied.Interactive.Running;

/// <summary>
/// Executes a notebook in a process of its own: a crash, a cell that does not stop, or exhausted memory becomes that notebook's
/// failure, with the outputs up to there kept, and touches nothing else.
/// </summary>
public static class IsolatedRunner
{
    /// <summary>Executes the code cells of <paramref name="document"/> in a new process, which ends with the run.</summary>
    /// <param name="document">The notebook; it is written into.</param>
    /// <param name="worker">How to start the process, and what it may use.</param>
    /// <param name="options">Limits of time and output.</param>
    /// <param name="progress">Told of every cell.</param>
    /// <param name="cancellation">Ends the process and the run, whose status is then <see cref="NotebookStatus.Cancelled"/>.</param>
    /// <returns>How the notebook and each cell fared; nothing that happens in the process is an exception here.</returns>
    public static async Task<NotebookResult> RunAsync(
        NotebookDocument document,
        WorkerOptions worker,
        RunOptions? options = null,
        IProgress<RunEvent>? progress = null,
        CancellationToken cancellation = default)
    {
        Stopwatch clock = Stopwatch.StartNew();
        WorkerProcess? process = null;
        try
        {
            NotebookResult result = await NotebookRunner.RunAsync(document, ExecuteAsync, options, progress, cancellation).ConfigureAwait(false);
            return result with { Elapsed = clock.Elapsed };
        }
        finally
        {
            if (process is not null)
            {
                await process.DisposeAsync().ConfigureAwait(false);
            }
        }

        async Task<CellResult> ExecuteAsync(string code, Action<CellOutput> publish, string? cellName, CancellationToken cell)
        {
            try
            {
                process ??= await WorkerProcess.StartAsync(worker, cell).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return new CellResult(CellStatus.Cancelled, 0, null);
            }
            return await process.ExecuteAsync(code, publish, cellName, cell).ConfigureAwait(false);
        }
    }
}
