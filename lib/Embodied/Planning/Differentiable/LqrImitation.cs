using Embodied.WorldModels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>What is learned from an expert, and how.</summary>
public sealed record LqrImitationOptions
{
    /// <summary>Whether A and B are learned; else they are the expert's.</summary>
    public bool LearnDynamics { get; init; } = true;

    /// <summary>Whether the weights of the cost are learned; else they are the expert's.</summary>
    public bool LearnCost { get; init; }

    /// <summary>Updates planned; the learning rate falls to 0 over them, as a cosine.</summary>
    public int Updates { get; init; } = 400;

    /// <summary>Adam's learning rate at first.</summary>
    public double LearningRate { get; init; } = 0.03;
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
/// is minimised by gradients that flow through its plans. Nothing is ever said about the model: it is right once the motions are.
/// </summary>
/// <remarks>Amos et al. 2018, § 5.1. Lecture: differentiable planning.</remarks>
public sealed class LqrImitation : IDisposable
{
    private readonly Tensor states, controls;
    private readonly LinearExpert expert;
    private readonly Parameter A, B, logits;
    private readonly OptimizerHelper optimiser;
    private readonly LqrImitationOptions options;
    private int updates;

    /// <summary>A learner that knows nothing: small random dynamics, equal weights.</summary>
    /// <param name="expert">What is not learned is copied from it; what is learned is compared with it.</param>
    /// <param name="states">The expert's states, [n, T + 1, n_x].</param>
    /// <param name="controls">Its controls, [n, T, n_u].</param>
    /// <param name="generator">Draws the first dynamics.</param>
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
        Tensor Drawn(Tensor like) => 0.3 * randn(like.shape, dtype: like.dtype, generator: generator);
        A = Parameter(this.options.LearnDynamics ? Drawn(expert.A) : expert.A, this.options.LearnDynamics);
        B = Parameter(this.options.LearnDynamics ? Drawn(expert.B) : expert.B, this.options.LearnDynamics);
        logits = Parameter(this.options.LearnCost ? zeros_like(expert.Weights) : expert.Weights.log(), this.options.LearnCost);
        optimiser = optim.Adam(new[] { A, B, logits }.Where(each => each.requires_grad), this.options.LearningRate);
    }

    /// <summary>The learner as it is now; constants.</summary>
    public LinearExpert Learned
    {
        get
        {
            using var scope = NewDisposeScope();
            return new(
                A.detach().clone().MoveToOuterDisposeScope(), B.detach().clone().MoveToOuterDisposeScope(),
                logits.detach().softmax(0).MoveToOuterDisposeScope());
        }
    }

    /// <summary>‖θ̂ − θ‖ / ‖θ‖ of what is learned: dynamics, weights, or the larger of both.</summary>
    public double ModelError()
    {
        using var scope = NewDisposeScope();
        LinearExpert now = Learned;
        return Math.Max(options.LearnDynamics ? expert.DynamicsError(now) : 0, options.LearnCost ? expert.CostError(now) : 0);
    }

    /// <summary>One step along the gradient of the imitation loss.</summary>
    /// <returns>L before the step.</returns>
    /// <exception cref="InvalidOperationException">The loss is not finite; the message names the update.</exception>
    public double Update()
    {
        using var scope = NewDisposeScope();
        double rate = options.LearningRate * (1 + Math.Cos(Math.PI * Math.Min(1, (double)updates / options.Updates))) / 2;
        foreach (var group in optimiser.ParamGroups)
        {
            group.LearningRate = rate;
        }
        optimiser.zero_grad();
        (Tensor x, Tensor u) = new LinearExpert(A, B, logits.softmax(0)).Act(states[.., 0], (int)controls.shape[1]);
        Tensor loss = ((x - states).square().sum() + (u - controls).square().sum()) / (controls.shape[0] * controls.shape[1]);
        double value = loss.to(ScalarType.Float64).item<double>();
        updates++;
        if (!double.IsFinite(value))
        {
            throw new InvalidOperationException($"The imitation loss is no longer finite at update {updates}: the learning rate {options.LearningRate} is too large.");
        }
        loss.backward();
        optimiser.step();
        return value;
    }

    private static Parameter Parameter(Tensor value, bool learned)
    {
        var parameter = new Parameter(value.detach().clone(), learned);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        optimiser.Dispose();
        foreach (Tensor tensor in new[] { states, controls, A, B, logits })
        {
            tensor.Dispose();
        }
    }
}
