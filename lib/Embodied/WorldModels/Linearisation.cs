using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>A system near a state and a control: f(x + δx, u + δu) ≈ f + A δx + B δu.</summary>
/// <param name="Value">f(x, u, t), [n, n_x].</param>
/// <param name="A">∂f/∂x, [n, n_x, n_x].</param>
/// <param name="B">∂f/∂u, [n, n_x, n_u].</param>
public sealed record Linearised(Tensor Value, Tensor A, Tensor B);

/// <summary>Jacobians A = ∂f/∂x and B = ∂f/∂u of systems, by automatic differentiation, for many points at once.</summary>
/// <remarks>Lecture: dynamics and LQR.</remarks>
public static class Linearisation
{
    /// <summary>Linearises dx/dt = f(x, u, t).</summary>
    /// <param name="dynamics">f.</param>
    /// <param name="x">[n, n_x].</param>
    /// <param name="u">[n, n_u].</param>
    /// <param name="t">[n], seconds; 0 when null.</param>
    /// <returns>Constants: no gradient flows through them.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Linearised Linearise(this IDynamics dynamics, Tensor x, Tensor u, Tensor? t = null) =>
        Of(dynamics.Derivative, dynamics.StateSize, dynamics.ControlSize, x, u, t);

    /// <summary>Linearises x' = F(x, u, t).</summary>
    /// <param name="dynamics">F.</param>
    /// <param name="x">[n, n_x].</param>
    /// <param name="u">[n, n_u].</param>
    /// <param name="t">[n], seconds; 0 when null.</param>
    /// <returns>Constants: no gradient flows through them.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Linearised Linearise(this IDiscreteDynamics dynamics, Tensor x, Tensor u, Tensor? t = null) =>
        Of(dynamics.Next, dynamics.StateSize, dynamics.ControlSize, x, u, t);

    /// <summary>The second derivatives ∂²F/∂z² with z = (x, u), which DDP has over iLQR.</summary>
    /// <param name="dynamics">F.</param>
    /// <param name="x">[n, n_x].</param>
    /// <param name="u">[n, n_u].</param>
    /// <param name="t">[n], seconds; 0 when null.</param>
    /// <returns>[n, n_x, n_x + n_u, n_x + n_u]: a Hessian for each entry of the next state.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Curvature(this IDiscreteDynamics dynamics, Tensor x, Tensor u, Tensor? t = null)
    {
        int nx = dynamics.StateSize;
        Tensor times = Times(x, u, t, nx, dynamics.ControlSize);
        using var scope = NewDisposeScope();
        Tensor F(Tensor z, Tensor row) => dynamics.Next(z[.., ..nx], z[.., nx..], times.index_select(0, row));
        return Derivatives.SecondOfEach(F, cat([x, u], 1), nx).MoveToOuterDisposeScope();
    }

    private static Linearised Of(Func<Tensor, Tensor, Tensor, Tensor> f, int nx, int nu, Tensor x, Tensor u, Tensor? t)
    {
        Tensor times = Times(x, u, t, nx, nu);
        using var scope = NewDisposeScope();
        Tensor F(Tensor z, Tensor row) => f(z[.., ..nx], z[.., nx..], times.index_select(0, row));
        (Tensor value, Tensor J) = Derivatives.First(F, cat([x, u], 1), nx);
        return new(
            value.MoveToOuterDisposeScope(),
            J[.., .., ..nx].contiguous().MoveToOuterDisposeScope(),
            J[.., .., nx..].contiguous().MoveToOuterDisposeScope());
    }

    private static Tensor Times(Tensor x, Tensor u, Tensor? t, int nx, int nu)
    {
        DynamicsCheck.Require(x, u, nx, nu);
        if (t is not null)
        {
            ShapeCheck.Require(t, nameof(t), x.shape[0]);
        }
        return t ?? zeros(x.shape[0], dtype: x.dtype, device: x.device);
    }
}
