using System.Text.Json.Nodes;
using Embodied.Interactive;
using Embodied.Interactive.Display;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Grading;
using Embodied.Interactive.Session;

namespace Embodied.Course.Grading;

/// <summary>Thrown when a check holds its session for ever: the process is of no further use.</summary>
internal sealed class CheckerStuckException : Exception;

/// <summary>
/// The session in which an assignment's checks run: the instructor's code alone, with stand-ins for what students write. Nothing of a
/// student's is in this process but the values that the functions return.
/// </summary>
internal sealed class Checker : IDisposable
{
    private readonly CSharpSession session;
    private readonly TimeSpan limit;

    private Checker(CSharpSession session, TimeSpan limit) => (this.session, this.limit) = (session, limit);

    /// <summary>Runs what the checks need of the instructor's notebook.</summary>
    /// <param name="assignment">The assignment.</param>
    /// <param name="folder">The notebook's folder.</param>
    /// <param name="limit">The longest that a cell of checks may take.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="AssignmentException">A cell that the checks need fails, or an exercise cannot be checked from outside.</exception>
    public static async Task<Checker> StartAsync(Assignment assignment, string folder, TimeSpan limit, CancellationToken cancellation)
    {
        NotebookCell[] cells = [.. assignment.Document.Cells.Where(cell => cell.Kind == CellKind.Code)];
        string[] sources = [.. cells.Select(cell => Source(assignment, cell))];
        int[] checks = [.. Enumerable.Range(0, cells.Length).Where(i => GraderMark.Of(cells[i]) is { Grade: true })];
        CSharpSession session = new(new SessionOptions { WorkingDirectory = folder, EmbedPlotly = false });
        foreach (int i in CellNames.Needed(sources, checks).Except(checks))
        {
            CellResult result = await session.ExecuteAsync(sources[i], _ => { }, $"cell '{cells[i].Id}'", cancellation).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            if (result.Error is { } error)
            {
                session.Dispose();
                throw new AssignmentException($"{assignment.Name}: cell '{cells[i].Id}', which checks need, fails: {error.Message}");
            }
        }
        return new Checker(session, limit);
    }

    /// <summary>Runs an exercise's checks on what a student's process returns.</summary>
    /// <param name="exercise">The exercise.</param>
    /// <param name="call">Calls a function of the student's.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CheckerStuckException">A check does not end, not even when it is stopped.</exception>
    public async Task<ExerciseResult> CheckAsync(Exercise exercise, Func<string, JsonArray, JsonNode?> call, CancellationToken cancellation)
    {
        List<CheckOutcome> steps = [];
        foreach (CheckCell check in exercise.Checks)
        {
            IReadOnlyList<CheckOutcome>? reported = null;
            using CancellationTokenSource time = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            time.CancelAfter(limit);
            StudentCalls.Connection = call;
            CellResult result = await session.ExecuteAsync(check.Source, Take, $"check '{check.Id}'", time.Token).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            if (result.Status == CellStatus.Unresponsive)
            {
                throw new CheckerStuckException();
            }
            if (result.Status != CellStatus.Succeeded || reported is null)
            {
                string reason = result.Status == CellStatus.Cancelled
                    ? FormattableString.Invariant($"The check '{check.Id}' did not end within {limit.TotalSeconds:0.##} s.")
                    : $"The check '{check.Id}' {(result.Error is { } error ? $"could not be run to its end: {error.Message}" : "left no result.")}";
                return new ExerciseResult(exercise.Id, exercise.Points, ExerciseOutcome.Unchecked, reason, steps);
            }
            steps.AddRange(reported);

            void Take(CellOutput output)
            {
                if (output is DisplayData { Bundle: var bundle } && bundle.Data[CheckReport.MimeType] is { } report)
                {
                    reported = CheckReport.Read(report);
                }
            }
        }
        bool untouched = steps.Count > 0 && steps.All(step => step.Failure?.StartsWith(Check.NotWritten, StringComparison.Ordinal) == true);
        return new ExerciseResult(exercise.Id, exercise.Points, untouched ? ExerciseOutcome.NotWritten : ExerciseOutcome.Graded, null, steps);
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    private static string Source(Assignment assignment, NotebookCell cell)
    {
        if (GraderMark.Of(cell) is not { Solution: true } mark)
        {
            return cell.Source;
        }
        try
        {
            return StandIn.Of(cell.Source);
        }
        catch (FormatException e)
        {
            throw new AssignmentException($"{assignment.Name}: the solution '{mark.Id}' cannot be checked: {e.Message}.");
        }
    }
}
