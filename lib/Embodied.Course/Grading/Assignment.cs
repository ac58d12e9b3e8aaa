using System.Text.Json.Nodes;
using Embodied.Interactive.Documents;

namespace Embodied.Course.Grading;

/// <summary>A cell of checks.</summary>
/// <param name="Id">Its <c>grade_id</c>.</param>
/// <param name="Source">Its code, hidden checks included.</param>
/// <param name="Points">What it is worth.</param>
public sealed record CheckCell(string Id, string Source, double Points);

/// <summary>An exercise: a cell that the student writes, and the cells that check it.</summary>
/// <param name="Id">Its name: the solution's <c>grade_id</c> without <c>-solution</c>.</param>
/// <param name="SolutionId">The solution's <c>grade_id</c>.</param>
/// <param name="Solution">The instructor's solution cell.</param>
/// <param name="Checks">The cells that check it.</param>
/// <param name="Forbidden">Symbols that give the answer away.</param>
/// <param name="Wrong">Answers that are wrong on purpose.</param>
public sealed record Exercise(
    string Id, string SolutionId, string Solution, IReadOnlyList<CheckCell> Checks, IReadOnlyList<string> Forbidden, IReadOnlyList<WrongAnswer> Wrong)
{
    /// <summary>What it is worth.</summary>
    public double Points => Checks.Sum(check => check.Points);

    /// <summary>What the student finds in the place of the solution.</summary>
    public string Stub => Regions.Stub(Solution);
}

/// <summary>An instructor's notebook as an assignment.</summary>
/// <param name="Name">The notebook's name.</param>
/// <param name="Document">The notebook.</param>
/// <param name="Exercises">Its exercises, in order.</param>
public sealed record Assignment(string Name, NotebookDocument Document, IReadOnlyList<Exercise> Exercises)
{
    /// <summary>The metadata of a solution cell that only the instructor's notebook has: <c>forbid</c>.</summary>
    public const string Metadata = "embodied";

    /// <summary>Reads an instructor's notebook.</summary>
    /// <param name="file">Its path.</param>
    /// <exception cref="AssignmentException">It is no proper assignment; the message names the file and the cell.</exception>
    /// <exception cref="NotebookFormatException">It is no notebook.</exception>
    public static Assignment Load(string file)
    {
        NotebookDocument document = NotebookDocument.Load(file);
        try
        {
            return new Assignment(Path.GetFileNameWithoutExtension(file), document, WrongAnswers.Add(Read(document), file));
        }
        catch (AssignmentException e)
        {
            throw new AssignmentException($"{Path.GetFileName(file)}: {e.Message}");
        }
    }

    private static List<Exercise> Read(NotebookDocument document)
    {
        List<Exercise> exercises = [];
        HashSet<string> ids = [];
        foreach (NotebookCell cell in document.Cells)
        {
            if (GraderMark.Of(cell) is not { } mark)
            {
                continue;
            }
            Want(ids.Add(mark.Id), cell, $"has the grade_id '{mark.Id}', which another cell has too");
            Want(cell.Kind == CellKind.Code, cell, "is marked for grading and is no code");
            if (mark.Solution)
            {
                Want(!mark.Grade, cell, "is a solution and a check in one; two cells are wanted");
                Regions.Check(cell.Source, cell.Id);
                string id = mark.Id.EndsWith("-solution", StringComparison.Ordinal) ? mark.Id[..^"-solution".Length] : mark.Id;
                Want(!Gradebook.OwnColumns.Contains(id), cell, $"names its exercise '{id}', which is a column of the gradebook already");
                exercises.Add(new Exercise(
                    id, mark.Id, cell.Source, [], [.. Forbidden(cell)], []));
            }
            else if (mark.Grade)
            {
                Want(exercises.Count > 0, cell, "checks before there is a solution");
                Want(mark.Locked, cell, "is a check that is not locked");
                Regions.CheckHidden(cell.Source, cell.Id);
                exercises[^1] = exercises[^1] with { Checks = [.. exercises[^1].Checks, new CheckCell(mark.Id, cell.Source, mark.Points)] };
            }
        }
        if (exercises.Find(exercise => exercise.Checks.Count == 0) is { } unchecked_)
        {
            throw new AssignmentException($"The exercise '{unchecked_.Id}' has no check.");
        }
        return exercises;
    }

    private static void Want(bool holds, NotebookCell cell, string complaint)
    {
        if (!holds)
        {
            throw new AssignmentException($"Cell '{cell.Id}' {complaint}.");
        }
    }

    private static IEnumerable<string> Forbidden(NotebookCell cell) =>
        (cell.Metadata[Metadata]?["forbid"] as JsonArray ?? []).Select(symbol => symbol!.GetValue<string>());
}
