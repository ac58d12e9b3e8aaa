using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>
/// Minimisation of a smooth function of a few dozen numbers: steps −G∇f with a line search, where G, an estimate of the inverse Hessian, learns from
/// every step s and the change y of the gradient along it,
/// <code>
/// G ← (I − syᵀ/sᵀy) G (I − ysᵀ/sᵀy) + ssᵀ/sᵀy.
/// </code>
/// Where valleys are narrow, gradient descent takes thousands of steps and this takes a hundred.
/// </summary>
/// <remarks>Broyden, Fletcher, Goldfarb &amp; Shanno 1970; Nocedal &amp; Wright 2006, chapter 6.</remarks>
internal sealed class Bfgs : IDisposable
{
    private const double Armijo = 1e-4, Shrink = 0.3, FirstScale = 0.3;
    private const int MostTries = 20;
    private readonly Func<Tensor, (double Value, Tensor Gradient)> function;
    private readonly double longest;
    private Tensor gradient, inverse;
    private bool learnt;

    /// <summary>Begins at a point.</summary>
    /// <param name="function">f and its gradient, [d], at a point [d].</param>
    /// <param name="start">[d].</param>
    /// <param name="longest">No step is longer: far away a quadratic model says little.</param>
    internal Bfgs(Func<Tensor, (double Value, Tensor Gradient)> function, Tensor start, double longest)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        (this.function, this.longest) = (function, longest);
        Point = start.detach().clone().DetachFromDisposeScope();
        (Value, Tensor first) = function(Point);
        gradient = first.DetachFromDisposeScope();
        inverse = (FirstScale * eye(start.shape[0], dtype: start.dtype)).DetachFromDisposeScope();
    }

    /// <summary>Where it is, [d].</summary>
    internal Tensor Point { get; private set; }

    /// <summary>f there.</summary>
    internal double Value { get; private set; }

    /// <summary>One step; false if there is none that lowers f.</summary>
    internal bool Step()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor direction = -inverse.mv(gradient);
        double slope = Number(direction.dot(gradient)), length = Number(direction.norm());
        if (!(slope < 0))
        {
            return false;
        }
        double step = Math.Min(1, longest / length);
        for (int i = 0; i < MostTries; i++, step *= Shrink)
        {
            Tensor move = step * direction, next = Point + move;
            (double value, Tensor there) = function(next);
            if (value <= Value + Armijo * step * slope)
            {
                Learn(move, there - gradient);
                Point.Dispose();
                gradient.Dispose();
                (Point, Value, gradient) = (next.DetachFromDisposeScope(), value, there.DetachFromDisposeScope());
                return true;
            }
        }
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Point.Dispose();
        gradient.Dispose();
        inverse.Dispose();
    }

    private void Learn(Tensor s, Tensor y)
    {
        double along = Number(s.dot(y));
        // Without positive curvature along the step G would lose its positivity.
        if (!(along > 1e-12 * Number(s.norm()) * Number(y.norm())))
        {
            return;
        }
        Tensor I = eye(s.shape[0], dtype: s.dtype), before = learnt ? inverse : along / Number(y.dot(y)) * I;
        Tensor left = I - outer(s, y) / along;
        Tensor after = (left.mm(before).mm(left.t()) + outer(s, s) / along).DetachFromDisposeScope();
        inverse.Dispose();
        (inverse, learnt) = (after, true);
    }

    private static double Number(Tensor x) => x.to(ScalarType.Float64).item<double>();
}
