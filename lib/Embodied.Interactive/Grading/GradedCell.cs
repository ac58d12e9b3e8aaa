namespace Embodied.Interactive.Grading;

/// <summary>A cell of a notebook that was handed in.</summary>
/// <param name="Name">What findings call it.</param>
/// <param name="Source">Its source.</param>
/// <param name="IsGiven">Whether it is as the instructor wrote it: other cells may use what it declares, and it may use anything.</param>
public sealed record GradedCell(string Name, string Source, bool IsGiven = false);
