using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>Solutions of linear systems, with how they came about.</summary>
/// <param name="x">[n, d].</param>
/// <param name="Residual">‖b − Hx‖ / ‖b‖ of each row, [n]; 0 where b is.</param>
/// <param name="Iterations">Products with H, until the slowest row was done.</param>
public sealed record ConjugateGradientsResult(Tensor x, Tensor Residual, int Iterations);

/// <summary>
/// H x = b for symmetric positive definite H of which only products Hp are known: along directions that are conjugate, pᵢᵀHpⱼ = 0, each line search is
/// final, and d of them are enough in exact arithmetic; far fewer where the eigenvalues of H come in clusters.
/// </summary>
/// <remarks>Hestenes &amp; Stiefel 1952. Lecture: differentiable planning.</remarks>
public static class ConjugateGradients
{
    /// <summary>Solves a batch, each row by itself.</summary>
    /// <param name="product">Maps [n, d] to the rows' Hp, [n, d].</param>
    /// <param name="b">[n, d].</param>
    /// <param name="iterations">At most so many.</param>
    /// <param name="tolerance">A row is done at ‖b − Hx‖ ≤ tolerance ‖b‖.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or b is not finite.</exception>
    /// <exception cref="InvalidOperationException">H is not positive definite: pᵀHp ≤ 0, or not a number. The message names the row.</exception>
    public static ConjugateGradientsResult Solve(Func<Tensor, Tensor> product, Tensor b, int iterations = 100, double tolerance = 1e-12)
    {
        ShapeCheck.Require(b, nameof(b), -1, -1);
        ArgumentOutOfRangeException.ThrowIfNegative(iterations);
        ProblemCheck.Finite(b, nameof(b), "entry", "row");
        using var scope = NewDisposeScope();
        Tensor x = zeros_like(b), r = b.detach().clone(), p = r, rr = Square(r), aim = rr * (tolerance * tolerance);
        int done = 0;
        while (done < iterations)
        {
            // A row that is done, or began at 0, must not divide by 0.
            Tensor open = rr.gt(aim);
            if (!open.any().item<bool>())
            {
                break;
            }
            Tensor Hp = product(p);
            ShapeCheck.Require(Hp, nameof(product), b.shape);
            Tensor curvature = (p * Hp).sum(1, keepdim: true);
            Tensor flat = curvature.gt(0).logical_not().logical_and(open);
            if (flat.any().item<bool>())
            {
                long row = flat.flatten().to(ScalarType.Int32).argmax().item<long>();
                throw new InvalidOperationException($"H is not positive definite in row {row}: it has no positive curvature along direction {done}.");
            }
            Tensor alpha = where(open, rr / curvature, zeros_like(rr));
            x = x + alpha * p;
            r = r - alpha * Hp;
            Tensor next = Square(r);
            p = r + where(open, next / rr, zeros_like(rr)) * p;
            rr = next;
            done++;
        }
        Tensor size = Square(b).sqrt(), residual = where(size.gt(0), rr.sqrt() / size, zeros_like(size)).flatten();
        return new(x.MoveToOuterDisposeScope(), residual.MoveToOuterDisposeScope(), done);
    }

    private static Tensor Square(Tensor r) => r.square().sum(1, keepdim: true);
}
