using static TorchSharp.torch;

namespace Embodied.Datasets;

/// <summary>A mixture of equal round Gaussians in the plane, whose energy is known: p(x) = ⟨N(x; μₖ, σ²)⟩ₖ.</summary>
public sealed class GaussianMixture : IDisposable
{
    /// <summary>The means μₖ, [k, 2].</summary>
    public Tensor Means { get; }

    /// <summary>The standard deviation σ of every Gaussian.</summary>
    public double Deviation { get; }

    private GaussianMixture(Tensor means, double deviation) => (Means, Deviation) = (means, deviation);

    /// <summary>Gaussians evenly on a circle about the origin; eight of them are the usual trial of a generative model's coverage.</summary>
    /// <param name="count">How many.</param>
    /// <param name="radius">The circle's radius.</param>
    /// <param name="deviation">σ, in the same unit.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not positive.</exception>
    public static GaussianMixture Ring(int count = 8, double radius = 4, double deviation = 0.4)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(radius);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(deviation);
        using var scope = NewDisposeScope();
        Tensor angle = arange(count, dtype: ScalarType.Float32) * (2 * Math.PI / count);
        return new((stack([angle.cos(), angle.sin()], 1) * radius).DetachFromDisposeScope(), deviation);
    }

    /// <summary>Draws points.</summary>
    /// <param name="n">How many.</param>
    /// <param name="generator">Where they come from.</param>
    /// <returns>[n, 2], float32.</returns>
    public Tensor Sample(int n, Generator generator)
    {
        using var scope = NewDisposeScope();
        Tensor which = randint(Means.shape[0], n, generator: generator);
        return (Means.index_select(0, which) + Deviation * randn(n, 2, generator: generator)).MoveToOuterDisposeScope();
    }

    /// <summary>−log p(x). Differentiable.</summary>
    /// <param name="x">[n, 2].</param>
    /// <returns>[n], in nats.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor Energy(Tensor x)
    {
        ShapeCheck.Require(x, nameof(x), -1, 2);
        using var scope = NewDisposeScope();
        double variance = Deviation * Deviation;
        Tensor squared = (x.unsqueeze(1) - Means.to(x.dtype)).square().sum(2);
        return (Math.Log(Means.shape[0] * 2 * Math.PI * variance) - (-squared / (2 * variance)).logsumexp(1)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => Means.Dispose();
}
