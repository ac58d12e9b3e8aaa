using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>
/// The optimal policy u = Kₜx + kₜ of an <see cref="LqrProblem"/>, the cost to go ½xᵀVₜx + vₜᵀx + constant, and the factors from which a second
/// problem with the same matrices is solved at a fraction of the price (<see cref="Lqr.Again"/>).
/// </summary>
/// <param name="Problem">What was solved.</param>
/// <param name="K">Gains, [n, T, n_u, n_x].</param>
/// <param name="k">Feed-forward controls, [n, T, n_u].</param>
/// <param name="V">[n, T + 1, n_x, n_x], symmetric.</param>
/// <param name="v">[n, T + 1, n_x].</param>
/// <param name="Constant">[n, T + 1].</param>
/// <param name="Factor">The Cholesky factor of Rₜ + BₜᵀVₜ₊₁Bₜ, [n, T, n_u, n_u], lower.</param>
public sealed record LqrSolution(LqrProblem Problem, Tensor K, Tensor k, Tensor V, Tensor v, Tensor Constant, Tensor Factor)
{
    /// <summary>Aₜ + BₜKₜ, [n, T, n_x, n_x]: the system under its own policy, and transposed the way of its gradients.</summary>
    public Tensor ClosedLoop() => Problem.A + Problem.B.matmul(K);

    /// <summary>The cost to go from states at a step.</summary>
    /// <param name="x">[n, n_x].</param>
    /// <param name="step">t, from 0 to T.</param>
    /// <returns>½xᵀVₜx + vₜᵀx + constant, [n].</returns>
    public Tensor Value(Tensor x, int step = 0)
    {
        ShapeCheck.Require(x, nameof(x), Problem.Batch, Problem.StateSize);
        using var scope = NewDisposeScope();
        Tensor X = x.unsqueeze(-1);
        Tensor ofState = (X * (V[.., step].bmm(X) / 2 + v[.., step].unsqueeze(-1))).flatten(1).sum(1);
        return (ofState + Constant[.., step]).MoveToOuterDisposeScope();
    }

    /// <summary>Follows the policy from a state.</summary>
    /// <param name="start">x₀, [n, n_x].</param>
    /// <returns>States [n, T + 1, n_x] and controls [n, T, n_u].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public (Tensor States, Tensor Controls) Rollout(Tensor start) => Rollout(start, k, Problem.c);

    /// <summary>Follows another policy of the same gains, xₜ₊₁ = Aₜxₜ + Bₜ(Kₜxₜ + kₜ) + cₜ.</summary>
    internal (Tensor States, Tensor Controls) Rollout(Tensor start, Tensor k, Tensor c)
    {
        ShapeCheck.Require(start, nameof(start), Problem.Batch, Problem.StateSize);
        return Rollout(Problem.A, Problem.B, K, k, c, start);
    }

    /// <summary>Follows a policy.</summary>
    internal static (Tensor States, Tensor Controls) Rollout(Tensor As, Tensor Bs, Tensor K, Tensor k, Tensor c, Tensor start)
    {
        using var scope = NewDisposeScope();
        Tensor[] A = As.unbind(1), B = Bs.unbind(1), gains = K.unbind(1), feed = k.unsqueeze(-1).unbind(1), drift = c.unsqueeze(-1).unbind(1);
        List<Tensor> states = [start.unsqueeze(-1)], controls = [];
        for (int t = 0; t < A.Length; t++)
        {
            Tensor x = states[^1], u = gains[t].bmm(x) + feed[t];
            controls.Add(u);
            states.Add(A[t].bmm(x) + B[t].bmm(u) + drift[t]);
        }
        return (stack(states, 1).squeeze(-1).MoveToOuterDisposeScope(), stack(controls, 1).squeeze(-1).MoveToOuterDisposeScope());
    }
}
