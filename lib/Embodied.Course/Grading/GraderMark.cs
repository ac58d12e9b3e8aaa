using System.Text.Json.Nodes;
using Embodied.Interactive.Documents;

namespace Embodied.Course.Grading;

/// <summary>What nbgrader's metadata (schema version 3) say of a cell.</summary>
/// <param name="Id">Its <c>grade_id</c>, unique in its notebook.</param>
/// <param name="Grade">Whether it earns points: a cell of checks.</param>
/// <param name="Solution">Whether the student writes it.</param>
/// <param name="Locked">Whether the student must leave it as it is.</param>
/// <param name="Points">What it is worth; 0 unless it earns points.</param>
public sealed record GraderMark(string Id, bool Grade, bool Solution, bool Locked, double Points)
{
    /// <summary>The mark of a cell; null when it has none.</summary>
    /// <exception cref="AssignmentException">The mark is malformed.</exception>
    public static GraderMark? Of(NotebookCell cell)
    {
        if (cell.Metadata["nbgrader"] is not { } metadata)
        {
            return null;
        }
        try
        {
            JsonObject mark = metadata.AsObject();
            bool grade = Flag(mark, "grade");
            double points = grade ? mark["points"]?.GetValue<double>() ?? throw new FormatException("no points") : 0;
            string id = mark["grade_id"]?.GetValue<string>() ?? throw new FormatException("no grade_id");
            return points >= 0 && double.IsFinite(points) ? new GraderMark(id, grade, Flag(mark, "solution"), Flag(mark, "locked"), points)
                : throw new FormatException(FormattableString.Invariant($"{points} points"));
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            throw new AssignmentException($"Cell '{cell.Id}' has a malformed nbgrader mark ({e.Message}); grade_id, grade, solution, locked and, of checks, points are wanted.");
        }
    }

    private static bool Flag(JsonObject mark, string name) => mark[name]?.GetValue<bool>() ?? false;
}

/// <summary>Thrown when a notebook is no proper assignment.</summary>
/// <param name="message">One sentence: which cell, what is wrong, what was wanted.</param>
public sealed class AssignmentException(string message) : Exception(message);
