using Embodied.Interactive;

namespace Embodied.Course.Grading;

/// <summary>How an exercise was graded.</summary>
public enum ExerciseOutcome
{
    /// <summary>Its checks ran.</summary>
    Graded,

    /// <summary>The stub is still there.</summary>
    NotWritten,

    /// <summary>The submission has no such cell.</summary>
    Missing,

    /// <summary>The submission has several cells that claim to be it.</summary>
    Duplicate,

    /// <summary>The solution does not compile.</summary>
    DoesNotCompile,

    /// <summary>The solution calls what the exercise forbids.</summary>
    Forbidden,

    /// <summary>The solution's cell did not end in time, or ended its process.</summary>
    Lost,

    /// <summary>The notebook cannot be read.</summary>
    Unreadable,

    /// <summary>A check could not be run to its end: a person has to look.</summary>
    Unchecked,
}

/// <summary>What came of one exercise.</summary>
/// <param name="Id">The exercise.</param>
/// <param name="Points">What it is worth.</param>
/// <param name="Outcome">How it was graded.</param>
/// <param name="Reason">What to know beside the steps; null when they say all.</param>
/// <param name="Steps">What came of each step.</param>
public sealed record ExerciseResult(string Id, double Points, ExerciseOutcome Outcome, string? Reason, IReadOnlyList<CheckOutcome> Steps)
{
    /// <summary>The points earned; none unless the checks ran.</summary>
    public double Earned => Outcome == ExerciseOutcome.Graded ? Steps.Sum(step => step.Earned) : 0;
}

/// <summary>What came of a submission.</summary>
/// <param name="Exercises">One result for each of the assignment's exercises.</param>
public sealed record SubmissionResult(IReadOnlyList<ExerciseResult> Exercises)
{
    /// <summary>The points earned.</summary>
    public double Earned => Exercises.Sum(exercise => exercise.Earned);
}
