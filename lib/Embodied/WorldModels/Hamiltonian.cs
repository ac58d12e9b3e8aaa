using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>A stationary optimum, read off the stable motions of state and costate.</summary>
/// <param name="V">λ = Vx on the stable motions, [n, n_x, n_x].</param>
/// <param name="Eigenvalues">All 2n_x of the matrix, complex, [n, 2n_x].</param>
public sealed record StableSubspace(Tensor V, Tensor Eigenvalues);

/// <summary>
/// The same optimum by Pontryagin's principle instead of dynamic programming. With the costate λ, the price of the state, optimal motions obey
/// linear equations forwards in x and backwards in λ:
/// <code>
/// u = −R⁻¹(Sx + Bᵀλ + r),    dx/dt = Ax + Bu,    −dλ/dt = Qx + Sᵀu + Aᵀλ.
/// </code>
/// Over a finite time x₀ and λ_T = Q_T x_T + q_T are given: a boundary-value problem, solved here as the one linear system that it is. For ever, what
/// is optimal stays bounded: (x, λ) lies in the span of the stable eigenvectors (X; Y), so that λ = YX⁻¹x.
/// </summary>
/// <remarks>Pontryagin et al. 1962; Potter 1966; Vaughan 1970 in discrete time. Lecture: dynamics and LQR.</remarks>
public static class Hamiltonian
{
    /// <summary>Solves the algebraic Riccati equation AᵀV + VA − VBR⁻¹BᵀV + Q = 0 of ∫ ½xᵀQx + ½uᵀRu dt by the eigenvectors of [A −G; −Q −Aᵀ], G = BR⁻¹Bᵀ.</summary>
    /// <param name="A">[n, n_x, n_x], per second.</param>
    /// <param name="B">[n, n_x, n_u].</param>
    /// <param name="Q">[n, n_x, n_x].</param>
    /// <param name="R">[n, n_u, n_u].</param>
    /// <param name="S">[n, n_u, n_x]; 0 when null.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="InvalidOperationException">Not half of the eigenvalues are stable.</exception>
    public static StableSubspace Continuous(Tensor A, Tensor B, Tensor Q, Tensor R, Tensor? S = null)
    {
        using var scope = NewDisposeScope();
        (Tensor A0, Tensor G, Tensor Q0) = InfiniteHorizonLqr.WithoutCross(LqrProblem.TimeInvariant(A, B, Q, R, 1, S: S));
        Tensor H = cat([cat([A0, -G], 2), cat([-Q0, -A0.mT], 2)], 1);
        return Stable(H, eigenvalues => eigenvalues.real);
    }

    /// <summary>
    /// Solves the discrete algebraic Riccati equation by the symplectic matrix that takes (xₜ, λₜ) to (xₜ₊₁, λₜ₊₁),
    /// <code>
    /// [A + GA⁻ᵀQ   −GA⁻ᵀ]
    /// [  −A⁻ᵀQ       A⁻ᵀ ] .
    /// </code>
    /// </summary>
    /// <param name="A">[n, n_x, n_x], invertible (after the cross term is absorbed).</param>
    /// <param name="B">[n, n_x, n_u].</param>
    /// <param name="Q">[n, n_x, n_x].</param>
    /// <param name="R">[n, n_u, n_u].</param>
    /// <param name="S">[n, n_u, n_x]; 0 when null.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="InvalidOperationException">A is singular, or not half of the eigenvalues are stable.</exception>
    public static StableSubspace Discrete(Tensor A, Tensor B, Tensor Q, Tensor R, Tensor? S = null)
    {
        using var scope = NewDisposeScope();
        (Tensor A0, Tensor G, Tensor Q0) = InfiniteHorizonLqr.WithoutCross(LqrProblem.TimeInvariant(A, B, Q, R, 1, S: S));
        Tensor sizes = linalg.svdvals(A0);
        if (LqrProblem.Place(sizes.amin([1L]).le(sizes.amax([1L]) * (A.dtype == ScalarType.Float32 ? 1e-6 : 1e-13)).unsqueeze(1)) is { } place)
        {
            throw new InvalidOperationException($"A − BR⁻¹S is singular at {place}: the motion has no inverse, and the symplectic matrix does not exist.");
        }
        Tensor inverse = linalg.inv(A0.mT.contiguous());
        Tensor back = inverse.bmm(Q0);
        Tensor Z = cat([cat([A0 + G.bmm(back), -G.bmm(inverse)], 2), cat([-back, inverse], 2)], 1);
        return Stable(Z, eigenvalues => eigenvalues.abs() - 1);
    }

    /// <summary>
    /// Solves a finite problem from x₀ as one linear system in all states, controls and costates: the condition that every derivative of
    /// the Lagrangian J + Σ λₜ₊₁ᵀ(Aₜxₜ + Bₜuₜ + cₜ − xₜ₊₁) + λ₀ᵀ(start − x₀) vanishes. Its size is (T + 1)(2n_x) + T n_u, its price the cube of that.
    /// </summary>
    /// <param name="problem">What to solve.</param>
    /// <param name="start">x₀, [n, n_x].</param>
    /// <returns>States [n, T + 1, n_x], controls [n, T, n_u] and costates [n, T + 1, n_x].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static (Tensor States, Tensor Controls, Tensor Costates) BoundaryValue(LqrProblem problem, Tensor start)
    {
        ShapeCheck.Require(start, nameof(start), problem.Batch, problem.StateSize);
        using var scope = NewDisposeScope();
        int T = problem.Horizon, n = problem.Batch, nx = problem.StateSize, nu = problem.ControlSize;
        int u0 = (T + 1) * nx, l0 = u0 + T * nu, size = l0 + (T + 1) * nx;
        Tensor M = zeros([n, size, size], dtype: start.dtype, device: start.device), b = zeros([n, size], dtype: start.dtype, device: start.device);
        Tensor I = eye(nx, dtype: start.dtype, device: start.device).expand(n, nx, nx);
        void Put(int row, int column, Tensor block)
        {
            M.narrow(1, row, block.shape[1]).narrow(2, column, block.shape[2]).copy_(block);
            M.narrow(1, column, block.shape[2]).narrow(2, row, block.shape[1]).copy_(block.mT);
        }

        for (int t = 0; t <= T; t++)
        {
            int x = t * nx, u = u0 + t * nu, l = l0 + t * nx;
            Put(x, x, problem.Q[.., t]);
            b.narrow(1, x, nx).copy_(-problem.q[.., t]);
            Put(l, x, -I);
            b.narrow(1, l, nx).copy_(t == 0 ? -start : -problem.c[.., t - 1]);
            if (t < T)
            {
                Put(u, u, problem.R[.., t]);
                Put(u, x, problem.S[.., t]);
                b.narrow(1, u, nu).copy_(-problem.r[.., t]);
                Put(l + nx, x, problem.A[.., t]);
                Put(l + nx, u, problem.B[.., t]);
            }
        }
        Tensor solved = linalg.solve(M, b.unsqueeze(-1)).squeeze(-1);
        return (
            solved.narrow(1, 0, u0).reshape(n, T + 1, nx).MoveToOuterDisposeScope(),
            solved.narrow(1, u0, T * nu).reshape(n, T, nu).MoveToOuterDisposeScope(),
            solved.narrow(1, l0, (T + 1) * nx).reshape(n, T + 1, nx).MoveToOuterDisposeScope());
    }

    private static StableSubspace Stable(Tensor H, Func<Tensor, Tensor> instability)
    {
        long nx = H.shape[1] / 2;
        (Tensor eigenvalues, Tensor vectors) = linalg.eig(H);
        (Tensor rates, Tensor order) = instability(eigenvalues).sort(1);
        if (LqrProblem.Place(rates[.., (int)nx - 1].ge(0).logical_or(rates[.., (int)nx].le(0)).unsqueeze(1)) is { } place)
        {
            throw new InvalidOperationException($"Not half of the eigenvalues are stable at {place}: no control stabilises the system, or a motion costs nothing.");
        }
        Tensor stable = vectors.gather(2, order[.., ..(int)nx].unsqueeze(1).expand(-1, 2 * nx, -1));
        // V = YX⁻¹, by Xᵀ Vᵀ = Yᵀ.
        Tensor V = linalg.solve(stable.narrow(1, 0, nx).mT, stable.narrow(1, nx, nx).mT).mT.real;
        return new(((V + V.mT) / 2).MoveToOuterDisposeScope(), eigenvalues.MoveToOuterDisposeScope());
    }
}
