using static TorchSharp.torch;

namespace Embodied.Interactive;

/// <summary>A source of random inputs for <see cref="Check.Property"/>, other ones on every call.</summary>
public sealed class Sample
{
    private readonly Random random;

    internal Sample(int seed)
    {
        random = new Random(seed);
        Generator = new Generator((ulong)seed);
    }

    /// <summary>Draws tensors.</summary>
    public Generator Generator { get; }

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    public int Int(int least, int most) => random.Next(least, most + 1);

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public double Number(double least = 0, double most = 1) => least + (most - least) * random.NextDouble();

    /// <summary>A float64 tensor of standard normal numbers.</summary>
    /// <param name="shape">Its shape.</param>
    public Tensor Normal(params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: Generator);

    /// <summary>A float64 tensor of numbers from 0 to 1.</summary>
    /// <param name="shape">Its shape.</param>
    public Tensor Uniform(params long[] shape) => rand(shape, dtype: ScalarType.Float64, generator: Generator);
}
