using System.Security.Cryptography;
using System.Text;
using Embodied.Interactive.Running;

namespace Embodied.Course.Grading;

/// <summary>How a class is graded.</summary>
/// <param name="Jobs">How many submissions at a time.</param>
/// <param name="Limits">Time limits for students' code.</param>
/// <param name="Worker">How to start the process that runs it.</param>
internal sealed record GradingOptions(int Jobs, StudentLimits Limits, WorkerOptions Worker);

/// <summary>Grades a class's submissions, keeping each result as soon as it is there, so that a run that was ended goes on where it was.</summary>
/// <param name="course">The instructor's course.</param>
/// <param name="folder">Where results go.</param>
/// <param name="options">How to grade.</param>
internal sealed class GradingRun(CourseFolder course, string folder, GradingOptions options)
{
    /// <summary>The folder of results in the output folder.</summary>
    public const string Results = "results";

    /// <summary>Grades what has no result yet.</summary>
    /// <param name="submissions">All submissions.</param>
    /// <param name="graded">Told each submission with a result, how many there are now, and whether this one took its time.</param>
    /// <param name="cancellation">Ends it; results stay.</param>
    /// <exception cref="AssignmentException">An assignment cannot be checked.</exception>
    /// <exception cref="CheckerStuckException">A check holds its thread for ever; another process has to go on.</exception>
    /// <exception cref="SessionLostException">No process can be started for students' code, which is no student's fault.</exception>
    public async Task<IReadOnlyList<GradedSubmission>> RunAsync(
        IReadOnlyList<Submission> submissions, Action<GradedSubmission, int, bool> graded, CancellationToken cancellation)
    {
        GradedSubmission?[] results = new GradedSubmission?[submissions.Count];
        int done = 0;
        using CancellationTokenSource all = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        foreach (IGrouping<Assignment, int> group in Enumerable.Range(0, submissions.Count).GroupBy(i => submissions[i].Assignment))
        {
            Queue<int> open = [], alone = [];
            foreach (int i in group)
            {
                int losses = GradingMarker.Losses(ResultFile(submissions[i]), Digest(submissions[i]));
                if (GradedSubmission.Load(ResultFile(submissions[i])) is { } kept && kept.Digest == Digest(submissions[i]))
                {
                    results[i] = kept;
                    graded(kept, ++done, false);
                }
                else if (losses >= GradingMarker.Most)
                {
                    Keep(i, NotChecked(submissions[i]));
                }
                else
                {
                    (losses == 0 ? open : alone).Enqueue(i);
                }
            }
            await WorkAsync(group.Key, open, Math.Min(options.Jobs, open.Count)).ConfigureAwait(false);
            await WorkAsync(group.Key, alone, Math.Min(1, alone.Count)).ConfigureAwait(false);
        }
        return [.. results.Select(result => result!)];

        void Keep(int i, GradedSubmission result)
        {
            result.Save(ResultFile(submissions[i]));
            GradingMarker.End(ResultFile(submissions[i]));
            results[i] = result;
            lock (results)
            {
                graded(result, ++done, true);
            }
        }

        async Task WorkAsync(Assignment assignment, Queue<int> open, int jobs)
        {
            if (jobs == 0)
            {
                return;
            }
            ForbiddenByExercise forbidden = new(assignment, course.Notebooks);
            await Task.WhenAll(Enumerable.Range(0, jobs).Select(_ => Task.Run(() => TakeAsync(assignment, open, forbidden), CancellationToken.None))).ConfigureAwait(false);
        }

        async Task TakeAsync(Assignment assignment, Queue<int> open, ForbiddenByExercise forbidden)
        {
            using Checker checker = await Checker.StartAsync(assignment, course.Notebooks, options.Limits.Check, all.Token).ConfigureAwait(false);
            SubmissionGrader grader = new(assignment, checker, forbidden, options.Worker, options.Limits);
            while (Next(open) is { } i)
            {
                all.Token.ThrowIfCancellationRequested();
                GradingMarker.Begin(ResultFile(submissions[i]), Digest(submissions[i]));
                try
                {
                    Keep(i, await GradeAsync(submissions[i], grader, all.Token).ConfigureAwait(false));
                }
                catch (CheckerStuckException)
                {
                    await all.CancelAsync().ConfigureAwait(false);
                    throw;
                }
            }
        }
    }

    private static int? Next(Queue<int> open)
    {
        lock (open)
        {
            return open.TryDequeue(out int next) ? next : null;
        }
    }

    private static async Task<GradedSubmission> GradeAsync(Submission submission, SubmissionGrader grader, CancellationToken cancellation)
    {
        Assignment assignment = submission.Assignment;
        if (submission.Document is null)
        {
            return new GradedSubmission(submission.Student, assignment.Name, submission.Source, Digest(submission), new Dictionary<string, string>(), All(assignment, ExerciseOutcome.Unreadable, submission.Complaint!));
        }
        Dictionary<string, string> solutions = [];
        foreach (Exercise exercise in assignment.Exercises)
        {
            if (submission.Document.Cells.FirstOrDefault(cell => (cell.Metadata["nbgrader"] as System.Text.Json.Nodes.JsonObject)?["grade_id"]?.ToString() == exercise.SolutionId) is { } cell)
            {
                solutions[exercise.Id] = cell.Source;
            }
        }
        SubmissionResult result = await grader.GradeAsync(submission.Document, cancellation).ConfigureAwait(false);
        return new GradedSubmission(submission.Student, assignment.Name, submission.Source, Digest(submission), solutions, result);
    }

    private static GradedSubmission NotChecked(Submission submission) => new(
        submission.Student, submission.Assignment.Name, submission.Source, Digest(submission), new Dictionary<string, string>(),
        All(submission.Assignment, ExerciseOutcome.Unchecked, "The checks of this notebook ended the process that grades, twice, the second time with this notebook alone: what its functions return makes native code abort or never end."));

    private static SubmissionResult All(Assignment assignment, ExerciseOutcome outcome, string reason) =>
        new([.. assignment.Exercises.Select(exercise => new ExerciseResult(exercise.Id, exercise.Points, outcome, reason, []))]);

    private static string Digest(Submission submission) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        (submission.Document?.ToJson() ?? submission.Complaint) + "\n" + submission.Assignment.Document.ToJson())))[..16];

    private string ResultFile(Submission submission)
    {
        string results = Path.Combine(folder, Results, submission.Assignment.Name);
        Directory.CreateDirectory(results);
        return Path.Combine(results, FileName(submission.Student) + ".json");
    }

    /// <summary>A student's name as a file's: what file systems refuse is written as its code, so that no two become one.</summary>
    public static string FileName(string student) =>
        string.Concat(student.Select(c => char.IsLetterOrDigit(c) || c is '-' or ' ' or '_' or '@' ? c.ToString() : $"%{(int)c:x2}"));
}
