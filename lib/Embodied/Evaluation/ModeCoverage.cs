using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Evaluation;

/// <summary>How well samples cover known modes.</summary>
/// <param name="Covered">Modes that got at least a quarter of an equal share of the samples.</param>
/// <param name="OnMode">The share of samples within the radius of some mode, 0 to 1.</param>
/// <param name="Counts">Samples within the radius of each mode that are nearest to it.</param>
public sealed record ModeCoverage(int Covered, double OnMode, IReadOnlyList<int> Counts)
{
    /// <summary>
    /// Assigns each sample to its nearest mode and counts it when within the radius. With a radius of three standard deviations, 98.9 %
    /// of the samples of a round Gaussian in the plane count.
    /// </summary>
    /// <param name="samples">[n, d].</param>
    /// <param name="modes">[k, d].</param>
    /// <param name="radius">In the unit of the samples.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static ModeCoverage Of(Tensor samples, Tensor modes, double radius)
    {
        ShapeCheck.Require(modes, nameof(modes), -1, -1);
        ShapeCheck.Require(samples, nameof(samples), -1, modes.shape[1]);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        (Tensor distance, Tensor nearest) = cdist(samples, modes.to(samples.dtype)).min(1);
        Tensor on = distance.le(radius);
        int[] counts = [.. bincount(nearest[on], minlength: (int)modes.shape[0]).data<long>().Select(count => (int)count)];
        double fair = (double)samples.shape[0] / counts.Length;
        return new(counts.Count(count => count >= fair / 4), on.to(ScalarType.Float64).mean().ToDouble(), counts);
    }
}
