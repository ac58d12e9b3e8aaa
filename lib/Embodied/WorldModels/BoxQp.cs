using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>The minima of a batch of box-constrained quadratic programs.</summary>
/// <param name="u">[n, m].</param>
/// <param name="Free">Which entries are not held by a bound, [n, m], bool.</param>
/// <param name="Factor">The Cholesky factor of H with rows and columns of held entries replaced by those of the identity, [n, m, m].</param>
/// <param name="Failed">Rows whose H is not positive definite, [n], bool; their u means nothing.</param>
/// <param name="Iterations">Steps of Newton's method, until the slowest row was done.</param>
public sealed record BoxQpSolution(Tensor u, Tensor Free, Tensor Factor, Tensor Failed, int Iterations);

/// <summary>
/// min ½uᵀHu + gᵀu with low ≤ u ≤ high, by projected Newton steps: entries at a bound towards which the cost falls are held, a Newton step is
/// taken in the others, and the result is clamped. It ends as soon as the held set is right, mostly after one or two steps.
/// </summary>
/// <remarks>Bertsekas 1982; Tassa, Mansard &amp; Todorov, <i>Control-limited differential dynamic programming</i>, 2014, § III.</remarks>
public static class BoxQp
{
    private const int MostIterations = 100;
    private const double Armijo = 0.1, Shrink = 0.6, ShortestStep = 1e-12;

    /// <summary>Solves a batch.</summary>
    /// <param name="H">[n, m, m], symmetric.</param>
    /// <param name="g">[n, m].</param>
    /// <param name="low">[n, m].</param>
    /// <param name="high">[n, m].</param>
    /// <param name="guess">Where to begin, [n, m]; 0 when null. It is clamped.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or low is above high.</exception>
    public static BoxQpSolution Solve(Tensor H, Tensor g, Tensor low, Tensor high, Tensor? guess = null)
    {
        ShapeCheck.Require(H, nameof(H), -1, -1, H.shape[^1]);
        long n = H.shape[0], m = H.shape[1];
        ShapeCheck.Require(g, nameof(g), n, m);
        ShapeCheck.Require(low, nameof(low), n, m);
        ShapeCheck.Require(high, nameof(high), n, m);
        using var scope = NewDisposeScope();
        if (LqrProblem.Place(low.gt(high), "entry", "row") is { } place)
        {
            throw new ArgumentException($"low is above high at {place}.", nameof(low));
        }
        if (guess is not null)
        {
            ShapeCheck.Require(guess, nameof(guess), n, m);
        }
        Tensor I = eye(m, dtype: H.dtype, device: H.device);
        // A row that has no minimum must not end the others.
        Tensor failed = m == 1 ? H.flatten().gt(0).logical_not() : linalg.cholesky_ex(H).info.ne(0);
        Tensor sound = where(failed.reshape(n, 1, 1), I, H);
        if (m == 1)
        {
            // A parabola falls towards its minimum from both sides.
            Tensor a = sound.squeeze(2), at = (-g / a).clamp(low, high), inside = at.gt(low).logical_and(at.lt(high));
            return new(
                at.MoveToOuterDisposeScope(), inside.MoveToOuterDisposeScope(), where(inside, a, ones_like(a)).sqrt().unsqueeze(2).MoveToOuterDisposeScope(),
                failed.MoveToOuterDisposeScope(), 1);
        }
        double tolerance = H.dtype == ScalarType.Float32 ? 1e-5 : 1e-10;

        Tensor u = (guess ?? zeros_like(g)).clamp(low, high), gradient = g + Times(sound, u);
        for (int iteration = 1; ; iteration++)
        {
            Tensor held = u.le(low).logical_and(gradient.gt(0)).logical_or(u.ge(high).logical_and(gradient.lt(0)));
            Tensor free = held.logical_not(), mask = free.to(H.dtype);
            Tensor both = mask.unsqueeze(2) * mask.unsqueeze(1);
            Tensor factor = linalg.cholesky(sound * both + I * (1 - mask).unsqueeze(2));
            Tensor step = (-gradient * mask).unsqueeze(2).cholesky_solve(factor).squeeze(2);
            Tensor next = (u + step).clamp(low, high);
            Tensor small = step.abs().le(tolerance * (1 + u.abs())).all(1);
            if (small.logical_or(failed).all().item<bool>() || iteration == MostIterations)
            {
                // Newton's last step costs nothing more and is exact in the free entries.
                return new(
                    where(small.unsqueeze(1), next, u).MoveToOuterDisposeScope(), free.MoveToOuterDisposeScope(), factor.MoveToOuterDisposeScope(),
                    failed.MoveToOuterDisposeScope(), iteration);
            }

            Tensor before = Value(sound, g, u);
            bool Accepted(Tensor candidate, out Tensor rows)
            {
                Tensor promised = (gradient * (candidate - u)).sum(1);
                rows = (Value(sound, g, candidate) - before).le(Armijo * promised).logical_or(small).logical_or(failed);
                return rows.all().item<bool>();
            }
            for (double length = Shrink; !Accepted(next, out Tensor rows) && length > ShortestStep; length *= Shrink)
            {
                next = where(rows.unsqueeze(1), next, (u + length * step).clamp(low, high));
            }
            (u, gradient) = (next, g + Times(sound, next));
        }
    }

    private static Tensor Times(Tensor H, Tensor u) => H.bmm(u.unsqueeze(2)).squeeze(2);

    private static Tensor Value(Tensor H, Tensor g, Tensor u) => (u * (Times(H, u) / 2 + g)).sum(1);
}
