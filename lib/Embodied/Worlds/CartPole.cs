using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Worlds;

/// <summary>
/// A mass on a rod that hangs on a cart, which is pushed along a rail: x = (p, θ, v, ω), p in metres to the right, θ in radians from upright, to the
/// right; u the force on the cart in newtons. With M the cart's mass and m that of the bob,
/// <code>
/// dp/dt = v,   dθ/dt = ω,   dv/dt = (u + m l ω² sin θ − m g sin θ cos θ) / (M + m sin²θ),   l dω/dt = g sin θ − (dv/dt) cos θ.
/// </code>
/// </summary>
/// <remarks>Barto, Sutton &amp; Anderson 1983, with a point mass in place of a rod's. Lecture: dynamics and LQR.</remarks>
public sealed record CartPole : IDynamics
{
    /// <summary>M, kg.</summary>
    public double CartMass { get; init; } = 1;

    /// <summary>m, kg.</summary>
    public double PoleMass { get; init; } = 0.2;

    /// <summary>l, m.</summary>
    public double Length { get; init; } = 0.5;

    /// <summary>g, m/s².</summary>
    public double Gravity { get; init; } = 9.81;

    /// <inheritdoc/>
    public int StateSize => 4;

    /// <inheritdoc/>
    public int ControlSize => 1;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Derivative(Tensor x, Tensor u, Tensor t)
    {
        DynamicsCheck.Require(x, u, 4, 1);
        Tensor theta = x.narrow(1, 1, 1), omega = x.narrow(1, 3, 1), sin = theta.sin(), cos = theta.cos();
        Tensor push = u + PoleMass * sin * (Length * omega.square() - Gravity * cos);
        Tensor acceleration = push / (CartMass + PoleMass * sin.square());
        return cat([x.narrow(1, 2, 2), acceleration, (Gravity * sin - acceleration * cos) / Length], 1);
    }

    /// <summary>Kinetic and potential energy in joules, constant where no force acts.</summary>
    /// <param name="x">[n, 4].</param>
    /// <returns>[n].</returns>
    public Tensor Energy(Tensor x)
    {
        ShapeCheck.Require(x, nameof(x), -1, 4);
        Tensor cos = x[.., 1].cos(), v = x[.., 2], swing = Length * x[.., 3];
        return (CartMass + PoleMass) / 2 * v.square() + PoleMass * (v * swing * cos + swing.square() / 2 + Gravity * Length * cos);
    }

    /// <summary>
    /// The price of not standing upright in the middle: l = 1 − cos θ + 0.1 p² + 0.01 (v² + ω²) + 0.001 u² at every step, and
    /// 500 (1 − cos θ) + 100 p² + 20 (v² + ω²) at the end.
    /// </summary>
    public static IMotionCost SwingUp { get; } = new FunctionCost(
        (x, u, t) => 1 - x[.., 1].cos() + 0.1 * x[.., 0].square() + 0.01 * x[.., 2..].square().sum(1) + 0.001 * u[.., 0].square(),
        x => 500 * (1 - x[.., 1].cos()) + 100 * x[.., 0].square() + 20 * x[.., 2..].square().sum(1));

    /// <summary>Whether the pole stands in the middle: within 0.1 rad of upright and 0.2 m of the middle, slower than 0.2 m/s and 0.2 rad/s.</summary>
    /// <param name="x">[n, 4].</param>
    /// <returns>[n], bool.</returns>
    public static Tensor Stands(Tensor x)
    {
        ShapeCheck.Require(x, nameof(x), -1, 4);
        Tensor slow = x[.., 2..].abs().amax([1L]).le(0.2);
        return x[.., 1].cos().ge(Math.Cos(0.1)).logical_and(x[.., 0].abs().le(0.2)).logical_and(slow);
    }
}
