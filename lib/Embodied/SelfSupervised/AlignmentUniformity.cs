using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>
/// The two things a contrastive loss asks of embeddings on the unit sphere: that views of one image lie together, and that all of them spread
/// over the sphere,
/// <code>
/// ℓ_align = ⟨‖z − z′‖^α⟩,      ℓ_uniform = log ⟨exp(−t ‖z_i − z_j‖²)⟩ over pairs i ≠ j.
/// </code>
/// InfoNCE tends to their sum as the number of negatives grows.
/// </summary>
/// <remarks>Wang &amp; Isola, <i>Understanding contrastive representation learning through alignment and uniformity on the hypersphere</i>, 2020, section 4.1. Lecture: self-supervised learning.</remarks>
public static class AlignmentUniformity
{
    /// <summary>ℓ_align, 0 at best. Differentiable.</summary>
    /// <param name="za">Embeddings of the first view, [n, d]; normalised here.</param>
    /// <param name="zb">Embeddings of the second view, [n, d].</param>
    /// <param name="alpha">α &gt; 0.</param>
    /// <returns>A scalar, 0 to 2^α.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">α is not positive.</exception>
    public static Tensor Alignment(Tensor za, Tensor zb, double alpha = 2)
    {
        ViewCheck.Pair(za, nameof(za), zb, nameof(zb));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(alpha);
        using var scope = NewDisposeScope();
        Tensor squared = (nn.functional.normalize(za, dim: 1) - nn.functional.normalize(zb, dim: 1)).square().sum(1);
        return squared.pow(alpha / 2).mean().MoveToOuterDisposeScope();
    }

    /// <summary>ℓ_uniform: 0 when all coincide, at best about −2t in many dimensions. Differentiable.</summary>
    /// <param name="z">Embeddings, [n, d] with n at least 2; normalised here.</param>
    /// <param name="t">t &gt; 0.</param>
    /// <returns>A scalar, −4t to 0.</returns>
    /// <exception cref="ArgumentException">No matrix, or one row only.</exception>
    /// <exception cref="ArgumentOutOfRangeException">t is not positive.</exception>
    public static Tensor Uniformity(Tensor z, double t = 2)
    {
        ViewCheck.Pair(z, nameof(z), z, nameof(z), rows: 2);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(t);
        using var scope = NewDisposeScope();
        long n = z.shape[0];
        Tensor unit = nn.functional.normalize(z, dim: 1);
        Tensor self = eye(n, dtype: ScalarType.Bool, device: z.device);
        // ‖a − b‖² = 2 − 2⟨a, b⟩ on the sphere; a point is no neighbour of itself.
        Tensor exponent = (2 * t * (unit.mm(unit.t()) - 1)).masked_fill(self, double.NegativeInfinity);
        return (exponent.view(-1).logsumexp(0) - Math.Log((double)n * (n - 1))).MoveToOuterDisposeScope();
    }
}
