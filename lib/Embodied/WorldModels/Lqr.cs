using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>
/// The Riccati recursion: dynamic programming backwards through a linear-quadratic problem. With F = [A B] and C = [Q Sᵀ; S R], the cost of (x, u)
/// followed by the best controls is quadratic with
/// <code>
/// W = Cₜ + FᵀVₜ₊₁F,     w = (q, r) + Fᵀ(vₜ₊₁ + Vₜ₊₁c),
/// K = −W_uu⁻¹W_ux,      k = −W_uu⁻¹w_u,      Vₜ = MᵀWM  and  vₜ = Mᵀ(w + W_{·u}k)  with  M = [I; K].
/// </code>
/// That form of Vₜ holds for any K, and stays positive where rounding has spoilt Vₜ = W_xx − W_xuW_uu⁻¹W_ux.
/// </summary>
/// <remarks>Kalman 1960; Anderson &amp; Moore, <i>Optimal control: linear quadratic methods</i>, chapter 2. Lecture: dynamics and LQR.</remarks>
public static class Lqr
{
    /// <summary>Solves a batch of problems.</summary>
    /// <param name="problem">What to solve.</param>
    /// <returns>Policy, value function and factors.</returns>
    /// <exception cref="InvalidOperationException">R + BᵀVB is not positive definite: the controls' cost has no minimum. The message names step and problem.</exception>
    public static LqrSolution Solve(LqrProblem problem)
    {
        using var scope = NewDisposeScope();
        int T = problem.Horizon, nx = problem.StateSize;
        Tensor[] F = cat([problem.A, problem.B], -1).unbind(1);
        Tensor[] C = Riccati.Joined(problem.Q[.., ..T], problem.S, problem.R).unbind(1);
        Tensor[] l = cat([problem.q[.., ..T], problem.r], -1).unsqueeze(-1).unbind(1), c = problem.c.unsqueeze(-1).unbind(1);
        Tensor I = eye(nx, dtype: problem.A.dtype, device: problem.A.device).expand(problem.Batch, nx, nx);

        Tensor V = problem.Q[.., T], v = problem.q[.., T].unsqueeze(-1), constant = zeros(problem.Batch, dtype: V.dtype, device: V.device);
        var gains = new Tensor[T];
        var feed = new Tensor[T];
        var factors = new Tensor[T];
        var failed = new Tensor[T];
        List<Tensor> Vs = [V], vs = [v], constants = [constant];
        for (int t = T - 1; t >= 0; t--)
        {
            (Tensor W, Tensor w) = Riccati.Action(C[t], l[t], F[t], c[t], V, v);
            Tensor Wu = W.narrow(1, nx, problem.ControlSize), wu = w.narrow(1, nx, problem.ControlSize), Wuu = Wu.narrow(2, nx, problem.ControlSize);
            (factors[t], failed[t]) = linalg.cholesky_ex(Wuu);
            Tensor both = cat([Wu.narrow(2, 0, nx), wu], 2).cholesky_solve(factors[t]).neg();
            (gains[t], feed[t]) = (both.narrow(2, 0, nx), both.narrow(2, nx, 1));
            Tensor fromDrift = (c[t] * (v + V.bmm(c[t]) / 2)).sum([1L, 2L]);
            constant = constant + fromDrift + (feed[t] * (wu + Wuu.bmm(feed[t]) / 2)).sum([1L, 2L]);
            (V, v) = Riccati.Value(W, w, cat([I, gains[t]], 1), feed[t]);
            Vs.Add(V);
            vs.Add(v);
            constants.Add(constant);
        }
        Require(stack(failed, 1));
        Vs.Reverse();
        vs.Reverse();
        constants.Reverse();
        return new(
            problem, stack(gains, 1).MoveToOuterDisposeScope(), stack(feed, 1).squeeze(-1).MoveToOuterDisposeScope(),
            stack(Vs, 1).MoveToOuterDisposeScope(), stack(vs, 1).squeeze(-1).MoveToOuterDisposeScope(),
            stack(constants, 1).MoveToOuterDisposeScope(), stack(factors, 1).MoveToOuterDisposeScope());
    }

    /// <summary>
    /// Solves a problem that differs from a solved one in its linear terms q, r and c alone. V, K and the factors stay; only vₜ and kₜ are
    /// computed anew, by products of matrices with vectors. The gradient of a solution with respect to its problem is such a problem (Amos et al. 2018).
    /// </summary>
    /// <param name="solved">The solution to build on.</param>
    /// <param name="q">[n, T + 1, n_x].</param>
    /// <param name="r">[n, T, n_u].</param>
    /// <param name="c">[n, T, n_x].</param>
    /// <param name="start">x₀, [n, n_x].</param>
    /// <returns>States [n, T + 1, n_x], controls [n, T, n_u] and costates λₜ = Vₜxₜ + vₜ, [n, T + 1, n_x].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static (Tensor States, Tensor Controls, Tensor Costates) Again(LqrSolution solved, Tensor q, Tensor r, Tensor c, Tensor start)
    {
        LqrProblem problem = solved.Problem;
        ShapeCheck.Require(q, nameof(q), problem.q.shape);
        ShapeCheck.Require(r, nameof(r), problem.r.shape);
        ShapeCheck.Require(c, nameof(c), problem.c.shape);
        ShapeCheck.Require(start, nameof(start), problem.Batch, problem.StateSize);
        return AgainFrom(problem.A, problem.B, solved.V, solved.K, solved.Factor, q, r, c, start);
    }

    /// <summary>The same from the parts of a solution.</summary>
    internal static (Tensor States, Tensor Controls, Tensor Costates) AgainFrom(
        Tensor A, Tensor B, Tensor V, Tensor K, Tensor factor, Tensor q, Tensor r, Tensor c, Tensor start)
    {
        int T = (int)A.shape[1];
        using var scope = NewDisposeScope();
        Tensor[] Bs = B.mT.unbind(1), closed = (A + B.matmul(K)).mT.unbind(1), gains = K.mT.unbind(1), factors = factor.unbind(1);
        Tensor[] ls = q.unsqueeze(-1).unbind(1), rs = r.unsqueeze(-1).unbind(1);
        // Vₜ₊₁cₜ does not depend on what the recursion finds.
        Tensor[] pull = V[.., 1..].matmul(c.unsqueeze(-1)).unbind(1);
        Tensor v = ls[T];
        List<Tensor> vs = [v];
        var feed = new Tensor[T];
        for (int t = T - 1; t >= 0; t--)
        {
            Tensor next = v + pull[t];
            feed[t] = (rs[t] + Bs[t].bmm(next)).cholesky_solve(factors[t]).neg();
            // The terms of k cancel, for K is optimal: W_xu k = −KᵀW_uu k.
            v = ls[t] + closed[t].bmm(next) + gains[t].bmm(rs[t]);
            vs.Add(v);
        }
        vs.Reverse();
        (Tensor x, Tensor u) = LqrSolution.Rollout(A, B, K, stack(feed, 1).squeeze(-1), c, start);
        Tensor costates = (V.matmul(x.unsqueeze(-1)) + stack(vs, 1)).squeeze(-1);
        return (x.MoveToOuterDisposeScope(), u.MoveToOuterDisposeScope(), costates.MoveToOuterDisposeScope());
    }

    // Going backwards, what fails last in time fails first, and all before it follows.
    private static void Require(Tensor failed)
    {
        if (failed.ne(0).any().item<bool>())
        {
            long[] last = [.. failed.ne(0).to(ScalarType.Int64).mul(arange(1, failed.shape[1] + 1)).amax([1L]).data<long>()];
            int problem = Array.FindIndex(last, step => step > 0);
            throw NoMinimum(last[problem] - 1, problem);
        }
    }

    /// <summary>What an indefinite step is answered with.</summary>
    internal static InvalidOperationException NoMinimum(long step, long problem) =>
        new($"R + BᵀVB is not positive definite at step {step} of problem {problem}: the cost of the controls has no minimum there.");
}
