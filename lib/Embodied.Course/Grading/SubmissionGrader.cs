using System.Text.Json.Nodes;
using Embodied.Interactive.Display;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Running;

namespace Embodied.Course.Grading;

/// <summary>Grades submissions of one assignment, one after the other.</summary>
/// <param name="assignment">The assignment.</param>
/// <param name="checker">Runs its checks.</param>
/// <param name="forbidden">Finds what its exercises forbid.</param>
/// <param name="worker">How to start the process that runs students' code.</param>
/// <param name="limits">Time limits for it.</param>
internal sealed class SubmissionGrader(Assignment assignment, Checker checker, ForbiddenByExercise forbidden, WorkerOptions worker, StudentLimits limits)
{
    /// <summary>Grades a submission.</summary>
    /// <param name="submission">The student's notebook.</param>
    /// <param name="cancellation">Ends grading.</param>
    /// <exception cref="CheckerStuckException">A check holds its thread for ever; another process has to go on.</exception>
    /// <exception cref="SessionLostException">No process can be started for students' code.</exception>
    public async Task<SubmissionResult> GradeAsync(NotebookDocument submission, CancellationToken cancellation)
    {
        NotebookCell[] cells = [.. submission.Cells.Where(cell => cell.Kind == CellKind.Code)];
        string?[] marks = [.. cells.Select(Id)];
        string[] sources = [.. cells.Select((cell, i) => Restored(cell, marks[i]))];
        HashSet<string> checks = [.. assignment.Exercises.SelectMany(exercise => exercise.Checks).Select(check => check.Id)];
        Dictionary<string, int[]> answers = assignment.Exercises.ToDictionary(
            exercise => exercise.Id, exercise => Enumerable.Range(0, cells.Length).Where(i => marks[i] == exercise.SolutionId).ToArray());
        int[] wanted = [.. answers.Values.Where(found => found.Length == 1).Select(found => found[0])];
        // Cells of checks never run beside the student's code, and of several that claim to be one answer none does.
        HashSet<int> left = [.. Enumerable.Range(0, cells.Length).Where(i => (marks[i] is { } mark && checks.Contains(mark)) || answers.Values.Any(found => found.Length > 1 && found.Contains(i)))];
        StudentCell[] run = [.. CellNames.Needed(sources, wanted).Where(i => !left.Contains(i)).Select(i => new StudentCell(Name(i), sources[i]))];

        await using StudentProcess student = new(worker, run, limits);
        List<ExerciseResult> results = [];
        foreach (Exercise exercise in assignment.Exercises)
        {
            cancellation.ThrowIfCancellationRequested();
            results.Add(answers[exercise.Id] switch
            {
                [] => Not(exercise, ExerciseOutcome.Missing, $"The notebook has no cell '{exercise.SolutionId}'."),
                [int cell] => await GradeAsync(exercise, Name(cell), [.. Needed(cell)], student, cancellation).ConfigureAwait(false),
                int[] several => Not(exercise, ExerciseOutcome.Duplicate, $"{several.Length} cells claim to be '{exercise.SolutionId}'."),
            });
        }
        return new SubmissionResult(results);

        IEnumerable<StudentCell> Needed(int cell) => CellNames.Needed(sources, [cell]).Where(i => !left.Contains(i)).Select(i => new StudentCell(Name(i), sources[i]));

        string Name(int i) => assignment.Exercises.FirstOrDefault(exercise => exercise.SolutionId == marks[i]) is { } exercise ? $"exercise '{exercise.Id}'" : $"cell {i + 1}";
    }

    private async Task<ExerciseResult> GradeAsync(Exercise exercise, string cell, StudentCell[] needed, StudentProcess student, CancellationToken cancellation)
    {
        await student.EnsureAsync(cancellation).ConfigureAwait(false);
        CellError? error = student.Errors.GetValueOrDefault(cell);
        switch (error?.Name)
        {
            case "CompilationError":
                return Not(exercise, ExerciseOutcome.DoesNotCompile, string.Join('\n', error.Traceback));
            case StudentProcess.TimeLimit or StudentProcess.SessionLost:
                return Not(exercise, ExerciseOutcome.Lost, error.Message);
        }
        // After it has been compiled once in the student's process: code can be made to keep a compiler busy for years.
        if (await FindForbiddenAsync(exercise, needed, cancellation).ConfigureAwait(false) is { } reason)
        {
            return Not(exercise, ExerciseOutcome.Forbidden, reason);
        }
        ExerciseResult result = await checker.CheckAsync(exercise, Call, cancellation).ConfigureAwait(false);
        return error is null ? result : result with { Reason = $"The cell threw {error.Name}: {error.Message}" };

        // The checker's cells are synchronous, on a thread of their own.
        JsonNode? Call(string function, JsonArray arguments) => student.CallAsync(function, arguments, cancellation).GetAwaiter().GetResult();
    }

    private async Task<string?> FindForbiddenAsync(Exercise exercise, StudentCell[] cells, CancellationToken cancellation)
    {
        try
        {
            return await Task.Run(() => forbidden.Find(exercise, cells), cancellation).WaitAsync(limits.Check, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new CheckerStuckException();
        }
    }

    private static ExerciseResult Not(Exercise exercise, ExerciseOutcome outcome, string reason) => new(exercise.Id, exercise.Points, outcome, reason, []);

    // Some editors drop metadata they do not know; the cell's own id tells too.
    private string? Id(NotebookCell cell) => (cell.Metadata["nbgrader"] as JsonObject)?["grade_id"] is JsonValue value && value.TryGetValue(out string? id) ? id
        : Original(cell) is { } original ? GraderMark.Of(original)?.Id : null;

    // The first cell brings the library, and is the instructor's whatever the student made of it.
    private string Restored(NotebookCell cell, string? mark) =>
        mark is null && Original(cell) is { } original && CellNames.Of(original.Source).Prepares && original == assignment.Document.Cells.First(other => other.Kind == CellKind.Code)
            ? original.Source : cell.Source;

    private NotebookCell? Original(NotebookCell cell) => cell.Id.Length > 0 ? assignment.Document.Cells.FirstOrDefault(other => other.Id == cell.Id) : null;
}
