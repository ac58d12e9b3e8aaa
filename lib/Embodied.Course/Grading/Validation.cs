using System.Globalization;
using Embodied.Interactive.Documents;

namespace Embodied.Course.Grading;

/// <summary>What was found out about one answer to an exercise.</summary>
/// <param name="Exercise">The exercise.</param>
/// <param name="Answer">Which answer: the solution, the stub, or a wrong one by its name.</param>
/// <param name="Wanted">What it should earn.</param>
/// <param name="Result">What it earned, and how.</param>
internal sealed record ValidatedAnswer(string Exercise, string Answer, double Wanted, ExerciseResult Result)
{
    /// <summary>Whether it earned what it should.</summary>
    public bool Holds => Complaint is null;

    /// <summary>Why it does not hold; null when it does.</summary>
    public string? Complaint =>
        Result.Outcome is ExerciseOutcome.Unchecked or ExerciseOutcome.Lost or ExerciseOutcome.DoesNotCompile or ExerciseOutcome.Forbidden or ExerciseOutcome.Missing or ExerciseOutcome.Duplicate
            ? $"{Result.Outcome}: {Result.Reason}"
        : Math.Abs(Result.Steps.Sum(step => step.Points) - Result.Points) > 1e-9
            ? string.Create(CultureInfo.InvariantCulture, $"the steps are worth {Result.Steps.Sum(step => step.Points):0.##} points, the cells {Result.Points:0.##}")
        : Math.Abs(Result.Earned - Wanted) > 1e-9
            ? string.Create(CultureInfo.InvariantCulture, $"earned {Result.Earned:0.##}, wanted {Wanted:0.##}{Failures}")
        : null;

    private string Failures => string.Concat(Result.Steps.Select(step => $"; {step.Name}: {step.Failure ?? "passed"}"));
}

/// <summary>Proves that an assignment's checks tell right from wrong: the solution earns all, the stub nothing, each wrong answer what it should.</summary>
internal static class Validation
{
    private const string Solution = "the solution", Stub = "the stub";

    /// <summary>Grades all answers, the n-th wrong one of every exercise in one submission.</summary>
    /// <param name="assignment">The assignment.</param>
    /// <param name="grader">Grades it.</param>
    /// <param name="answered">Told each answer.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task RunAsync(Assignment assignment, SubmissionGrader grader, Action<ValidatedAnswer> answered, CancellationToken cancellation)
    {
        int rounds = 2 + assignment.Exercises.Max(exercise => exercise.Wrong.Count);
        for (int round = 0; round < rounds; round++)
        {
            Dictionary<string, (string Name, string Source, double Points)> answers = [];
            foreach (Exercise exercise in assignment.Exercises)
            {
                if (Answer(exercise, round) is { } answer)
                {
                    answers[exercise.SolutionId] = answer;
                }
            }
            SubmissionResult result = await grader.GradeAsync(Submission(assignment, answers), cancellation).ConfigureAwait(false);
            foreach (Exercise exercise in assignment.Exercises)
            {
                if (answers.TryGetValue(exercise.SolutionId, out (string Name, string Source, double Points) answer))
                {
                    answered(new ValidatedAnswer(exercise.Id, answer.Name, answer.Points, result.Exercises.Single(graded => graded.Id == exercise.Id)));
                }
            }
        }
    }

    private static (string Name, string Source, double Points)? Answer(Exercise exercise, int round) => round switch
    {
        0 => (Solution, exercise.Solution, exercise.Points),
        1 => (Stub, exercise.Stub, 0),
        _ when round - 2 < exercise.Wrong.Count => (exercise.Wrong[round - 2].Name, exercise.Wrong[round - 2].Source, exercise.Wrong[round - 2].Points),
        _ => null,
    };

    private static NotebookDocument Submission(Assignment assignment, Dictionary<string, (string Name, string Source, double Points)> answers)
    {
        NotebookDocument submission = NotebookDocument.Parse(assignment.Document.ToJson(), assignment.Name);
        foreach (NotebookCell cell in submission.Cells)
        {
            if (GraderMark.Of(cell) is { Solution: true } mark && answers.TryGetValue(mark.Id, out (string Name, string Source, double Points) answer))
            {
                cell.Source = answer.Source;
            }
        }
        return submission;
    }
}
