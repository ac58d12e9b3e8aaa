using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>
/// Model predictive control: at every step plan T steps ahead from where the system is, apply the first control alone, and begin the next plan with
/// the rest of this one and its feedback. What the model does not know is corrected because the next plan begins at what really happened.
/// </summary>
/// <remarks>Richalet et al. 1978; Mayne et al. 2000. Lecture: dynamics and LQR.</remarks>
public sealed class RecedingHorizon : IDisposable
{
    private readonly IDiscreteDynamics model;
    private readonly IMotionCost cost;
    private readonly IlqrOptions options;
    private readonly Tensor guess;
    private IlqrResult? last;

    /// <summary>A controller for n systems.</summary>
    /// <param name="model">What the planner believes.</param>
    /// <param name="cost">What it pays.</param>
    /// <param name="guess">The first plan's first guess, [n, T, n_u].</param>
    /// <param name="options">How plans are made; a plan begins near the last, so that a few iterations do. Null: at most 10.</param>
    public RecedingHorizon(IDiscreteDynamics model, IMotionCost cost, Tensor guess, IlqrOptions? options = null)
    {
        ShapeCheck.Require(guess, nameof(guess), -1, -1, model.ControlSize);
        (this.model, this.cost, this.options) = (model, cost, options ?? new() { Iterations = 10 });
        this.guess = guess.detach().clone().DetachFromDisposeScope();
    }

    /// <summary>Plans from the states as they are, and gives the first controls.</summary>
    /// <param name="x">[n, n_x].</param>
    /// <param name="time">Now, in seconds.</param>
    /// <returns>[n, n_u].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Control(Tensor x, double time)
    {
        using var scope = NewDisposeScope();
        IlqrResult plan = Ilqr.Solve(model, cost, x, last is null ? guess : Continued(x, last, time), options, time);
        Forget();
        last = plan with { States = plan.States.DetachFromDisposeScope(), Controls = plan.Controls.DetachFromDisposeScope(), K = plan.K.DetachFromDisposeScope() };
        return plan.Controls[.., 0].clone().MoveToOuterDisposeScope();
    }

    /// <summary>Frees the last plan.</summary>
    public void Dispose()
    {
        guess.Dispose();
        Forget();
    }

    // The rest of the last plan, followed with its feedback: played back blindly, an unstable system would leave it before the horizon's end.
    private Tensor Continued(Tensor x, IlqrResult plan, double time)
    {
        (Tensor Low, Tensor High)? bounds = Ilqr.BoundsOf(options, plan.Controls);
        int T = (int)plan.Controls.shape[1];
        return model.Follow(x, T, Next, null, time).Controls;

        Tensor Next(Tensor now, int k)
        {
            int t = Math.Min(k + 1, T - 1);
            Tensor u = plan.Controls[.., t] + plan.K[.., t].bmm((now - plan.States[.., t]).unsqueeze(-1)).squeeze(-1);
            return bounds is { } box ? u.clamp(box.Low, box.High) : u;
        }
    }

    private void Forget()
    {
        last?.States.Dispose();
        last?.Controls.Dispose();
        last?.K.Dispose();
        last = null;
    }
}

/// <summary>Systems under a policy that sees where they are.</summary>
public static class ClosedLoop
{
    /// <summary>Follows a system whose control is chosen at every step.</summary>
    /// <param name="plant">The system as it is, which the policy's model need not be.</param>
    /// <param name="start">x₀, [n, n_x].</param>
    /// <param name="steps">How many.</param>
    /// <param name="policy">The control [n, n_u] for states [n, n_x] at step k.</param>
    /// <param name="disturbance">Added to the state after every step, [n, steps, n_x]; none when null.</param>
    /// <param name="time">The time of x₀ in seconds.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <returns>States [n, steps + 1, n_x] and controls [n, steps, n_u].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static (Tensor States, Tensor Controls) Follow(
        this IDiscreteDynamics plant, Tensor start, int steps, Func<Tensor, int, Tensor> policy, Tensor? disturbance = null, double time = 0,
        CancellationToken cancellation = default)
    {
        ShapeCheck.Require(start, nameof(start), -1, plant.StateSize);
        if (disturbance is not null)
        {
            ShapeCheck.Require(disturbance, nameof(disturbance), start.shape[0], steps, plant.StateSize);
        }
        using var scope = NewDisposeScope();
        List<Tensor> states = [start], controls = [];
        for (int k = 0; k < steps; k++)
        {
            cancellation.ThrowIfCancellationRequested();
            Tensor u = policy(states[^1], k);
            ShapeCheck.Require(u, nameof(policy), start.shape[0], plant.ControlSize);
            Tensor next = plant.Next(states[^1], u, full(start.shape[0], time + k * plant.Interval, dtype: start.dtype, device: start.device));
            controls.Add(u);
            states.Add(disturbance is null ? next : next + disturbance[.., k]);
        }
        return (stack(states, 1).MoveToOuterDisposeScope(), stack(controls, 1).MoveToOuterDisposeScope());
    }
}
