namespace Embodied;

/// <summary>What a training loop or an iterative solver reports of itself through <see cref="IProgress{T}"/>.</summary>
/// <param name="Step">Steps done, from 1 to <paramref name="Steps"/>.</param>
/// <param name="Steps">Steps in all; 0 when the number is not known beforehand.</param>
/// <param name="Loss">The loss or residual at this step, in its own unit; NaN when there is none to show.</param>
public readonly record struct TrainingProgress(int Step, int Steps, double Loss);
