using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Evaluation;

/// <summary>
/// How many dimensions embeddings really use: the exponential of the entropy of the normalised singular values,
/// <code>
/// erank(Z) = exp(−Σ_i p_i log p_i),      p_i = σ_i / Σ_j σ_j.
/// </code>
/// k equal singular values and else zeros give k; a collapsed representation gives 1, whatever its width.
/// </summary>
/// <remarks>Roy &amp; Vetterli, <i>The effective rank: a measure of effective dimensionality</i>, 2007; Jing et al., <i>Understanding dimensional collapse</i>, 2022. Lecture: self-supervised learning.</remarks>
public static class EffectiveRank
{
    /// <summary>erank of embeddings, in float64.</summary>
    /// <param name="z">[n, d].</param>
    /// <param name="centre">Whether the mean is subtracted first, so that a common offset does not count as a dimension.</param>
    /// <returns>From 1 to min(n, d); 0 when all singular values are zero.</returns>
    /// <exception cref="ArgumentException">No matrix.</exception>
    public static double Of(Tensor z, bool centre = true)
    {
        ShapeCheck.Require(z, nameof(z), -1, -1);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor Z = z.to(ScalarType.Float64);
        Z = centre ? Z - Z.mean([0L], keepdim: true) : Z;
        // From the smaller Gram matrix: of thousands of pixels the singular values take many times as long.
        Tensor gram = Z.shape[0] < Z.shape[1] ? Z.mm(Z.t()) : Z.t().mm(Z);
        Tensor squares = linalg.eigvalsh(gram);
        Tensor sigma = squares.where(squares.gt(1e-14 * squares.shape[0] * squares.max()), zeros_like(squares)).sqrt();
        double total = sigma.sum().ToDouble();
        if (total == 0)
        {
            return 0;
        }
        Tensor p = sigma / total;
        return Math.Exp(-p.xlogy(p).sum().ToDouble());
    }

    /// <summary>The eigenvalues of the covariance of embeddings, by falling size: a straight fall to zero shows dimensional collapse.</summary>
    /// <param name="z">[n, d] with n at least 2.</param>
    /// <returns>float64, [d].</returns>
    /// <exception cref="ArgumentException">No matrix, or one row only.</exception>
    public static Tensor Spectrum(Tensor z)
    {
        ShapeCheck.Require(z, nameof(z), -1, -1);
        if (z.shape[0] < 2)
        {
            throw new ArgumentException($"z has {z.shape[0]} rows, wanted at least 2 for a covariance.", nameof(z));
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor centred = z.to(ScalarType.Float64);
        centred = centred - centred.mean([0L], keepdim: true);
        return linalg.eigvalsh(centred.t().mm(centred) / (z.shape[0] - 1)).flip(0).clamp_min(0).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The mean standard deviation of the coordinates of L2-normalised embeddings: 1/√d when they spread evenly over the sphere, 0 when
    /// all are one point (SimSiam, figure 2).
    /// </summary>
    /// <param name="z">[n, d] with n at least 2; normalised here.</param>
    /// <returns>0 to 1/√d, about.</returns>
    /// <exception cref="ArgumentException">No matrix, or one row only.</exception>
    public static double UnitDeviation(Tensor z)
    {
        ShapeCheck.Require(z, nameof(z), -1, -1);
        if (z.shape[0] < 2)
        {
            throw new ArgumentException($"z has {z.shape[0]} rows, wanted at least 2 for a deviation.", nameof(z));
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return nn.functional.normalize(z, dim: 1).std(0).mean().ToDouble();
    }
}
