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

/// <summary>Point sets in the plane with shapes that no Gaussian has, about 4 units from the origin to their edge.</summary>
public static class PlanarShapes
{
    /// <summary>Two interleaved half circles.</summary>
    /// <param name="n">How many points.</param>
    /// <param name="generator">Where they come from.</param>
    /// <param name="deviation">The standard deviation of the noise about the curve.</param>
    /// <returns>[n, 2], float32.</returns>
    public static Tensor TwoMoons(int n, Generator generator, double deviation = 0.2)
    {
        using var scope = NewDisposeScope();
        Tensor angle = rand(n, generator: generator) * Math.PI;
        Tensor second = rand(n, generator: generator).gt(0.5).to(ScalarType.Float32);
        // The first moon is an arch about (-1, -0.5), the second a bowl about (1, 0.5).
        Tensor x = where(second.gt(0), 1.25 - 2.5 * angle.cos(), -1.25 + 2.5 * angle.cos());
        Tensor y = where(second.gt(0), 0.6 - 2.5 * angle.sin(), -0.6 + 2.5 * angle.sin());
        return (stack([x, y], 1) + deviation * randn(n, 2, generator: generator)).MoveToOuterDisposeScope();
    }

    /// <summary>Two rings about the origin.</summary>
    /// <param name="n">How many points.</param>
    /// <param name="generator">Where they come from.</param>
    /// <param name="deviation">The standard deviation of the radius.</param>
    /// <returns>[n, 2], float32.</returns>
    public static Tensor Rings(int n, Generator generator, double deviation = 0.2)
    {
        using var scope = NewDisposeScope();
        Tensor angle = rand(n, generator: generator) * (2 * Math.PI);
        Tensor radius = where(rand(n, generator: generator).lt(2.0 / 3), tensor(3.5f), tensor(1.75f)) + deviation * randn(n, generator: generator);
        return stack([radius * angle.cos(), radius * angle.sin()], 1).MoveToOuterDisposeScope();
    }

    /// <summary>Five curved blades.</summary>
    /// <param name="n">How many points.</param>
    /// <param name="generator">Where they come from.</param>
    /// <returns>[n, 2], float32.</returns>
    public static Tensor Pinwheel(int n, Generator generator)
    {
        using var scope = NewDisposeScope();
        Tensor blade = randint(5, n, generator: generator).to(ScalarType.Float32);
        Tensor radius = 2.2 + 0.7 * randn(n, generator: generator);
        Tensor across = 0.22 * randn(n, generator: generator);
        Tensor angle = blade * (2 * Math.PI / 5) + 0.45 * radius;
        return stack([radius * angle.cos() - across * angle.sin(), radius * angle.sin() + across * angle.cos()], 1).MoveToOuterDisposeScope();
    }
}
