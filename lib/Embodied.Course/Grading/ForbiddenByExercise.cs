using Embodied.Interactive.Documents;
using Embodied.Interactive.Grading;

namespace Embodied.Course.Grading;

/// <summary>What each exercise of an assignment forbids, ready to be looked for.</summary>
internal sealed class ForbiddenByExercise
{
    private const int MostFindings = 3;
    private readonly Dictionary<string, ForbiddenCalls> rules;
    private readonly HashSet<string> given;

    /// <summary>Finds the forbidden symbols in the course's library.</summary>
    /// <param name="assignment">The assignment; its first cell of code brings the library.</param>
    /// <param name="folder">The notebook's folder.</param>
    /// <exception cref="AssignmentException">A symbol is not there.</exception>
    public ForbiddenByExercise(Assignment assignment, string folder)
    {
        given = [.. assignment.Document.Cells.Where(cell => cell.Kind == CellKind.Code && GraderMark.Of(cell) is null).Select(cell => cell.Source)];
        string setup = assignment.Document.Cells.First(cell => cell.Kind == CellKind.Code).Source;
        try
        {
            rules = assignment.Exercises.ToDictionary(
                exercise => exercise.Id, exercise => new ForbiddenCalls(exercise.Forbidden, setup, new ForbiddenCallsOptions { WorkingDirectory = folder }));
        }
        catch (ForbiddenSymbolException e)
        {
            throw new AssignmentException($"{assignment.Name}: {e.Message}");
        }
    }

    /// <summary>What the cells that an exercise needs do and must not, in sentences; null when there is nothing.</summary>
    public string? Find(Exercise exercise, IEnumerable<StudentCell> cells)
    {
        IReadOnlyList<ForbiddenCall> found = rules[exercise.Id].Check(cells.Select(cell => new GradedCell(cell.Name, cell.Source, given.Contains(cell.Source))));
        return found.Count == 0 ? null : string.Join(' ', found.Take(MostFindings).Select(call => $"{call.Cell}: {call.Message}"));
    }
}
