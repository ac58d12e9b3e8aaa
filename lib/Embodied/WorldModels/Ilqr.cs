using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>How iLQR runs. The defaults are those of Tassa, Erez and Todorov (2012).</summary>
public sealed record IlqrOptions
{
    /// <summary>The most iterations.</summary>
    public int Iterations { get; init; } = 300;

    /// <summary>A motion is done when an iteration lowers its cost by less than this, relative to 1 + |J|.</summary>
    public double Tolerance { get; init; } = 1e-7;

    /// <summary>The smallest control, in every entry; none when null.</summary>
    public double? Low { get; init; }

    /// <summary>The largest control, in every entry; none when null.</summary>
    public double? High { get; init; }

    /// <summary>Bounds for each entry of the control, [n_u], in place of <see cref="Low"/> and <see cref="High"/>.</summary>
    public (Tensor Low, Tensor High)? Bounds { get; init; }

    /// <summary>Whether the dynamics' second derivatives count (DDP), or not (iLQR).</summary>
    public bool SecondOrder { get; init; }

    /// <summary>μ at first: V is taken to be V + μI where controls are chosen, so that new states stay near the old ones.</summary>
    public double Regularisation { get; init; } = 1;

    /// <summary>The largest μ; a motion that wants more is given up.</summary>
    public double MostRegularisation { get; init; } = 1e10;

    /// <summary>By what power of ten the steps of the line search fall: α = 1, …, 10⁻³ by default, all tried at once.</summary>
    public double ShortestStep { get; init; } = -3;

    /// <summary>How many α are tried.</summary>
    public int Steps { get; init; } = 11;
}

/// <summary>Locally optimal motions with the feedback that keeps to them.</summary>
/// <param name="States">[n, T + 1, n_x].</param>
/// <param name="Controls">[n, T, n_u].</param>
/// <param name="K">Gains: the control near the motion is uₜ + Kₜ(x − xₜ), [n, T, n_u, n_x].</param>
/// <param name="Cost">J, [n].</param>
/// <param name="Done">Which have converged, [n], bool.</param>
/// <param name="History">J at the start and after each iteration, [n] each.</param>
public sealed record IlqrResult(Tensor States, Tensor Controls, Tensor K, Tensor Cost, Tensor Done, IReadOnlyList<Tensor> History)
{
    /// <summary>Iterations until the last was done.</summary>
    public int Iterations => History.Count - 1;
}

/// <summary>
/// Optimal control of nonlinear systems by a sequence of linear-quadratic problems. Around a motion, linearise F and expand l to second order; a Riccati
/// sweep gives δu = k + K δx; follow u + αk + K δx from the start, with α chosen by a line search; repeat. V + μI in place of V keeps the sweep
/// positive and new states near; μ rises where a sweep or a search fails, and falls where they succeed. With bounds, k is the minimum of a box-constrained
/// quadratic program, and bounded entries have no feedback. DDP keeps the curvature Σᵢ vᵢ ∂²Fᵢ too: more work per iteration, fewer of them near the end.
/// </summary>
/// <remarks>
/// Jacobson &amp; Mayne 1970; Li &amp; Todorov 2004; Tassa, Erez &amp; Todorov 2012; Tassa, Mansard &amp; Todorov 2014. Lecture: dynamics and LQR.
/// </remarks>
public static class Ilqr
{
    private const double Factor = 1.6, LeastRegularisation = 1e-6, LeastRatio = 1e-4;

    /// <summary>Improves a batch of motions, each by itself, until all are done.</summary>
    /// <param name="dynamics">F.</param>
    /// <param name="cost">l and l_T.</param>
    /// <param name="start">x₀, [n, n_x].</param>
    /// <param name="controls">The first guess, [n, T, n_u]; clamped to the bounds.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="time">The time of x₀ in seconds.</param>
    /// <param name="progress">Told iterations and the mean cost.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or the first motion's cost is not finite.</exception>
    public static IlqrResult Solve(
        IDiscreteDynamics dynamics, IMotionCost cost, Tensor start, Tensor controls, IlqrOptions? options = null, double time = 0,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        ShapeCheck.Require(start, nameof(start), -1, dynamics.StateSize);
        ShapeCheck.Require(controls, nameof(controls), start.shape[0], -1, dynamics.ControlSize);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        (Tensor Low, Tensor High)? bounds = BoundsOf(options, controls);
        long n = start.shape[0], T = controls.shape[1], nx = dynamics.StateSize, nu = dynamics.ControlSize;

        Tensor u = bounds is { } box ? controls.clamp(box.Low, box.High) : controls.clone();
        Tensor x = dynamics.Rollout(start, u, time), J = cost.Total(x, u, dynamics.Interval, time);
        if (!J.isfinite().all().item<bool>())
        {
            throw new ArgumentException("The cost of the first motion is not finite; begin with controls under which the system stays in bounds.", nameof(controls));
        }
        Tensor K = zeros([n, T, nu, nx], dtype: u.dtype, device: u.device);
        Tensor mu = full(n, options.Regularisation, dtype: u.dtype, device: u.device), rise = ones_like(mu);
        Tensor done = zeros(n, dtype: ScalarType.Bool, device: u.device), givenUp = zeros_like(done);
        List<Tensor> history = [J.clone()];
        for (int iteration = 1; iteration <= options.Iterations; iteration++)
        {
            Tensor going = done.logical_or(givenUp).logical_not().nonzero().flatten();
            if (going.numel() == 0)
            {
                break;
            }
            cancellation.ThrowIfCancellationRequested();
            using var iterationScope = NewDisposeScope();
            var part = new Motions(x.index_select(0, going), u.index_select(0, going), J.index_select(0, going), mu.index_select(0, going));
            Policy policy = Backward(dynamics, cost, part, bounds, options.SecondOrder, time);
            (Motions better, Tensor improved) = Forward(dynamics, cost, part, policy, bounds, options, time);

            Tensor change = part.J - better.J;
            // A large μ makes steps small far from any minimum; without it, where there is no step to take there is nothing to improve.
            Tensor calm = part.mu.le(Math.Max(1, options.Regularisation)).logical_and(policy.Sound);
            Tensor still = policy.Feed.abs().flatten(1).amax([1L]).le(options.Tolerance * (1 + part.u.abs().flatten(1).amax([1L])));
            Tensor settled = improved.logical_and(change.le(options.Tolerance * (1 + part.J.abs()))).logical_or(still).logical_and(calm);
            Tensor oldRise = rise.index_select(0, going);
            Tensor newRise = where(improved, (oldRise / Factor).clamp(max: 1 / Factor), (oldRise * Factor).clamp(min: Factor));
            Tensor scaled = part.mu * newRise;
            Tensor newMu = where(improved, where(scaled.ge(LeastRegularisation), scaled, zeros_like(scaled)), scaled.clamp(min: LeastRegularisation));

            x.index_copy_(0, going, better.x);
            u.index_copy_(0, going, better.u);
            J.index_copy_(0, going, better.J);
            K.index_copy_(0, going, policy.Gains);
            mu.index_copy_(0, going, newMu);
            rise.index_copy_(0, going, newRise);
            done.index_copy_(0, going, settled);
            givenUp.index_copy_(0, going, newMu.gt(options.MostRegularisation));
            history.Add(J.clone().MoveToOuterDisposeScope());
            progress?.Report(new(iteration, options.Iterations, J.mean().to(ScalarType.Float64).item<double>()));
        }
        return new(
            x.MoveToOuterDisposeScope(), u.MoveToOuterDisposeScope(), K.MoveToOuterDisposeScope(), J.MoveToOuterDisposeScope(),
            done.MoveToOuterDisposeScope(), [.. history.Select(cost => cost.MoveToOuterDisposeScope())]);
    }

    /// <summary>Improves several first guesses for each start and keeps the cheapest motion: what is found from one guess is a local minimum, and may be a poor one.</summary>
    /// <param name="dynamics">F.</param>
    /// <param name="cost">l and l_T.</param>
    /// <param name="start">x₀, [n, n_x].</param>
    /// <param name="guesses">m first guesses for each, [n, m, T, n_u]; clamped to the bounds.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="time">The time of x₀ in seconds.</param>
    /// <param name="progress">Told iterations and the mean cost.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The n cheapest; the history is that of the cheapest guess at each iteration.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or the first motion's cost is not finite.</exception>
    public static IlqrResult SolveBest(
        IDiscreteDynamics dynamics, IMotionCost cost, Tensor start, Tensor guesses, IlqrOptions? options = null, double time = 0,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ShapeCheck.Require(start, nameof(start), -1, dynamics.StateSize);
        ShapeCheck.Require(guesses, nameof(guesses), start.shape[0], -1, -1, dynamics.ControlSize);
        using var scope = NewDisposeScope();
        long n = start.shape[0], m = guesses.shape[1];
        IlqrResult all = Solve(dynamics, cost, start.repeat_interleave(m, 0), guesses.flatten(0, 1), options, time, progress, cancellation);
        Tensor which = arange(n, device: start.device) * m + all.Cost.view(n, m).argmin(1);
        Tensor Chosen(Tensor each) => each.index_select(0, which).MoveToOuterDisposeScope();
        return new(
            Chosen(all.States), Chosen(all.Controls), Chosen(all.K), Chosen(all.Cost), Chosen(all.Done),
            [.. all.History.Select(each => each.view(n, m).amin([1L]).MoveToOuterDisposeScope())]);
    }

    // The sweep. Rows that are not positive definite somewhere go on with the identity, and are told.
    private static Policy Backward(
        IDiscreteDynamics dynamics, IMotionCost cost, Motions motions, (Tensor Low, Tensor High)? bounds, bool secondOrder, double time)
    {
        long n = motions.u.shape[0], T = motions.u.shape[1], nx = dynamics.StateSize, nu = dynamics.ControlSize, nz = nx + nu;
        (Tensor states, Tensor controls, Tensor times) = MotionCosts.Rows(motions.x, motions.u, dynamics.Interval, time);
        Linearised near = dynamics.Linearise(states, controls, times);
        Tensor[] F = cat([near.A, near.B], 2).reshape(n, T, nx, nz).unbind(1);
        CostExpansion expansion = cost.Expand(motions.x, motions.u, dynamics.Interval, time);
        Tensor[] C = expansion.C.unbind(1), l = expansion.l.unsqueeze(-1).unbind(1);
        Tensor[]? curvature = secondOrder ? dynamics.Curvature(states, controls, times).reshape(n, T, nx, nz * nz).unbind(1) : null;
        Tensor[] us = motions.u.unbind(1);
        Tensor mu = motions.mu.reshape(n, 1, 1);
        Tensor I = eye(nx, dtype: mu.dtype, device: mu.device).expand(n, nx, nx), Iu = eye(nu, dtype: mu.dtype, device: mu.device);

        Tensor V = expansion.FinalHessian, v = expansion.FinalGradient.unsqueeze(-1);
        Tensor sound = ones(n, dtype: ScalarType.Bool, device: mu.device);
        Tensor linear = zeros(n, dtype: mu.dtype, device: mu.device), quadratic = zeros_like(linear);
        var gains = new Tensor[T];
        var feed = new Tensor[T];
        for (int t = (int)T - 1; t >= 0; t--)
        {
            Tensor curved = curvature is null ? C[t] : C[t] + v.mT.bmm(curvature[t]).reshape(n, nz, nz);
            (Tensor W, Tensor w) = Riccati.Action(curved, l[t], F[t], null, V, v);
            Tensor Fu = F[t].narrow(2, nx, nu), wu = w.narrow(1, nx, nu);
            Tensor Wu = W.narrow(1, nx, nu) + mu * Fu.mT.bmm(F[t]);
            Tensor Wux = Wu.narrow(2, 0, nx), Wuu = Wu.narrow(2, nx, nu);
            Wuu = (Wuu + Wuu.mT) / 2;
            Tensor K, k;
            if (bounds is { } box)
            {
                BoxQpSolution step = BoxQp.Solve(Wuu, wu.squeeze(-1), box.Low - us[t], box.High - us[t]);
                sound = sound.logical_and(step.Failed.logical_not());
                k = step.u.unsqueeze(-1);
                K = -(Wux * step.Free.to(Wux.dtype).unsqueeze(-1)).cholesky_solve(step.Factor);
            }
            else
            {
                Tensor fails = linalg.cholesky_ex(Wuu).info.ne(0);
                sound = sound.logical_and(fails.logical_not());
                Tensor factor = linalg.cholesky(where(fails.reshape(n, 1, 1), Iu, Wuu));
                Tensor both = -cat([Wux, wu], 2).cholesky_solve(factor);
                (K, k) = (both.narrow(2, 0, nx), both.narrow(2, nx, 1));
            }
            linear += (k * wu).sum([1L, 2L]);
            quadratic += (k * W.narrow(1, nx, nu).narrow(2, nx, nu).bmm(k)).sum([1L, 2L]) / 2;
            (gains[t], feed[t]) = (K, k);
            (V, v) = Riccati.Value(W, w, cat([I, K], 1), k);
        }
        return new(stack(gains, 1), stack(feed, 1).squeeze(-1), linear, quadratic, sound);
    }

    // All α of all motions at once; the best of each is kept if it keeps a small part of what the model promised.
    private static (Motions Better, Tensor Improved) Forward(
        IDiscreteDynamics dynamics, IMotionCost cost, Motions motions, Policy policy, (Tensor Low, Tensor High)? bounds, IlqrOptions options, double time)
    {
        long n = motions.u.shape[0], T = motions.u.shape[1], steps = options.Steps;
        Tensor alpha = pow(10, linspace(0, steps > 1 ? options.ShortestStep : 0, steps, dtype: motions.u.dtype, device: motions.u.device));
        Tensor Repeat(Tensor each) => each.repeat_interleave(steps, 0);
        Tensor[] xs = Repeat(motions.x).unbind(1), gains = Repeat(policy.Gains).unbind(1);
        Tensor[] wished = (Repeat(motions.u) + alpha.repeat(n).reshape(-1, 1, 1) * Repeat(policy.Feed)).unbind(1);
        List<Tensor> states = [xs[0]], controls = [];
        for (int t = 0; t < T; t++)
        {
            Tensor off = (states[^1] - xs[t]).unsqueeze(-1);
            Tensor u = wished[t] + gains[t].bmm(off).squeeze(-1);
            u = bounds is { } box ? u.clamp(box.Low, box.High) : u;
            controls.Add(u);
            states.Add(dynamics.Next(states[^1], u, full(n * steps, time + t * dynamics.Interval, dtype: u.dtype, device: u.device)));
        }
        Tensor x = stack(states, 1), us = stack(controls, 1);
        Tensor J = cost.Total(x, us, dynamics.Interval, time).nan_to_num(double.PositiveInfinity, double.PositiveInfinity).reshape(n, steps);
        (Tensor best, Tensor which) = J.min(1);
        Tensor a = alpha.index_select(0, which);
        Tensor promised = -(a * policy.Linear + a.square() * policy.Quadratic), change = motions.J - best;
        Tensor improved = change.gt(0).logical_and(change.ge(LeastRatio * promised)).logical_and(policy.Sound);
        Tensor chosen = arange(n, device: which.device) * steps + which;
        Tensor Pick(Tensor ours, Tensor old) => where(improved.reshape(n, 1, 1), ours.index_select(0, chosen), old);
        return (new(Pick(x, motions.x), Pick(us, motions.u), where(improved, best, motions.J), motions.mu), improved);
    }

    /// <summary>The bounds on controls [n, T, n_u], each [n_u]; null for none.</summary>
    internal static (Tensor Low, Tensor High)? BoundsOf(IlqrOptions options, Tensor controls)
    {
        long nu = controls.shape[2];
        if (options.Bounds is { } given)
        {
            ShapeCheck.Require(given.Low, "options.Bounds.Low", nu);
            ShapeCheck.Require(given.High, "options.Bounds.High", nu);
            return (given.Low.to(controls.dtype), given.High.to(controls.dtype));
        }
        if (options.Low is null && options.High is null)
        {
            return null;
        }
        Tensor Each(double? bound, double none) => full(nu, bound ?? none, dtype: controls.dtype, device: controls.device);
        return (Each(options.Low, double.NegativeInfinity), Each(options.High, double.PositiveInfinity));
    }

    private sealed record Motions(Tensor x, Tensor u, Tensor J, Tensor mu);

    private sealed record Policy(Tensor Gains, Tensor Feed, Tensor Linear, Tensor Quadratic, Tensor Sound);
}
