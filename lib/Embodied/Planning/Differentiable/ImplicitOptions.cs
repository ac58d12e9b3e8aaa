namespace Embodied.Planning.Differentiable;

/// <summary>How the linear system of implicit differentiation is solved.</summary>
public enum AdjointSolver
{
    /// <summary>Conjugate gradients; on the normal equations where the matrix is not symmetric.</summary>
    ConjugateGradients,

    /// <summary>The Neumann series: what backpropagation through the loop sums.</summary>
    Neumann,
}

/// <summary>Settings of implicit differentiation.</summary>
public sealed record ImplicitOptions
{
    /// <summary>How the linear system is solved.</summary>
    public AdjointSolver Solver { get; init; } = AdjointSolver.ConjugateGradients;

    /// <summary>Iterations of conjugate gradients at most, or terms of the series.</summary>
    public int Iterations { get; init; } = 100;

    /// <summary>The relative residual at which conjugate gradients end.</summary>
    public double Tolerance { get; init; } = 1e-12;

    /// <summary>α of the descent whose series is summed, at an optimum.</summary>
    public double Step { get; init; } = 0.1;
}
