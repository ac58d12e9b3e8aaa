using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>The weights of <see cref="VicReg"/>'s terms; a term with weight 0 is off.</summary>
public sealed record VicRegOptions
{
    /// <summary>λ, of the invariance.</summary>
    public double Invariance { get; init; } = 25;

    /// <summary>μ, of the variance.</summary>
    public double Variance { get; init; } = 25;

    /// <summary>ν, of the covariance.</summary>
    public double Covariance { get; init; } = 1;

    /// <summary>γ, the standard deviation that every coordinate should reach.</summary>
    public double Deviation { get; init; } = 1;
}

/// <summary>
/// VICReg: views should agree (invariance), every coordinate should vary over the batch (variance), and no two coordinates should vary
/// together (covariance),
/// <code>
/// L = λ s(Z, Z′) + μ [v(Z) + v(Z′)] + ν [c(Z) + c(Z′)],
/// s = 1/nd Σ_b ‖z_b − z′_b‖²,   v = 1/d Σ_j max(0, γ − √(Var z_j + ε)),   c = 1/d Σ_{i≠j} Cov(z_i, z_j)².
/// </code>
/// Variance keeps the embeddings from shrinking to a point, covariance from shrinking to a line.
/// </summary>
/// <remarks>
/// Bardes, Ponce &amp; LeCun, <i>VICReg</i>, 2022, eqs. 1 to 6. As in the authors' code, s is averaged over the coordinates too, so that one set of
/// weights suits any width; unlike there, v is summed over both views, as in the paper.
/// Lecture: self-supervised learning.
/// </remarks>
public static class VicReg
{
    private const double Epsilon = 1e-4;

    /// <summary>s(Z, Z′): the mean squared difference of two views' coordinates. Differentiable in both.</summary>
    /// <param name="za">Embeddings of the first view, [n, d].</param>
    /// <param name="zb">Embeddings of the second view, [n, d].</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor Invariance(Tensor za, Tensor zb)
    {
        ViewCheck.Pair(za, nameof(za), zb, nameof(zb));
        return nn.functional.mse_loss(za, zb);
    }

    /// <summary>v(Z): how far the coordinates' deviations are short of γ, on average. Differentiable.</summary>
    /// <param name="z">Embeddings, [n, d] with n at least 2.</param>
    /// <param name="deviation">γ.</param>
    /// <returns>A scalar, 0 to γ.</returns>
    /// <exception cref="ArgumentException">No matrix, or one row only.</exception>
    public static Tensor Variance(Tensor z, double deviation = 1)
    {
        ViewCheck.Pair(z, nameof(z), z, nameof(z), rows: 2);
        using var scope = NewDisposeScope();
        return nn.functional.relu(deviation - (z.var(0) + Epsilon).sqrt()).mean().MoveToOuterDisposeScope();
    }

    /// <summary>c(Z): the squared covariances of different coordinates, summed and divided by d. Differentiable.</summary>
    /// <param name="z">Embeddings, [n, d] with n at least 2.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">No matrix, or one row only.</exception>
    public static Tensor Covariance(Tensor z)
    {
        ViewCheck.Pair(z, nameof(z), z, nameof(z), rows: 2);
        using var scope = NewDisposeScope();
        Tensor centred = z - z.mean([0L], keepdim: true);
        Tensor C = centred.t().mm(centred) / (z.shape[0] - 1);
        return ((C.square().sum() - C.diagonal().square().sum()) / z.shape[1]).MoveToOuterDisposeScope();
    }

    /// <summary>L. Differentiable in both views.</summary>
    /// <param name="za">Embeddings of the first view, [n, d] with n at least 2.</param>
    /// <param name="zb">Embeddings of the second view, [n, d].</param>
    /// <param name="options">The terms' weights.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or there is one row only.</exception>
    public static Tensor Loss(Tensor za, Tensor zb, VicRegOptions? options = null)
    {
        options ??= new();
        using var scope = NewDisposeScope();
        Tensor loss = options.Invariance * Invariance(za, zb);
        if (options.Variance != 0)
        {
            loss = loss + options.Variance * (Variance(za, options.Deviation) + Variance(zb, options.Deviation));
        }
        if (options.Covariance != 0)
        {
            loss = loss + options.Covariance * (Covariance(za) + Covariance(zb));
        }
        return loss.MoveToOuterDisposeScope();
    }
}
