using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>What is learned from an expert, and how.</summary>
public sealed record LqrImitationOptions
{
    /// <summary>Whether A and B are learned; else they are the expert's.</summary>
    public bool LearnDynamics { get; init; } = true;

    /// <summary>Whether the weights of the cost are learned; else they are the expert's.</summary>
    public bool LearnCost { get; init; }

    /// <summary>The longest step in the parameters.</summary>
    public double LongestStep { get; init; } = 0.5;
}

/// <summary>An expert: a linear system and a diagonal quadratic cost.</summary>
/// <param name="A">[n_x, n_x].</param>
/// <param name="B">[n_x, n_u].</param>
/// <param name="Weights">Of the squares of the entries of state and control, positive, of sum 1, [n_x + n_u]; a cost's scale does not change what is best.</param>
public sealed record LinearExpert(Tensor A, Tensor B, Tensor Weights)
{
    /// <summary>The best motions, through which gradients flow to what the expert is made of.</summary>
    /// <param name="start">x₀, [n, n_x].</param>
    /// <param name="horizon">T.</param>
    /// <returns>States [n, T + 1, n_x] and controls [n, T, n_u].</returns>
    public (Tensor States, Tensor Controls) Act(Tensor start, int horizon)
    {
        ShapeCheck.Require(A, nameof(A), -1, A.shape[^1]);
        ShapeCheck.Require(B, nameof(B), A.shape[0], -1);
        ShapeCheck.Require(Weights, nameof(Weights), A.shape[0] + B.shape[1]);
        using var scope = NewDisposeScope();
        long n = start.shape[0], nx = A.shape[0], nu = B.shape[1];
        Tensor Held(Tensor M, long steps) => M.reshape(1, 1, M.shape[0], M.shape[1]).expand(n, steps, M.shape[0], M.shape[1]);
        Tensor Q = diag(Weights.narrow(0, 0, nx)), R = diag(Weights.narrow(0, nx, nu));
        var problem = new LqrProblem(Held(A, horizon), Held(B, horizon), Held(Q, horizon + 1), Held(R, horizon));
        (Tensor x, Tensor u) = DifferentiableLqr.Solve(problem, start);
        return (x.MoveToOuterDisposeScope(), u.MoveToOuterDisposeScope());
    }

    /// <summary>‖θ̂ − θ‖ / ‖θ‖ of another's dynamics, θ = (A, B).</summary>
    /// <param name="other">The other.</param>
    public double DynamicsError(LinearExpert other)
    {
        using var scope = NewDisposeScope();
        return Relative(cat([other.A, other.B], 1), cat([A, B], 1));
    }

    /// <summary>‖ŵ − w‖ / ‖w‖ of another's weights.</summary>
    /// <param name="other">The other.</param>
    public double CostError(LinearExpert other)
    {
        using var scope = NewDisposeScope();
        return Relative(other.Weights, Weights);
    }

    private static double Relative(Tensor a, Tensor b) => ((a.detach() - b.detach()).norm() / b.detach().norm()).to(ScalarType.Float64).item<double>();
}

/// <summary>
/// Imitation learning through a planner: what the expert believes and wants is found from what it does. The learner plans from the same starts with its own
/// A, B and weights, and
/// <code>
/// L = 1/(nT) Σ ‖xₜ − x̂ₜ‖² + ‖uₜ − ûₜ‖²
/// </code>
/// is minimised by gradients that flow through its plans. Nothing is ever said about the model: it is right once the motions are. The valley of L is narrow,
/// for where gains hardly change in time, many models move alike; so the steps are those of BFGS, where the paper takes many more of RMSprop.
/// </summary>
/// <remarks>Amos et al. 2018, § 5.1. Lecture: differentiable planning.</remarks>
public sealed class LqrImitation : IDisposable
{
    private readonly Tensor states, controls;
    private readonly LinearExpert expert;
    private readonly LqrImitationOptions options;
    private readonly Bfgs descent;

    /// <summary>A learner that knows nothing: what is now will be, controls do little and at random, all weights are equal.</summary>
    /// <param name="expert">What is not learned is copied from it; what is learned is compared with it.</param>
    /// <param name="states">The expert's states, [n, T + 1, n_x].</param>
    /// <param name="controls">Its controls, [n, T, n_u].</param>
    /// <param name="generator">Draws the first B.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentException">A shape does not fit, a value is not finite, or there is nothing to learn.</exception>
    public LqrImitation(LinearExpert expert, Tensor states, Tensor controls, Generator generator, LqrImitationOptions? options = null)
    {
        long nx = expert.A.shape[0], nu = expert.B.shape[1];
        ShapeCheck.Require(controls, nameof(controls), -1, -1, nu);
        ShapeCheck.Require(states, nameof(states), controls.shape[0], controls.shape[1] + 1, nx);
        ProblemCheck.Finite(states, nameof(states), "step");
        ProblemCheck.Finite(controls, nameof(controls), "step");
        this.options = options ?? new();
        if (!this.options.LearnDynamics && !this.options.LearnCost)
        {
            throw new ArgumentException("Nothing is to be learned, neither dynamics nor cost.", nameof(options));
        }
        using var scope = NewDisposeScope();
        (this.expert, this.states, this.controls) = (expert, states.detach().clone().DetachFromDisposeScope(), controls.detach().clone().DetachFromDisposeScope());
        Tensor A = this.options.LearnDynamics ? eye(nx, dtype: expert.A.dtype) : expert.A.detach();
        Tensor B = this.options.LearnDynamics ? 0.3 * randn(expert.B.shape, dtype: expert.B.dtype, generator: generator) : expert.B.detach();
        Tensor logits = this.options.LearnCost ? zeros_like(expert.Weights.detach()) : expert.Weights.detach().log();
        descent = new(Loss, cat([A.flatten(), B.flatten(), logits]), this.options.LongestStep);
    }

    /// <summary>L, the imitation loss, as it is now.</summary>
    public double ImitationLoss => descent.Value;

    /// <summary>The learner as it is now; constants.</summary>
    public LinearExpert Learned
    {
        get
        {
            using var scope = NewDisposeScope();
            LinearExpert now = Parts(descent.Point);
            return new(now.A.clone().MoveToOuterDisposeScope(), now.B.clone().MoveToOuterDisposeScope(), now.Weights.MoveToOuterDisposeScope());
        }
    }

    /// <summary>‖θ̂ − θ‖ / ‖θ‖ of what is learned: dynamics, weights, or the larger of both.</summary>
    public double ModelError()
    {
        using var scope = NewDisposeScope();
        LinearExpert now = Learned;
        return Math.Max(options.LearnDynamics ? expert.DynamicsError(now) : 0, options.LearnCost ? expert.CostError(now) : 0);
    }

    /// <summary>One step that lowers the imitation loss.</summary>
    /// <returns>Whether there was one; at a minimum, to the last digits, there is none.</returns>
    public bool Update() => descent.Step();

    /// <inheritdoc/>
    public void Dispose()
    {
        descent.Dispose();
        states.Dispose();
        controls.Dispose();
    }

    // A, B and the logarithms of the weights in a row.
    private LinearExpert Parts(Tensor point)
    {
        long nx = expert.A.shape[0], nu = expert.B.shape[1];
        return new(
            point.narrow(0, 0, nx * nx).reshape(nx, nx), point.narrow(0, nx * nx, nx * nu).reshape(nx, nu),
            point.narrow(0, nx * nx + nx * nu, nx + nu).softmax(0));
    }

    private (double Value, Tensor Gradient) Loss(Tensor point)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        Tensor at = point.detach().requires_grad_();
        (Tensor x, Tensor u) = Parts(at).Act(states[.., 0], (int)controls.shape[1]);
        Tensor loss = ((x - states).square().sum() + (u - controls).square().sum()) / (controls.shape[0] * controls.shape[1]);
        Tensor gradient = autograd.grad([loss], [at])[0];
        long dynamics = point.shape[0] - expert.Weights.shape[0];
        if (!options.LearnDynamics)
        {
            gradient.narrow(0, 0, dynamics).zero_();
        }
        if (!options.LearnCost)
        {
            gradient.narrow(0, dynamics, expert.Weights.shape[0]).zero_();
        }
        return (loss.to(ScalarType.Float64).item<double>(), gradient.MoveToOuterDisposeScope());
    }
}
