using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>How plans are made and differentiated.</summary>
public sealed record MpcOptions
{
    /// <summary>How the plan is found, bounds included.</summary>
    public IlqrOptions Planner { get; init; } = new() { Tolerance = 1e-9 };

    /// <summary>Newton steps at most, after the planner is done, that bring the plan to the optimum to the last digits.</summary>
    public int Polish { get; init; } = 4;

    /// <summary>
    /// Whether the curvature of the dynamics, Σ λₜ₊₁ ∂²F, is part of the last quadratic approximation. With it gradients are exact at an optimum; without it
    /// they are those of the paper's code, right for linear dynamics alone.
    /// </summary>
    public bool SecondOrder { get; init; } = true;
}

/// <summary>Plans through which gradients flow.</summary>
/// <param name="States">[n, T + 1, n_x].</param>
/// <param name="Controls">[n, T, n_u].</param>
/// <param name="Done">Which have come to an optimum, [n], bool; the others send no gradient.</param>
/// <param name="Held">Controls at a bound towards which the cost falls, [n, T, n_u], bool; they send no gradient.</param>
public sealed record MpcPlan(Tensor States, Tensor Controls, Tensor Done, Tensor Held);

/// <summary>
/// Model predictive control as a layer. <see cref="Ilqr"/> ends where its plan is the optimum of the linear-quadratic problem around it: a fixed point. How
/// it came there does not matter, so the backward pass goes through that last problem alone: a second LQR with its factors gives (dx, du, dλ), and
/// <code>
/// dℓ/dθ = ∂/∂θ Σₜ ( ∇l(xₜ, uₜ; θ)ᵀdₜ + λₜ₊₁ᵀ ∂F(xₜ, uₜ; θ) dₜ + dλₜ₊₁ᵀ F(xₜ, uₜ; θ) ) + ∇l_T(x_T; θ)ᵀdx_T.
/// </code>
/// Controls held by a bound do not move when θ does: in the last problem they are taken out, and their gradient is 0.
/// </summary>
/// <remarks>Amos et al. 2018, § 4; the curvature of the dynamics as in differential dynamic programming. Lecture: differentiable planning.</remarks>
public static class DifferentiableMpc
{
    /// <summary>Plans a batch of motions.</summary>
    /// <param name="dynamics">F, made of differentiable operations on θ.</param>
    /// <param name="cost">l and l_T, likewise.</param>
    /// <param name="start">x₀, [n, n_x].</param>
    /// <param name="guess">The first guess of the controls, [n, T, n_u]; a plan for similar parameters makes it quick.</param>
    /// <param name="parameters">θ: the tensors in dynamics and cost that gradients go to. They have to live until the backward pass.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="time">The time of x₀ in seconds.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>Plans; gradients flow from states and controls to start and θ.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, a value is not finite, or the first motion's cost is not.</exception>
    /// <exception cref="InvalidOperationException">A plan that is done is no strict optimum: R + BᵀVB is not positive definite. The message names step and problem.</exception>
    public static MpcPlan Solve(
        IDiscreteDynamics dynamics, IMotionCost cost, Tensor start, Tensor guess, IReadOnlyList<Tensor> parameters, MpcOptions? options = null,
        double time = 0, CancellationToken cancellation = default)
    {
        MpcOptions how = options ?? new();
        ProblemCheck.Finite(start, nameof(start));
        ProblemCheck.Finite(guess, nameof(guess), "step");
        using var scope = NewDisposeScope();
        Near near;
        Tensor done;
        using (no_grad())
        {
            IlqrResult plan = Ilqr.Solve(dynamics, cost, start.detach(), guess.detach(), how.Planner, time, cancellation: cancellation);
            done = plan.Done;
            near = Polished(dynamics, cost, plan, how, time);
        }
        Tensor[] theta = [.. parameters];
        Tensor[] outputs = AdjointFunction.Attach(
            [start, .. theta], [near.States.clone(), near.Controls.clone()],
            [near.Problem.A, near.Problem.B, near.Motion.V, near.Motion.K, near.Motion.Factor, near.Free, near.States, near.Controls, near.Prices, done],
            (saved, gradients) => Backward(dynamics, cost, theta, saved, gradients, time));
        return new(
            outputs[0].MoveToOuterDisposeScope(), outputs[1].MoveToOuterDisposeScope(), done.MoveToOuterDisposeScope(),
            near.Free.logical_not().logical_and(done.reshape(-1, 1, 1)).MoveToOuterDisposeScope());
    }

    private static Tensor?[] Backward(
        IDiscreteDynamics dynamics, IMotionCost cost, Tensor[] theta, IReadOnlyList<Tensor> saved, IReadOnlyList<Tensor> gradients, double time)
    {
        using var scope = NewDisposeScope();
        (Tensor A, Tensor B, Tensor V, Tensor K, Tensor factor, Tensor free, Tensor x, Tensor u, Tensor prices) =
            (saved[0], saved[1], saved[2], saved[3], saved[4], saved[5], saved[6], saved[7], saved[8]);
        int nx = (int)x.shape[2], T = (int)u.shape[1];
        Tensor done = saved[9].to(u.dtype).reshape(-1, 1, 1);
        (Tensor dx, Tensor du, Tensor dprices) = DifferentiableLqr.Adjoint(A, B, V, K, factor, gradients[0] * done, gradients[1] * free.to(u.dtype));
        using var _ = enable_grad();
        (Tensor states, Tensor controls, Tensor times) = MotionCosts.Rows(x.detach(), u.detach(), dynamics.Interval, time);
        Tensor z = cat([states, controls], 1).requires_grad_(), end = x.select(1, T).detach().requires_grad_();
        Tensor next = dynamics.Next(z.narrow(1, 0, nx), z.narrow(1, nx, u.shape[2]), times);
        Tensor stage = cost.Stage(z.narrow(1, 0, nx), z.narrow(1, nx, u.shape[2]), times), final = cost.Final(end);
        Tensor lagrangian = (stage + (next * prices.narrow(1, 1, T).flatten(0, 1)).sum(1)).sum() + final.sum();
        Tensor nothing = 0 * (z.square().sum() + end.square().sum() + theta.Aggregate((Tensor)0, (sum, each) => sum + each.square().sum()));
        IList<Tensor> slope = autograd.grad([lagrangian + nothing], [z, end], retain_graph: true, create_graph: true);
        Tensor along = (slope[0] * cat([dx.narrow(1, 0, T), du], 2).flatten(0, 1)).sum() + (slope[1] * dx.select(1, T)).sum()
            + (next * dprices.narrow(1, 1, T).flatten(0, 1)).sum() + nothing;
        Tensor[] wanted = [.. theta.Where(each => each.requires_grad)];
        Queue<Tensor> found = new(wanted.Length == 0 ? [] : autograd.grad([along], wanted).Select(each => each.detach()));
        return
        [
            dprices.select(1, 0).clone().MoveToOuterDisposeScope(),
            .. theta.Select(each => each.requires_grad ? found.Dequeue().MoveToOuterDisposeScope() : null),
        ];
    }

    // Newton's steps on the whole motion, the curvature of the dynamics included, controls on their bounds being held.
    private static Near Polished(IDiscreteDynamics dynamics, IMotionCost cost, IlqrResult plan, MpcOptions options, double time)
    {
        (Tensor Low, Tensor High)? bounds = Ilqr.BoundsOf(options.Planner, plan.Controls);
        Tensor x = plan.States, u = plan.Controls, J = plan.Cost;
        double tiny = u.dtype == ScalarType.Float32 ? 1e-6 : 1e-12;
        Near near = Around(dynamics, cost, x, u, plan.Done, bounds, true, time);
        for (int i = 0; i < options.Polish; i++)
        {
            Tensor step = near.Motion.Controls;
            if (step.abs().max().to(ScalarType.Float64).item<double>() <= tiny * (1 + u.abs().max().to(ScalarType.Float64).item<double>()))
            {
                break;
            }
            Tensor better = u + step;
            better = bounds is { } box ? better.clamp(box.Low, box.High) : better;
            Tensor states = dynamics.Rollout(x[.., 0], better, time), cheaper = cost.Total(states, better, dynamics.Interval, time);
            // Rounding may hide the last of the gain.
            Tensor keep = cheaper.le(J + 1e-9 * (1 + J.abs())).reshape(-1, 1, 1);
            (x, u) = (where(keep, states, x), where(keep, better, u));
            J = where(keep.flatten(), cheaper, J);
            near = Around(dynamics, cost, x, u, plan.Done, bounds, true, time);
        }
        return options.SecondOrder ? near : Around(dynamics, cost, x, u, plan.Done, bounds, false, time);
    }

    // The linear-quadratic problem in deviations from a motion, with held controls and unfinished motions taken out, and its solution.
    private static Near Around(
        IDiscreteDynamics dynamics, IMotionCost cost, Tensor x, Tensor u, Tensor done, (Tensor Low, Tensor High)? bounds, bool secondOrder, double time)
    {
        long n = u.shape[0], T = u.shape[1], nx = x.shape[2], nu = u.shape[2];
        (Tensor states, Tensor controls, Tensor times) = MotionCosts.Rows(x, u, dynamics.Interval, time);
        Linearised linear = dynamics.Linearise(states, controls, times);
        Tensor A = linear.A.reshape(n, T, nx, nx), B = linear.B.reshape(n, T, nx, nu);
        CostExpansion expansion = cost.Expand(x, u, dynamics.Interval, time);
        Tensor l = expansion.l, C = expansion.C;

        // λ of the motion itself, and with it the slope of J in each control.
        Tensor[] At = A.mT.unbind(1), lx = l.narrow(2, 0, nx).unsqueeze(-1).unbind(1);
        List<Tensor> prices = [expansion.FinalGradient.unsqueeze(-1)];
        for (int t = (int)T - 1; t >= 0; t--)
        {
            prices.Add(lx[t] + At[t].bmm(prices[^1]));
        }
        prices.Reverse();
        Tensor lambda = stack(prices, 1), slope = l.narrow(2, nx, nu) + B.mT.matmul(lambda.narrow(1, 1, T)).squeeze(-1);
        lambda = lambda.squeeze(-1);
        if (secondOrder)
        {
            Tensor ahead = lambda.narrow(1, 1, T).flatten(0, 1);
            C = C + Derivatives.Second(
                (z, row) => (dynamics.Next(z.narrow(1, 0, nx), z.narrow(1, nx, nu), times.index_select(0, row)) * ahead.index_select(0, row)).sum(1),
                cat([states, controls], 1)).Hessian.reshape(C.shape);
        }
        Tensor sound = done.reshape(-1, 1, 1), free = sound.expand(n, T, nu);
        if (bounds is { } box)
        {
            Tensor held = u.le(box.Low).logical_and(slope.gt(0)).logical_or(u.ge(box.High).logical_and(slope.lt(0)));
            free = free.logical_and(held.logical_not());
        }
        Tensor mask = free.to(u.dtype), row = sound.to(u.dtype).unsqueeze(-1), none = 1 - row;
        Tensor I = eye(nx, dtype: u.dtype, device: u.device);
        C = (C + C.mT) / 2;
        Tensor Q = cat([C.narrow(2, 0, nx).narrow(3, 0, nx), (expansion.FinalHessian + expansion.FinalHessian.mT).unsqueeze(1) / 2], 1);
        Tensor R = C.narrow(2, nx, nu).narrow(3, nx, nu), S = C.narrow(2, nx, nu).narrow(3, 0, nx);
        var problem = new LqrProblem(
            A * row, B * mask.unsqueeze(2), Q * row + I * none, R * mask.unsqueeze(2) * mask.unsqueeze(3) + diag_embed(1 - mask), S * mask.unsqueeze(3),
            cat([l.narrow(2, 0, nx), expansion.FinalGradient.unsqueeze(1)], 1) * row.squeeze(-1), l.narrow(2, nx, nu) * mask);
        return new(problem, DifferentiableLqr.Motion(problem, zeros_like(x[.., 0])), x, u, lambda, free);
    }

    private sealed record Near(LqrProblem Problem, LqrMotion Motion, Tensor States, Tensor Controls, Tensor Prices, Tensor Free);
}
