using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>
/// MoCo's loss: a query has to find its own key among those of other images,
/// <code>
/// L_q = −log [exp(⟨q, k⁺⟩ / τ) / (exp(⟨q, k⁺⟩ / τ) + Σ_{k⁻} exp(⟨q, k⁻⟩ / τ))].
/// </code>
/// </summary>
/// <remarks>van den Oord et al. 2018; He et al. (MoCo) 2020, eq. 1. Lecture: self-supervised learning.</remarks>
public static class InfoNce
{
    /// <summary>The loss, averaged over queries. Differentiable in the queries; keys get no gradient.</summary>
    /// <param name="q">Queries, [n, d]; normalised here.</param>
    /// <param name="positive">k⁺, the key of each query's own image, [n, d]; normalised here.</param>
    /// <param name="negatives">k⁻, keys of other images, [K, d], unit vectors.</param>
    /// <param name="tau">τ &gt; 0.</param>
    /// <returns>A scalar, in nats.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">τ is not positive.</exception>
    public static Tensor Loss(Tensor q, Tensor positive, Tensor negatives, double tau = 0.07)
    {
        ViewCheck.Pair(q, nameof(q), positive, nameof(positive));
        ShapeCheck.Require(negatives, nameof(negatives), -1, q.shape[1]);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tau);
        using var scope = NewDisposeScope();
        q = nn.functional.normalize(q, dim: 1);
        Tensor own = (q * nn.functional.normalize(positive.detach(), dim: 1)).sum(1, keepdim: true); // [n, 1]
        Tensor logits = cat([own, q.mm(negatives.detach().t())], 1) / tau; // [n, 1 + K]
        return nn.functional.cross_entropy(logits, zeros(q.shape[0], ScalarType.Int64, device: q.device)).MoveToOuterDisposeScope();
    }
}
