using static TorchSharp.torch;

namespace Embodied.Objects;

/// <summary>
/// Makes the directions of patch features count alike, by the mean μ and covariance Σ = U Λ Uᵀ of the patches of many images:
/// <code>
/// k ← (Λ + s λ̄)^(−1/2) Uᵀ (k − μ),      λ̄ the mean eigenvalue.
/// </code>
/// In a network that was trained briefly most of the variance of keys is between backgrounds, their light and their colours; a cosine of raw keys compares these.
/// Directions in which objects differ from everything have little variance, for objects are few. After whitening they are heard.
/// </summary>
/// <remarks>
/// Whitening before a cosine is linear discriminant analysis with the background for a negative class: Hariharan, Malik and Ramanan, <i>Discriminative decorrelation
/// for clustering and classification</i>, 2012. TokenCut and CutLER do without: their network saw a million photographs. Lecture: object discovery.
/// </remarks>
public sealed class KeyWhitening : IDisposable
{
    private readonly Tensor mean, transform;

    private KeyWhitening(Tensor mean, Tensor transform) => (this.mean, this.transform) = (mean, transform);

    /// <summary>Finds mean and covariance.</summary>
    /// <param name="keys">Patches of many images, [n, p, d] or [p, d], not centred.</param>
    /// <param name="shrinkage">s: 0 whitens fully, noise included; the larger, the more it only centres.</param>
    /// <exception cref="ArgumentException">The shape does not fit, or there are fewer than 2 patches.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The shrinkage is negative.</exception>
    public static KeyWhitening Fit(Tensor keys, double shrinkage = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shrinkage);
        if (keys.dim() is not (2 or 3) || keys.numel() / Math.Max(1, keys.shape[^1]) < 2)
        {
            throw new ArgumentException($"keys has shape [{string.Join(", ", keys.shape)}], wanted [images, patches, d] or [patches, d] with at least 2 patches.", nameof(keys));
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor all = keys.reshape(-1, keys.shape[^1]).to(float64), mean = all.mean([0L]), centred = all - mean;
        (Tensor λ, Tensor U) = linalg.eigh(centred.t().mm(centred) / all.shape[0]);
        // Rounding leaves eigenvalues of 0 a little below it.
        Tensor spread = (λ.clamp_min(0) + shrinkage * λ.mean()).clamp_min(1e-12).sqrt();
        return new((mean.to(keys.dtype)).DetachFromDisposeScope(), (U / spread).to(keys.dtype).DetachFromDisposeScope());
    }

    /// <summary>Whitens.</summary>
    /// <param name="keys">[..., d].</param>
    /// <returns>The same shape.</returns>
    /// <exception cref="ArgumentException">d is another than that of the keys that were fitted.</exception>
    public Tensor Apply(Tensor keys)
    {
        if (keys.dim() == 0 || keys.shape[^1] != mean.shape[0])
        {
            throw new ArgumentException($"keys has shape [{string.Join(", ", keys.shape)}], wanted [..., {mean.shape[0]}], as the keys that were fitted.", nameof(keys));
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return (keys - mean).matmul(transform).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        mean.Dispose();
        transform.Dispose();
    }
}
