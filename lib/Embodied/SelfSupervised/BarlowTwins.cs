using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>
/// Barlow Twins: the cross-correlation of two views' embeddings over the batch should be the identity,
/// <code>
/// L = Σ_i (1 − C_ii)² + λ Σ_{i≠j} C_ij²,      C_ij = 1/n Σ_b ẑᴬ_bi ẑᴮ_bj,
/// </code>
/// ẑ standardised over the batch, coordinate by coordinate. The diagonal asks for invariance, the rest for coordinates that do not repeat each other.
/// </summary>
/// <remarks>Zbontar et al., <i>Barlow Twins: self-supervised learning via redundancy reduction</i>, 2021, eqs. 1 and 2. Lecture: self-supervised learning.</remarks>
public static class BarlowTwins
{
    /// <summary>C. Differentiable.</summary>
    /// <param name="za">Embeddings of the first view, [n, d] with n at least 2.</param>
    /// <param name="zb">Embeddings of the second view, [n, d].</param>
    /// <returns>[d, d], each from −1 to 1.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or there is one row only.</exception>
    public static Tensor CrossCorrelation(Tensor za, Tensor zb)
    {
        ViewCheck.Pair(za, nameof(za), zb, nameof(zb), rows: 2);
        using var scope = NewDisposeScope();
        return (Standardise(za).t().mm(Standardise(zb)) / za.shape[0]).MoveToOuterDisposeScope();
    }

    /// <summary>L. Differentiable in both views.</summary>
    /// <param name="za">Embeddings of the first view, [n, d] with n at least 2.</param>
    /// <param name="zb">Embeddings of the second view, [n, d].</param>
    /// <param name="lambda">λ; 0 leaves invariance alone.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or there is one row only.</exception>
    public static Tensor Loss(Tensor za, Tensor zb, double lambda = 5e-3)
    {
        using var scope = NewDisposeScope();
        Tensor C = CrossCorrelation(za, zb), diagonal = C.diagonal();
        Tensor invariance = (1 - diagonal).square().sum();
        Tensor redundancy = C.square().sum() - diagonal.square().sum();
        return (invariance + lambda * redundancy).MoveToOuterDisposeScope();
    }

    // A dead coordinate has deviation 0: the small number makes it 0 instead of NaN, as in BatchNorm.
    private static Tensor Standardise(Tensor z)
    {
        Tensor centred = z - z.mean([0L], keepdim: true);
        return centred / (centred.square().mean([0L], keepdim: true) + 1e-5).sqrt();
    }
}
