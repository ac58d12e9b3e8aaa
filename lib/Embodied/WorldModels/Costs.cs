using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>The cost J = Σ_{t&lt;T} l(xₜ, uₜ, t) + l_T(x_T) of a motion, row by row, made of differentiable operations.</summary>
public interface IMotionCost
{
    /// <summary>l(x, u, t).</summary>
    /// <param name="x">[n, n_x].</param>
    /// <param name="u">[n, n_u].</param>
    /// <param name="t">[n], seconds.</param>
    /// <returns>[n].</returns>
    Tensor Stage(Tensor x, Tensor u, Tensor t);

    /// <summary>l_T(x).</summary>
    /// <param name="x">[n, n_x].</param>
    /// <returns>[n].</returns>
    Tensor Final(Tensor x);
}

/// <summary>A cost whose two parts are functions at hand.</summary>
/// <param name="stage">l of x [n, n_x], u [n, n_u] and t [n]; gives [n].</param>
/// <param name="final">l_T of x [n, n_x]; gives [n].</param>
public sealed class FunctionCost(Func<Tensor, Tensor, Tensor, Tensor> stage, Func<Tensor, Tensor> final) : IMotionCost
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The function gives another shape.</exception>
    public Tensor Stage(Tensor x, Tensor u, Tensor t)
    {
        Tensor l = stage(x, u, t);
        ShapeCheck.Require(l, nameof(stage), x.shape[0]);
        return l;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The function gives another shape.</exception>
    public Tensor Final(Tensor x)
    {
        Tensor l = final(x);
        ShapeCheck.Require(l, nameof(final), x.shape[0]);
        return l;
    }
}

/// <summary>½(x − x*)ᵀQ(x − x*) + uᵀS(x − x*) + ½uᵀRu at every step, ½(x − x*)ᵀQ_T(x − x*) at the last.</summary>
public sealed class QuadraticCost : IMotionCost
{
    private readonly Tensor Q, R, final;
    private readonly Tensor? S, target;

    /// <summary>Checks and holds the matrices.</summary>
    /// <param name="Q">[n_x, n_x], symmetric.</param>
    /// <param name="R">[n_u, n_u], symmetric.</param>
    /// <param name="final">Q_T, [n_x, n_x], symmetric; Q when null.</param>
    /// <param name="S">[n_u, n_x]; 0 when null.</param>
    /// <param name="target">x*, [n_x]; 0 when null.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public QuadraticCost(Tensor Q, Tensor R, Tensor? final = null, Tensor? S = null, Tensor? target = null)
    {
        ShapeCheck.Require(Q, nameof(Q), -1, Q.shape[^1]);
        ShapeCheck.Require(R, nameof(R), -1, R.shape[^1]);
        ShapeCheck.Require(final ?? Q, nameof(final), Q.shape);
        if (S is not null)
        {
            ShapeCheck.Require(S, nameof(S), R.shape[0], Q.shape[0]);
        }
        if (target is not null)
        {
            ShapeCheck.Require(target, nameof(target), Q.shape[0]);
        }
        (this.Q, this.R, this.final, this.S, this.target) = (Q, R, final ?? Q, S, target);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Stage(Tensor x, Tensor u, Tensor t)
    {
        DynamicsCheck.Require(x, u, (int)Q.shape[0], (int)R.shape[0]);
        Tensor off = Off(x), l = Half(off, Q) + Half(u, R);
        return S is null ? l : l + (u.mm(S) * off).sum(1);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Final(Tensor x)
    {
        ShapeCheck.Require(x, nameof(x), -1, Q.shape[0]);
        return Half(Off(x), final);
    }

    private Tensor Off(Tensor x) => target is null ? x : x - target;

    private static Tensor Half(Tensor x, Tensor M) => (x.mm(M) * x).sum(1) / 2;
}

/// <summary>A cost near a motion, to second order.</summary>
/// <param name="Cost">J, [n].</param>
/// <param name="l">Gradients in (x, u), [n, T, n_x + n_u].</param>
/// <param name="C">Hessians in (x, u), [n, T, n_x + n_u, n_x + n_u].</param>
/// <param name="FinalGradient">[n, n_x].</param>
/// <param name="FinalHessian">[n, n_x, n_x].</param>
public sealed record CostExpansion(Tensor Cost, Tensor l, Tensor C, Tensor FinalGradient, Tensor FinalHessian);

/// <summary>Costs of whole motions.</summary>
public static class MotionCosts
{
    /// <summary>J of a motion.</summary>
    /// <param name="cost">l and l_T.</param>
    /// <param name="x">[n, T + 1, n_x].</param>
    /// <param name="u">[n, T, n_u].</param>
    /// <param name="interval">Seconds between steps.</param>
    /// <param name="time">The time of the first state in seconds.</param>
    /// <returns>[n].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Total(this IMotionCost cost, Tensor x, Tensor u, double interval, double time = 0)
    {
        using var scope = NewDisposeScope();
        (Tensor states, Tensor controls, Tensor t) = Rows(x, u, interval, time);
        Tensor l = cost.Stage(states, controls, t).reshape(u.shape[0], u.shape[1]);
        return (l.sum(1) + cost.Final(x[.., -1])).MoveToOuterDisposeScope();
    }

    /// <summary>J with gradients and Hessians, by automatic differentiation.</summary>
    /// <inheritdoc cref="Total"/>
    public static CostExpansion Expand(this IMotionCost cost, Tensor x, Tensor u, double interval, double time = 0)
    {
        using var scope = NewDisposeScope();
        (Tensor states, Tensor controls, Tensor t) = Rows(x, u, interval, time);
        long n = u.shape[0], T = u.shape[1], nx = x.shape[2], nz = nx + u.shape[2];
        (Tensor stage, Tensor l, Tensor C) = Derivatives.Second(
            (z, row) => cost.Stage(z[.., ..(int)nx], z[.., (int)nx..], t.index_select(0, row)), cat([states, controls], 1));
        (Tensor last, Tensor gradient, Tensor hessian) = Derivatives.Second((z, row) => cost.Final(z), x[.., -1]);
        return new(
            (stage.reshape(n, T).sum(1) + last).MoveToOuterDisposeScope(), l.reshape(n, T, nz).MoveToOuterDisposeScope(),
            C.reshape(n, T, nz, nz).MoveToOuterDisposeScope(), gradient.MoveToOuterDisposeScope(), hessian.MoveToOuterDisposeScope());
    }

    /// <summary>All steps of all motions as rows: states but the last, controls, times.</summary>
    internal static (Tensor States, Tensor Controls, Tensor Times) Rows(Tensor x, Tensor u, double interval, double time)
    {
        ShapeCheck.Require(u, nameof(u), -1, -1, -1);
        long n = u.shape[0], T = u.shape[1];
        ShapeCheck.Require(x, nameof(x), n, T + 1, -1);
        Tensor t = (arange(T, dtype: x.dtype, device: x.device) * interval + time).repeat(n);
        return (x[.., ..(int)T].flatten(0, 1), u.flatten(0, 1), t);
    }
}
