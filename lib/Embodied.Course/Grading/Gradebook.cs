using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Embodied.Course.Grading;

/// <summary>The table of points: a row for each student, a column for each exercise.</summary>
internal static class Gradebook
{
    /// <summary>Writes <c>gradebook.csv</c> and <c>results.json</c>.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="assignments">The assignments; their exercises are the columns.</param>
    /// <param name="graded">All submissions.</param>
    public static void Write(string folder, IReadOnlyList<Assignment> assignments, IReadOnlyList<GradedSubmission> graded)
    {
        AtomicFile.Write(Path.Combine(folder, "gradebook.csv"), stream => stream.Write(Encoding.UTF8.GetBytes(Csv(assignments, graded))));
        JsonArray all = [.. graded.Select(submission => submission.ToJson())];
        AtomicFile.Write(Path.Combine(folder, "results.json"), stream => stream.Write(Encoding.UTF8.GetBytes(all.ToJsonString() + "\n")));
    }

    /// <summary>The columns beside those of exercises, which stand after the first.</summary>
    public static IReadOnlyList<string> OwnColumns { get; } = ["student", "total", "of", "attention"];

    /// <summary>The table, numbers with a point as decimal mark whatever the culture; a cell is empty where nothing was handed in.</summary>
    public static string Csv(IReadOnlyList<Assignment> assignments, IReadOnlyList<GradedSubmission> graded)
    {
        StringBuilder csv = new(OwnColumns[0]);
        foreach (Exercise exercise in assignments.SelectMany(assignment => assignment.Exercises))
        {
            csv.Append(',').Append(Field(exercise.Id));
        }
        csv.Append(',').AppendJoin(',', OwnColumns.Skip(1)).Append('\n');
        foreach (IGrouping<string, GradedSubmission> student in graded.GroupBy(submission => submission.Student).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            csv.Append(Field(student.Key));
            foreach (Assignment assignment in assignments)
            {
                GradedSubmission? submission = student.FirstOrDefault(one => one.Assignment == assignment.Name);
                foreach (Exercise exercise in assignment.Exercises)
                {
                    csv.Append(',').Append(submission?.Result.Exercises.Single(one => one.Id == exercise.Id).Earned.ToString("0.####", CultureInfo.InvariantCulture));
                }
            }
            string attention = string.Join(' ', student.SelectMany(one => one.Result.Exercises)
                .Where(one => one.Outcome is not (ExerciseOutcome.Graded or ExerciseOutcome.NotWritten)).Select(one => $"{one.Id}:{one.Outcome}"));
            csv.Append(CultureInfo.InvariantCulture, $",{student.Sum(one => one.Result.Earned):0.####},{assignments.Sum(one => one.Exercises.Sum(exercise => exercise.Points)):0.####},{Field(attention)}\n");
        }
        return csv.ToString();
    }

    // Spreadsheets take what begins with these for a formula.
    private static string Field(string text)
    {
        string safe = text.Length > 0 && text[0] is ('=' or '+' or '-' or '@' or '\t' or '\r') ? "'" + text : text;
        return safe.AsSpan().ContainsAny(",\"\n\r") ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }
}
