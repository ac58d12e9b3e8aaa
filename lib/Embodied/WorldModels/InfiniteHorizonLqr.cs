using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>The policy for an endless problem, u = Kx, and its cost to go ½xᵀVx.</summary>
/// <param name="V">[n, n_x, n_x], the stabilising solution of the algebraic Riccati equation.</param>
/// <param name="K">[n, n_u, n_x].</param>
/// <param name="Changes">The largest relative change of V in each iteration.</param>
public sealed record StationaryPolicy(Tensor V, Tensor K, IReadOnlyList<double> Changes);

/// <summary>
/// The discrete algebraic Riccati equation of Σ ½xᵀQx + uᵀSx + ½uᵀRu over all time,
/// <code>
/// V = Q + AᵀVA − (S + BᵀVA)ᵀ(R + BᵀVB)⁻¹(S + BᵀVA),
/// </code>
/// by the recursion itself, whose error shrinks by a factor per step, or by doubling, which goes 1, 2, 4, 8, … steps at a time.
/// </summary>
/// <remarks>
/// Chu, Fan, Lin &amp; Wang, <i>Structure-preserving algorithms for periodic discrete-time algebraic Riccati equations</i>, 2004, for the
/// doubling. Lecture: dynamics and LQR.
/// </remarks>
public static class InfiniteHorizonLqr
{
    /// <summary>Solves by doubling.</summary>
    /// <param name="A">[n, n_x, n_x].</param>
    /// <param name="B">[n, n_x, n_u].</param>
    /// <param name="Q">[n, n_x, n_x], symmetric, positive semidefinite.</param>
    /// <param name="R">[n, n_u, n_u], symmetric, positive definite.</param>
    /// <param name="S">[n, n_u, n_x]; 0 when null.</param>
    /// <returns>V after 2ᵏ steps, where k more changed nothing.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, a value is not finite, or Q or R is not symmetric.</exception>
    /// <exception cref="InvalidOperationException">R is not positive definite, or no control keeps the cost finite.</exception>
    public static StationaryPolicy Solve(Tensor A, Tensor B, Tensor Q, Tensor R, Tensor? S = null)
    {
        using var scope = NewDisposeScope();
        LqrProblem problem = LqrProblem.TimeInvariant(A, B, Q, R, 1, S: S);
        (Tensor Ak, Tensor G, Tensor H) = WithoutCross(problem);
        Tensor I = eye(problem.StateSize, dtype: Ak.dtype, device: Ak.device);
        List<double> changes = [];
        while (changes.Count == 0 || !Settled(changes, Ak))
        {
            // (I + GH)⁻¹ of A and G at once; Aᵀ(I + HG)⁻¹HA is symmetric because H and G are.
            Tensor both = linalg.solve(I + G.bmm(H), cat([Ak, G], 2));
            Tensor solvedA = both.narrow(2, 0, problem.StateSize), solvedG = both.narrow(2, problem.StateSize, problem.StateSize);
            Tensor step = Ak.mT.bmm(H.bmm(solvedA));
            Tensor more = Ak.bmm(solvedG).bmm(Ak.mT);
            (H, G, Ak) = (H + (step + step.mT) / 2, G + (more + more.mT) / 2, Ak.bmm(solvedA));
            changes.Add(Change(step, H));
        }
        return Kept(Policy(problem, H, changes));
    }

    /// <summary>Solves by the Riccati recursion from V = Q.</summary>
    /// <inheritdoc cref="Solve"/>
    public static StationaryPolicy Iterate(Tensor A, Tensor B, Tensor Q, Tensor R, Tensor? S = null, int most = 100_000)
    {
        using var scope = NewDisposeScope();
        LqrProblem problem = LqrProblem.TimeInvariant(A, B, Q, R, 1, S: S);
        Tensor V = problem.Q[.., 0];
        List<double> changes = [];
        while (changes.Count == 0 || !Settled(changes, V))
        {
            if (changes.Count == most)
            {
                throw new InvalidOperationException($"The Riccati recursion did not settle within {most} steps.");
            }
            using var step = NewDisposeScope();
            Tensor next = Policy(problem, V, changes).V;
            changes.Add(Change(next - V, next));
            V = next.MoveToOuterDisposeScope();
        }
        return Kept(Policy(problem, V, changes));
    }

    /// <summary>What is left of the equation, V − (right-hand side), [n, n_x, n_x].</summary>
    /// <param name="V">[n, n_x, n_x].</param>
    /// <param name="A">[n, n_x, n_x].</param>
    /// <param name="B">[n, n_x, n_u].</param>
    /// <param name="Q">[n, n_x, n_x].</param>
    /// <param name="R">[n, n_u, n_u].</param>
    /// <param name="S">[n, n_u, n_x]; 0 when null.</param>
    public static Tensor Residual(Tensor V, Tensor A, Tensor B, Tensor Q, Tensor R, Tensor? S = null)
    {
        using var scope = NewDisposeScope();
        return (V - Policy(LqrProblem.TimeInvariant(A, B, Q, R, 1, S: S), V, []).V).MoveToOuterDisposeScope();
    }

    /// <summary>A − BR⁻¹S, BR⁻¹Bᵀ and Q − SᵀR⁻¹S: the same problem in u + R⁻¹Sx, which has no cross term.</summary>
    internal static (Tensor A, Tensor G, Tensor Q) WithoutCross(LqrProblem problem)
    {
        (Tensor factor, Tensor failed) = linalg.cholesky_ex(problem.R[.., 0]);
        if (LqrProblem.Place(failed.ne(0).unsqueeze(1)) is { } place)
        {
            throw new InvalidOperationException($"R is not positive definite at {place}.");
        }
        Tensor A = problem.A[.., 0], B = problem.B[.., 0], S = problem.S[.., 0];
        Tensor solved = S.cholesky_solve(factor);
        return (A - B.bmm(solved), B.bmm(B.mT.cholesky_solve(factor)), problem.Q[.., 0] - S.mT.bmm(solved));
    }

    /// <summary>The gain for a cost to go, and the cost to go one step earlier.</summary>
    internal static StationaryPolicy Policy(LqrProblem problem, Tensor V, IReadOnlyList<double> changes)
    {
        using var scope = NewDisposeScope();
        var last = new LqrProblem(problem.A, problem.B, stack([problem.Q[.., 0], V], 1), problem.R, problem.S);
        LqrSolution solution = Lqr.Solve(last);
        return new(solution.V[.., 0].clone().MoveToOuterDisposeScope(), solution.K[.., 0].clone().MoveToOuterDisposeScope(), changes);
    }

    private static StationaryPolicy Kept(StationaryPolicy policy) =>
        policy with { V = policy.V.MoveToOuterDisposeScope(), K = policy.K.MoveToOuterDisposeScope() };

    private static double Change(Tensor step, Tensor V) => (step.abs().max() / V.abs().max().clamp(min: 1e-300)).to(ScalarType.Float64).item<double>();

    private static bool Settled(List<double> changes, Tensor like)
    {
        double change = changes[^1];
        // A cost to go without bound doubles for ever; one that cannot be paid ends in infinities.
        if (!double.IsFinite(change) || (changes.Count >= 60 && change > 0.1))
        {
            throw new InvalidOperationException("The cost to go grows without bound: some motion that costs is beyond the reach of every control.");
        }
        return change <= (like.dtype == ScalarType.Float32 ? 1e-6 : 1e-14) || (changes.Count > 3 && change <= 1e-10 && change >= changes[^2]);
    }
}
