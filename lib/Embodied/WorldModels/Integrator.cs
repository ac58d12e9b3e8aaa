using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>How a step follows dx/dt = f(x, u, t).</summary>
public enum Integration
{
    /// <summary>x + h f(x): the error of a second shrinks like h.</summary>
    Euler,

    /// <summary>The classical Runge–Kutta method of fourth order: the error of a second shrinks like h⁴.</summary>
    RungeKutta4,
}

/// <summary>Steps through time along dx/dt = f(x, u, t), the control being held over each step.</summary>
/// <remarks>Kutta 1901. Lecture: dynamics and LQR.</remarks>
public static class Integrator
{
    /// <summary>One step of Euler's method, x + h f(x, u, t).</summary>
    /// <param name="dynamics">f.</param>
    /// <param name="x">[n, n_x].</param>
    /// <param name="u">[n, n_u].</param>
    /// <param name="t">[n], seconds.</param>
    /// <param name="h">The step in seconds.</param>
    /// <returns>[n, n_x].</returns>
    public static Tensor Euler(IDynamics dynamics, Tensor x, Tensor u, Tensor t, double h)
    {
        DynamicsCheck.Require(x, u, dynamics.StateSize, dynamics.ControlSize);
        return x + h * dynamics.Derivative(x, u, t);
    }

    /// <summary>
    /// One step of the classical Runge–Kutta method,
    /// <code>
    /// x + h/6 (k₁ + 2k₂ + 2k₃ + k₄),   k₁ = f(x, t),  k₂ = f(x + h/2 k₁, t + h/2),  k₃ = f(x + h/2 k₂, t + h/2),  k₄ = f(x + h k₃, t + h).
    /// </code>
    /// </summary>
    /// <param name="dynamics">f.</param>
    /// <param name="x">[n, n_x].</param>
    /// <param name="u">[n, n_u].</param>
    /// <param name="t">[n], seconds.</param>
    /// <param name="h">The step in seconds.</param>
    /// <returns>[n, n_x].</returns>
    public static Tensor RungeKutta4(IDynamics dynamics, Tensor x, Tensor u, Tensor t, double h)
    {
        DynamicsCheck.Require(x, u, dynamics.StateSize, dynamics.ControlSize);
        Tensor middle = t + h / 2;
        Tensor k1 = dynamics.Derivative(x, u, t);
        Tensor k2 = dynamics.Derivative(x + h / 2 * k1, u, middle);
        Tensor k3 = dynamics.Derivative(x + h / 2 * k2, u, middle);
        Tensor k4 = dynamics.Derivative(x + h * k3, u, t + h);
        return x + h / 6 * (k1 + 2 * (k2 + k3) + k4);
    }

    /// <summary>A system in steps out of one in continuous time.</summary>
    /// <param name="dynamics">f.</param>
    /// <param name="interval">The time from one control to the next, in seconds.</param>
    /// <param name="integration">How a step is taken.</param>
    /// <param name="substeps">Steps of integration within the interval.</param>
    /// <exception cref="ArgumentOutOfRangeException">The interval or the number of substeps is not positive.</exception>
    public static IDiscreteDynamics Discretise(
        this IDynamics dynamics, double interval, Integration integration = Integration.RungeKutta4, int substeps = 1) =>
        new SteppedDynamics(dynamics, interval, integration, substeps);

    /// <summary>Follows a system from a state under given controls.</summary>
    /// <param name="dynamics">F.</param>
    /// <param name="start">x₀, [n, n_x].</param>
    /// <param name="controls">u₀, …, u_{T−1}, [n, T, n_u].</param>
    /// <param name="time">The time of x₀ in seconds.</param>
    /// <returns>x₀, …, x_T, [n, T + 1, n_x]; gradients flow from it into start and controls.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Rollout(this IDiscreteDynamics dynamics, Tensor start, Tensor controls, double time = 0)
    {
        ShapeCheck.Require(start, nameof(start), -1, dynamics.StateSize);
        ShapeCheck.Require(controls, nameof(controls), start.shape[0], -1, dynamics.ControlSize);
        using var scope = NewDisposeScope();
        Tensor[] u = controls.unbind(1);
        List<Tensor> states = [start];
        for (int k = 0; k < u.Length; k++)
        {
            Tensor t = full(start.shape[0], time + k * dynamics.Interval, dtype: start.dtype, device: start.device);
            states.Add(dynamics.Next(states[^1], u[k], t));
        }
        return stack(states, 1).MoveToOuterDisposeScope();
    }

    private sealed class SteppedDynamics : IDiscreteDynamics
    {
        private readonly IDynamics dynamics;
        private readonly Integration integration;
        private readonly int substeps;

        internal SteppedDynamics(IDynamics dynamics, double interval, Integration integration, int substeps)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(interval);
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(substeps);
            (this.dynamics, Interval, this.integration, this.substeps) = (dynamics, interval, integration, substeps);
        }

        public int StateSize => dynamics.StateSize;

        public int ControlSize => dynamics.ControlSize;

        public double Interval { get; }

        public Tensor Next(Tensor x, Tensor u, Tensor t)
        {
            double h = Interval / substeps;
            for (int i = 0; i < substeps; i++)
            {
                Tensor now = i == 0 ? t : t + i * h;
                x = integration == Integration.Euler ? Euler(dynamics, x, u, now, h) : RungeKutta4(dynamics, x, u, now, h);
            }
            return x;
        }
    }
}
