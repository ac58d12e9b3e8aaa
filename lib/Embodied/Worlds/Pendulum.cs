using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Worlds;

/// <summary>
/// A mass on a rod, turned by a motor at its pivot: x = (θ, ω), θ in radians from upright, to the right; u the torque in N m:
/// <code>
/// dθ/dt = ω,     m l² dω/dt = m g l sin θ − b ω + u.
/// </code>
/// </summary>
/// <remarks>Lecture: dynamics and LQR.</remarks>
public sealed record Pendulum : IDynamics
{
    /// <summary>m, kg.</summary>
    public double Mass { get; init; } = 1;

    /// <summary>l, m.</summary>
    public double Length { get; init; } = 1;

    /// <summary>g, m/s².</summary>
    public double Gravity { get; init; } = 9.81;

    /// <summary>b, N m s.</summary>
    public double Friction { get; init; }

    /// <inheritdoc/>
    public int StateSize => 2;

    /// <inheritdoc/>
    public int ControlSize => 1;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Derivative(Tensor x, Tensor u, Tensor t)
    {
        DynamicsCheck.Require(x, u, 2, 1);
        Tensor theta = x.narrow(1, 0, 1), omega = x.narrow(1, 1, 1);
        double inertia = Mass * Length * Length;
        return cat([omega, Gravity / Length * theta.sin() - Friction / inertia * omega + u / inertia], 1);
    }

    /// <summary>½ m l² ω² + m g l cos θ in joules, which friction alone lowers where no torque acts.</summary>
    /// <param name="x">[n, 2].</param>
    /// <returns>[n].</returns>
    public Tensor Energy(Tensor x)
    {
        ShapeCheck.Require(x, nameof(x), -1, 2);
        return Mass * Length * Length / 2 * x[.., 1].square() + Mass * Gravity * Length * x[.., 0].cos();
    }

    /// <summary>
    /// The price of not standing upright: l = 1 − cos θ + 0.01 ω² + 0.01 u² at every step, and 500 (1 − cos θ) + 50 ω² at the end. Whole turns are free.
    /// </summary>
    public static IMotionCost SwingUp { get; } = new FunctionCost(
        (x, u, t) => 1 - x[.., 0].cos() + 0.01 * x[.., 1].square() + 0.01 * u[.., 0].square(),
        x => 500 * (1 - x[.., 0].cos()) + 50 * x[.., 1].square());

    /// <summary>Whether the pendulum stands: within 0.1 rad of upright, and slower than 0.2 rad/s.</summary>
    /// <param name="x">[n, 2].</param>
    /// <returns>[n], bool.</returns>
    public static Tensor Stands(Tensor x)
    {
        ShapeCheck.Require(x, nameof(x), -1, 2);
        return x[.., 0].cos().ge(Math.Cos(0.1)).logical_and(x[.., 1].abs().le(0.2));
    }
}
