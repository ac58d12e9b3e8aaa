using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>
/// SimCLR's loss, the normalised temperature-scaled cross entropy: each of 2n views has to find its partner among the 2n − 1 others,
/// <code>
/// ℓ(i, j) = −log [exp(s_ij / τ) / Σ_{k≠i} exp(s_ik / τ)],      s_ij = ⟨z_i, z_j⟩ / ‖z_i‖‖z_j‖,      L = 1/2n Σ_pairs ℓ(i, j) + ℓ(j, i).
/// </code>
/// </summary>
/// <remarks>Chen et al., <i>A simple framework for contrastive learning of visual representations</i>, 2020, eq. 1. Lecture: self-supervised learning.</remarks>
public static class NtXent
{
    /// <summary>The loss. Differentiable in both views.</summary>
    /// <param name="za">Embeddings of the first view, [n, d]; normalised here.</param>
    /// <param name="zb">Embeddings of the second view of the same images in the same order, [n, d].</param>
    /// <param name="tau">τ &gt; 0; SimCLR takes 0.5 on small images, 0.1 on ImageNet.</param>
    /// <returns>A scalar, in nats.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or there is one image only and so no negative.</exception>
    /// <exception cref="ArgumentOutOfRangeException">τ is not positive.</exception>
    public static Tensor Loss(Tensor za, Tensor zb, double tau = 0.5)
    {
        ViewCheck.Pair(za, nameof(za), zb, nameof(zb), rows: 2);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tau);
        using var scope = NewDisposeScope();
        long n = za.shape[0];
        Tensor z = nn.functional.normalize(cat([za, zb]), dim: 1); // [2n, d]
        Tensor self = eye(2 * n, dtype: ScalarType.Bool, device: z.device);
        Tensor s = (z.mm(z.t()) / tau).masked_fill(self, double.NegativeInfinity);
        Tensor partner = cat([arange(n, 2 * n, device: z.device), arange(n, device: z.device)]);
        return nn.functional.cross_entropy(s, partner).MoveToOuterDisposeScope();
    }
}
