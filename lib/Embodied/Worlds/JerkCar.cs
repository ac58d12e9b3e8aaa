using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Worlds;

/// <summary>
/// The lecture's car, seen from above. Its state is position, velocity, angle and angular velocity, its controls jerk and angular acceleration. Jerk is the rate
/// at which the acceleration changes, so that the acceleration has to be in the state too: x = (p₁, p₂, θ, v, a, ω), u = (j, α),
/// <code>
/// dp₁/dt = v cos θ,   dp₂/dt = v sin θ,   dθ/dt = ω,   dv/dt = a,   da/dt = j,   dω/dt = α.
/// </code>
/// Metres, radians to the left of the first axis, seconds. The car drives where it points; v may be negative.
/// </summary>
/// <remarks>Lecture: dynamics and LQR.</remarks>
public sealed record JerkCar : IDynamics
{
    /// <inheritdoc/>
    public int StateSize => 6;

    /// <inheritdoc/>
    public int ControlSize => 2;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Derivative(Tensor x, Tensor u, Tensor t)
    {
        DynamicsCheck.Require(x, u, 6, 2);
        Tensor theta = x.narrow(1, 2, 1), v = x.narrow(1, 3, 1);
        return cat([v * theta.cos(), v * theta.sin(), x.narrow(1, 5, 1), x.narrow(1, 4, 1), u], 1);
    }
}
