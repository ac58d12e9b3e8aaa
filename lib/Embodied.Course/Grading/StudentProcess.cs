using System.Text.Json.Nodes;
using Embodied.Interactive;
using Embodied.Interactive.Display;
using Embodied.Interactive.Running;
using Embodied.Interactive.Session;

namespace Embodied.Course.Grading;

/// <summary>A cell of a student's notebook.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Source">Its code.</param>
internal sealed record StudentCell(string Name, string Source);

/// <summary>Time limits of a submission.</summary>
/// <param name="Cell">For a cell to run.</param>
/// <param name="Call">For a function to return.</param>
internal sealed record StudentLimits(TimeSpan Cell, TimeSpan Call)
{
    /// <summary>For a cell of checks, which calls a function many times, and gives up on it after the first call that does not return.</summary>
    public TimeSpan Check => TimeSpan.FromTicks(Math.Max(Call.Ticks * 3, 10 * TimeSpan.TicksPerSecond));
}

/// <summary>
/// The process in which a student's code runs. It holds the student's cells and gives what its functions return; when it is
/// lost, a new one takes its place without the cell or function that lost it.
/// </summary>
/// <param name="worker">How to start it.</param>
/// <param name="cells">The cells to run.</param>
/// <param name="limits">Time limits.</param>
internal sealed class StudentProcess(WorkerOptions worker, IReadOnlyList<StudentCell> cells, StudentLimits limits) : IAsyncDisposable
{
    /// <summary>The name of the error of a cell that did not end in time.</summary>
    public const string TimeLimit = "TimeLimit";

    /// <summary>The name of the error of a cell that ended its process.</summary>
    public const string SessionLost = "SessionLost";

    private readonly HashSet<string> harmful = [];
    private WorkerProcess? process;
    private string? lost;

    /// <summary>What ended each cell that did not run to its end, by the cell's name.</summary>
    public Dictionary<string, CellError> Errors { get; } = [];

    /// <summary>Starts the process, or a new one in place of a lost one, and runs the cells.</summary>
    /// <param name="cancellation">Ends grading.</param>
    /// <exception cref="SessionLostException">The process cannot be started.</exception>
    public async Task EnsureAsync(CancellationToken cancellation)
    {
        while (process is null || lost is not null)
        {
            await DisposeAsync().ConfigureAwait(false);
            lost = null;
            process = await WorkerProcess.StartAsync(worker, cancellation).ConfigureAwait(false);
            foreach (StudentCell cell in cells.Where(cell => !harmful.Contains(cell.Name)))
            {
                await RunAsync(cell, cancellation).ConfigureAwait(false);
                if (lost is not null)
                {
                    harmful.Add(cell.Name);
                    break;
                }
            }
        }
    }

    /// <summary>Calls a function of the student's.</summary>
    /// <exception cref="CheckFailedException">It threw, did not return in time, or ended the process.</exception>
    public async Task<JsonNode?> CallAsync(string function, JsonArray arguments, CancellationToken cancellation)
    {
        if (lost is not null)
        {
            throw new CheckFailedException(lost);
        }
        using CancellationTokenSource time = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        time.CancelAfter(limits.Call);
        try
        {
            (CellResult result, JsonNode? value) = await process!.CallAsync(function, arguments, _ => { }, time.Token).ConfigureAwait(false);
            if (result.Status == CellStatus.Succeeded)
            {
                return value;
            }
            cancellation.ThrowIfCancellationRequested();
            if (result.Status == CellStatus.Failed)
            {
                throw Thrown(function, result.Error!);
            }
            // What runs too long once runs too long on every input: the check shall not wait for each.
            lost = FormattableString.Invariant($"{function} did not return within {limits.Call.TotalSeconds:0.##} s");
        }
        catch (SessionLostException e)
        {
            lost = $"{function} {e.Message.TrimEnd('.')}";
        }
        throw new CheckFailedException(lost);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync().ConfigureAwait(false);
            process = null;
        }
    }

    private async Task RunAsync(StudentCell cell, CancellationToken cancellation)
    {
        using CancellationTokenSource time = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        time.CancelAfter(limits.Cell);
        try
        {
            CellResult result = await process!.ExecuteAsync(cell.Source, _ => { }, cell.Name, time.Token).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            if (result.Status is CellStatus.Cancelled or CellStatus.Unresponsive)
            {
                string message = FormattableString.Invariant($"{cell.Name} did not end within {limits.Cell.TotalSeconds:0.##} s.");
                Errors[cell.Name] = new CellError(TimeLimit, message, [message]);
                lost = result.Status == CellStatus.Unresponsive ? message : null;
            }
            else if (result.Error is { } error)
            {
                Errors[cell.Name] = error;
            }
        }
        catch (SessionLostException e)
        {
            lost = $"{cell.Name} {e.Message}";
            Errors[cell.Name] = new CellError(SessionLost, lost, [lost]);
        }
    }

    private static Exception Thrown(string function, CellError error) => error.Name switch
    {
        nameof(NotImplementedException) => new NotImplementedException(error.Message),
        "CallValueException" => new CheckFailedException($"{function}: {error.Message}"),
        _ => new CheckFailedException($"{function} threw {error.Name}: {error.Message.TrimEnd('.')}{Place(error)}"),
    };

    private static string Place(CellError error) => error.Traceback.FirstOrDefault(line => line.Contains(", line ", StringComparison.Ordinal)) is { } line
        ? $" ({line.Trim()})" : "";
}
