using System.Globalization;
using System.Net;
using System.Text;
using Embodied.Interactive;

namespace Embodied.Course.Grading;

/// <summary>The pages of a grading: one for each student, and a summary for the teacher.</summary>
internal static class GradingPages
{
    private const string Style = """
        :root { color-scheme: light dark; --good: #007a58; --bad: #b04300; --line: #8886; }
        @media (prefers-color-scheme: dark) { :root { --good: #4cc9a4; --bad: #ff9a5c; } }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        pre { overflow-x: auto; border: 1px solid var(--line); padding: 0.75rem; border-radius: 4px; }
        table { border-collapse: collapse; } th, td { text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        td.n, th.n { text-align: right; white-space: nowrap; } .good { color: var(--good); } .bad { color: var(--bad); }
        .bar { display: inline-block; height: 0.8rem; background: var(--good); vertical-align: middle; }
        """;

    /// <summary>Writes <c>feedback/STUDENT.html</c> for each student and <c>index.html</c>.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="assignments">The assignments.</param>
    /// <param name="graded">All submissions.</param>
    /// <param name="leftOut">What was handed in and not graded, as sentences.</param>
    public static void Write(string folder, IReadOnlyList<Assignment> assignments, IReadOnlyList<GradedSubmission> graded, IReadOnlyList<string> leftOut)
    {
        Directory.CreateDirectory(Path.Combine(folder, "feedback"));
        foreach (IGrouping<string, GradedSubmission> student in graded.GroupBy(submission => submission.Student))
        {
            Save(Path.Combine(folder, "feedback", GradingRun.FileName(student.Key) + ".html"), student.Key, Feedback(student));
        }
        Save(Path.Combine(folder, "index.html"), "Grading", Summary(assignments, graded, leftOut));
    }

    private static string Feedback(IGrouping<string, GradedSubmission> student)
    {
        StringBuilder body = new($"<h1>{Text(student.Key)}</h1>");
        foreach (GradedSubmission submission in student)
        {
            body.Append($"<h2>{Text(submission.Assignment)}: {Points(submission.Result.Earned)} of {Points(submission.Result.Exercises.Sum(exercise => exercise.Points))} points</h2>");
            foreach (ExerciseResult exercise in submission.Result.Exercises)
            {
                body.Append($"<h3>{Text(exercise.Id)}: {Points(exercise.Earned)} of {Points(exercise.Points)}</h3>");
                if (exercise.Outcome != ExerciseOutcome.Graded)
                {
                    body.Append($"<p class=\"bad\"><strong>{Words(exercise.Outcome)}</strong></p>");
                }
                if (exercise.Reason is not null)
                {
                    body.Append(exercise.Reason.Contains('\n', StringComparison.Ordinal) ? $"<pre tabindex=\"0\">{Text(exercise.Reason)}</pre>" : $"<p>{Text(exercise.Reason)}</p>");
                }
                if (exercise.Steps.Count > 0)
                {
                    body.Append("<table><thead><tr><th scope=\"col\">check</th><th scope=\"col\" class=\"n\">points</th><th scope=\"col\">what came of it</th></tr></thead><tbody>")
                        .AppendJoin("", exercise.Steps.Select(Row)).Append("</tbody></table>");
                }
                if (submission.Solutions.TryGetValue(exercise.Id, out string? solution))
                {
                    body.Append($"<details><summary>What you wrote</summary><pre tabindex=\"0\"><code>{Text(solution)}</code></pre></details>");
                }
            }
        }
        return body.ToString();

        string Row(CheckOutcome step) =>
            $"<tr><td>{Text(step.Name)}</td><td class=\"n\">{Points(step.Earned)} of {Points(step.Points)}</td><td class=\"{(step.Failure is null ? "good" : "bad")}\">{(step.Failure is null ? "✓ passed" : "✗ " + Text(step.Failure))}</td></tr>";
    }

    private static string Summary(IReadOnlyList<Assignment> assignments, IReadOnlyList<GradedSubmission> graded, IReadOnlyList<string> leftOut)
    {
        StringBuilder body = new("<h1>Grading</h1><p><a href=\"gradebook.csv\">gradebook.csv</a>, <a href=\"results.json\">results.json</a></p>");
        foreach (Assignment assignment in assignments)
        {
            GradedSubmission[] own = [.. graded.Where(submission => submission.Assignment == assignment.Name)];
            if (own.Length == 0)
            {
                continue;
            }
            body.Append($"<h2>{Text(assignment.Name)}</h2><p>{own.Length} submissions, on average {Points(own.Average(one => one.Result.Earned))} of {Points(assignment.Exercises.Sum(one => one.Points))} points.</p>");
            body.Append("<h3>Distribution</h3><table><thead><tr><th scope=\"col\" class=\"n\">points</th><th scope=\"col\" class=\"n\">students</th><th scope=\"col\"></th></tr></thead><tbody>");
            foreach (IGrouping<double, GradedSubmission> bin in own.GroupBy(one => Math.Floor(one.Result.Earned)).OrderByDescending(bin => bin.Key))
            {
                body.Append(CultureInfo.InvariantCulture, $"<tr><td class=\"n\">from {Points(bin.Key)}</td><td class=\"n\">{bin.Count()}</td><td><span class=\"bar\" style=\"width:{20.0 * bin.Count() / own.Length:0.##}rem\"></span></td></tr>");
            }
            body.Append("</tbody></table>");
            List(body, "Not read", own.Where(one => one.Result.Exercises[0].Outcome == ExerciseOutcome.Unreadable).Select(one => $"{Text(one.Student)}: {Text(one.Result.Exercises[0].Reason ?? "")}"));
            foreach (Exercise exercise in assignment.Exercises)
            {
                Exercise(body, exercise, own);
            }
        }
        if (leftOut.Count > 0)
        {
            body.Append("<h2>Left out</h2><ul>").AppendJoin("", leftOut.Select(sentence => $"<li>{Text(sentence)}</li>")).Append("</ul>");
        }
        body.Append("<h2>Students</h2><ul>").AppendJoin("", graded.GroupBy(one => one.Student).OrderBy(group => group.Key, StringComparer.Ordinal).Select(student =>
            $"<li><a href=\"feedback/{Uri.EscapeDataString(GradingRun.FileName(student.Key))}.html\">{Text(student.Key)}</a>: {Points(student.Sum(one => one.Result.Earned))}</li>")).Append("</ul>");
        return body.ToString();
    }

    private static void Exercise(StringBuilder body, Exercise exercise, GradedSubmission[] submissions)
    {
        (string Student, ExerciseResult Result)[] results = [.. submissions.Select(one => (one.Student, one.Result.Exercises.Single(result => result.Id == exercise.Id)))];
        body.Append($"<h3>{Text(exercise.Id)}: on average {Points(results.Average(one => one.Result.Earned))} of {Points(exercise.Points)}</h3>");
        var steps = results.SelectMany(one => one.Result.Steps).GroupBy(step => step.Name)
            .Select(group => (Name: group.Key, Failed: group.Count(step => step.Failure is not null), Of: group.Count())).OrderByDescending(step => (double)step.Failed / step.Of).ToArray();
        if (steps.Length > 0)
        {
            body.Append("<table><thead><tr><th scope=\"col\">check, the hardest first</th><th scope=\"col\" class=\"n\">failed</th></tr></thead><tbody>")
                .AppendJoin("", steps.Select(step => $"<tr><td>{Text(step.Name)}</td><td class=\"n\">{step.Failed} of {step.Of}</td></tr>")).Append("</tbody></table>");
        }
        List(body, "Failures by reason", results.SelectMany(one => one.Result.Steps.Where(step => step.Failure?.StartsWith(Check.NotWritten, StringComparison.Ordinal) == false).Select(step => (one.Student, Reason: $"{step.Name}: {Reason(step.Failure!)}")))
            .GroupBy(one => one.Reason, one => one.Student).OrderByDescending(group => group.Count()).Take(12).Select(group => $"{Text(group.Key)} ({Students(group)})"));
        List(body, "To look at", results.Where(one => one.Result.Outcome is not (ExerciseOutcome.Graded or ExerciseOutcome.NotWritten or ExerciseOutcome.Unreadable))
            .GroupBy(one => $"{Words(one.Result.Outcome)} {one.Result.Reason?.Split('\n')[0]}", one => one.Student).OrderByDescending(group => group.Count())
            .Select(group => Text($"{group.Key} {string.Join(", ", group)}")));
        List(body, "Alike but for names and spaces", Similarity.Groups(exercise, submissions.Where(one => one.Solutions.ContainsKey(exercise.Id)).Select(one => (one.Student, one.Solutions[exercise.Id])))
            .Select(group => Text(string.Join(", ", group))));
    }

    private static void List(StringBuilder body, string title, IEnumerable<string> items)
    {
        string[] all = [.. items];
        if (all.Length > 0)
        {
            body.Append($"<h4>{title}</h4><ul>").AppendJoin("", all.Select(item => $"<li>{item}</li>")).Append("</ul>");
        }
    }

    // Numbers differ from student to student, as inputs are random; what remains is the reason.
    private static string Reason(string failure) => System.Text.RegularExpressions.Regex.Replace(failure, @"-?\d+(\.\d+)?(E[+-]?\d+)?", "…");

    private static string Students(IEnumerable<string> students)
    {
        string[] all = [.. students.Distinct()];
        return all.Length <= 4 ? Text(string.Join(", ", all)) : $"{all.Length} students";
    }

    private static string Words(ExerciseOutcome outcome) => outcome switch
    {
        ExerciseOutcome.NotWritten => "Not written yet.",
        ExerciseOutcome.Missing => "The cell is missing.",
        ExerciseOutcome.Duplicate => "Several cells claim to be this exercise.",
        ExerciseOutcome.DoesNotCompile => "The cell does not compile.",
        ExerciseOutcome.Forbidden => "The cell uses what the exercise does not allow.",
        ExerciseOutcome.Lost => "The cell did not end, or ended its process.",
        ExerciseOutcome.Unreadable => "The notebook cannot be read.",
        ExerciseOutcome.Unchecked => "The checks could not be run to their end; a person will look.",
        _ => "",
    };

    private static void Save(string file, string title, string body) => AtomicFile.Write(file, stream => stream.Write(Encoding.UTF8.GetBytes(
        $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{Text(title)}</title><style>{Style}</style></head><body><main>{body}</main></body></html>\n")));

    private static string Points(double points) => points.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
