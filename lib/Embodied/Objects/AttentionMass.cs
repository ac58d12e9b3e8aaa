using static TorchSharp.torch;

namespace Embodied.Objects;

/// <summary>
/// Attention, a share for each patch, made a mask: the patches are taken from the one that gets most downwards,
/// <code>
/// a_(1) ≥ a_(2) ≥ …,      keep (1), …, (m) with the least m such that Σ_{i ≤ m} a_(i) ≥ mass · Σ_i a_(i).
/// </code>
/// A head that looks at one thing keeps few patches, a head that looks everywhere keeps nearly as large a share of the patches as of the mass.
/// </summary>
/// <remarks>Caron et al. 2021, figures 3 and 4, with a mass of 0.6. Lecture: self-supervised learning.</remarks>
public static class AttentionMass
{
    // Sums of shares are off by roundings; a sum that should equal the mass shall count as reaching it.
    private const double Rounding = 1e-6;

    /// <summary>The fewest patches that together hold a share of the attention. Of patches that get the same, which one is kept is not said.</summary>
    /// <param name="attention">Not negative, [..., p]; it need not sum to 1.</param>
    /// <param name="mass">The share, above 0 and at most 1.</param>
    /// <returns>Bool, of the same shape.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The mass is no such share.</exception>
    public static Tensor Kept(Tensor attention, double mass = 0.6)
    {
        if (!(mass > 0 && mass <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(mass), mass, "The mass is a share of the attention; above 0 and at most 1 is wanted.");
        }
        using var scope = NewDisposeScope();
        (Tensor sorted, Tensor order) = attention.detach().to(float64).sort(-1, descending: true);
        Tensor total = sorted.sum(-1, keepdim: true);
        Tensor before = sorted.cumsum(-1) - sorted; // what the patches above it hold
        Tensor kept = before.lt((mass - Rounding) * total);
        return zeros_like(kept).scatter(-1, order, kept).MoveToOuterDisposeScope();
    }

    /// <summary>As many patches as are asked for in each image, those that get most.</summary>
    /// <param name="attention">[n, h, p].</param>
    /// <param name="counts">How many of each image, Int64 [n].</param>
    /// <returns>Bool [n, h, p].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Most(Tensor attention, Tensor counts)
    {
        ShapeCheck.Require(attention, nameof(attention), -1, -1, -1);
        ShapeCheck.Require(counts, nameof(counts), attention.shape[0]);
        using var scope = NewDisposeScope();
        Tensor rank = attention.detach().argsort(-1, descending: true).argsort(-1);
        return rank.lt(counts.view(-1, 1, 1)).MoveToOuterDisposeScope();
    }
}
