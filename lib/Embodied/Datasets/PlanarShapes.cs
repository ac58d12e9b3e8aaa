using static TorchSharp.torch;

namespace Embodied.Datasets;

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
