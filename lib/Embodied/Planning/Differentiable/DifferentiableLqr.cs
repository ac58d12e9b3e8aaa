using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>
/// The LQR solver as a layer. A motion that is optimal satisfies linear (KKT) equations; those of the gradient have the same matrix, so that the backward
/// pass is a second LQR problem, with the loss's gradient in place of the linear costs, no drift, and starting at 0:
/// <code>
/// min_d Σ ½dₜᵀCₜdₜ + (∂ℓ/∂xₜ, ∂ℓ/∂uₜ)ᵀdₜ,      dx₀ = 0,  dxₜ₊₁ = Aₜdxₜ + Bₜduₜ,
/// </code>
/// solved with the factors of the first (<see cref="Lqr.Again"/>): products of matrices with vectors alone. With λ and dλ the costates of both,
/// <code>
/// ∂ℓ/∂Qₜ = ½(dxₜxₜᵀ + xₜdxₜᵀ),   ∂ℓ/∂Rₜ = ½(duₜuₜᵀ + uₜduₜᵀ),   ∂ℓ/∂Sₜ = duₜxₜᵀ + uₜdxₜᵀ,   ∂ℓ/∂qₜ = dxₜ,   ∂ℓ/∂rₜ = duₜ,
/// ∂ℓ/∂Aₜ = dλₜ₊₁xₜᵀ + λₜ₊₁dxₜᵀ,   ∂ℓ/∂Bₜ = dλₜ₊₁uₜᵀ + λₜ₊₁duₜᵀ,   ∂ℓ/∂cₜ = dλₜ₊₁,   ∂ℓ/∂x₀ = dλ₀.
/// </code>
/// </summary>
/// <remarks>Amos et al. 2018, <i>Differentiable MPC for end-to-end planning and control</i>. Lecture: differentiable planning.</remarks>
public static class DifferentiableLqr
{
    /// <summary>The best motions from the starts.</summary>
    /// <param name="problem">Matrices, any of which may carry a graph.</param>
    /// <param name="start">x₀, [n, n_x].</param>
    /// <returns>States [n, T + 1, n_x] and controls [n, T, n_u]; gradients flow to start and to everything of the problem.</returns>
    /// <exception cref="ArgumentException">A shape or type does not fit, or start is not finite.</exception>
    /// <exception cref="InvalidOperationException">R + BᵀVB is not positive definite; the message names step and problem.</exception>
    public static (Tensor States, Tensor Controls) Solve(LqrProblem problem, Tensor start)
    {
        ShapeCheck.Require(start, nameof(start), problem.Batch, problem.StateSize);
        ProblemCheck.Type(start, nameof(start), problem.A, nameof(problem.A));
        ProblemCheck.Finite(start, nameof(start));
        using var scope = NewDisposeScope();
        LqrMotion motion;
        using (no_grad())
        {
            motion = Motion(problem, start);
        }
        Tensor[] inputs = [problem.A, problem.B, problem.Q, problem.R, problem.S, problem.q, problem.r, problem.c, start];
        bool[] wanted = [.. inputs.Select(each => each.requires_grad)];
        Tensor[] outputs = AdjointFunction.Attach(
            inputs, [motion.States, motion.Controls],
            [problem.A, problem.B, motion.V, motion.K, motion.Factor, motion.States, motion.Controls, motion.Costates],
            (saved, gradients) => Backward(saved, gradients, wanted));
        return (outputs[0].MoveToOuterDisposeScope(), outputs[1].MoveToOuterDisposeScope());
    }

    /// <summary>Solution and costates without a graph.</summary>
    internal static LqrMotion Motion(LqrProblem problem, Tensor start)
    {
        if (problem.A.device_type == TorchSharp.DeviceType.CPU)
        {
            return LqrKernel.Solve(problem, start);
        }
        LqrSolution solution = Lqr.Solve(problem);
        (Tensor x, Tensor u) = solution.Rollout(start);
        return new(x, u, (solution.V.matmul(x.unsqueeze(-1)) + solution.v.unsqueeze(-1)).squeeze(-1), solution.V, solution.K, solution.Factor);
    }

    private static Tensor?[] Backward(IReadOnlyList<Tensor> saved, IReadOnlyList<Tensor> gradients, bool[] wanted)
    {
        using var scope = NewDisposeScope();
        (Tensor A, Tensor B, Tensor V, Tensor K, Tensor factor, Tensor x, Tensor u, Tensor costates) =
            (saved[0], saved[1], saved[2], saved[3], saved[4], saved[5], saved[6], saved[7]);
        (Tensor dx, Tensor du, Tensor dcostates) = Adjoint(A, B, V, K, factor, gradients[0], gradients[1]);
        Tensor before = x.narrow(1, 0, u.shape[1]).contiguous(), dbefore = dx.narrow(1, 0, u.shape[1]).contiguous();
        Func<Tensor>[] formulas =
        [
            () => Pair(dcostates, before, costates, dbefore, 1, last: true), () => Pair(dcostates, u, costates, du, 1, last: true),
            () => Pair(dx, x, x, dx, 0.5), () => Pair(du, u, u, du, 0.5), () => Pair(du, before, u, dbefore, 1),
            () => dx, () => du, () => dcostates.narrow(1, 1, u.shape[1]).clone(), () => dcostates.select(1, 0).clone(),
        ];
        return [.. formulas.Zip(wanted, (formula, wants) => wants ? formula().MoveToOuterDisposeScope() : null)];
    }

    /// <summary>The second problem: dx, du and dλ.</summary>
    internal static (Tensor dx, Tensor du, Tensor dcostates) Adjoint(Tensor A, Tensor B, Tensor V, Tensor K, Tensor factor, Tensor ofStates, Tensor ofControls)
    {
        if (A.device_type == TorchSharp.DeviceType.CPU)
        {
            return LqrKernel.Again(A, B, V, K, factor, ofStates, ofControls);
        }
        return Lqr.AgainFrom(A, B, V, K, factor, ofStates, ofControls, zeros_like(ofStates.narrow(1, 1, A.shape[1])), zeros_like(ofStates.select(1, 0)));
    }

    // scale (a bᵀ + c dᵀ) at every step.
    private static Tensor Pair(Tensor a, Tensor b, Tensor c, Tensor d, double scale, bool last = false)
    {
        if (a.device_type == TorchSharp.DeviceType.CPU)
        {
            return LqrKernel.Outer(a, b, c, d, scale, last);
        }
        if (last)
        {
            (a, c) = (a.narrow(1, 1, b.shape[1]), c.narrow(1, 1, b.shape[1]));
        }
        return scale * (a.unsqueeze(-1) * b.unsqueeze(-2) + c.unsqueeze(-1) * d.unsqueeze(-2));
    }
}
