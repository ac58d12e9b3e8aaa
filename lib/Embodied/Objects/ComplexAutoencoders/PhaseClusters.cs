using Embodied.Evaluation;
using static TorchSharp.torch;

namespace Embodied.Objects.ComplexAutoencoders;

/// <summary>
/// Reads objects off phases. A pixel of magnitude m and phase φ becomes the point w (cos φ, sin φ), w = min(m/m₀, 1): where there is something, its direction on
/// the unit circle; where there is nothing, the phase of nothing is noise, and the point is at the origin. k-means finds one cluster for each object and one for the
/// background.
/// </summary>
/// <remarks>
/// Löwe et al. 2022, § 4 and appendix. Departure: their m₀ is 0.1, where x̂ begins at σ(|z|); here it begins at σ(2|z| − 4), and a magnitude of 1 is still nearly black.
/// Lecture: object-centric learning.
/// </remarks>
public static class PhaseClusters
{
    private const int Starts = 5;

    /// <summary>m₀.</summary>
    public const double LeastMagnitude = 1;

    /// <summary>The points w (cos φ, sin φ).</summary>
    /// <param name="z">Complex numbers of any shape.</param>
    /// <param name="leastMagnitude">m₀; 0 to count every phase in full.</param>
    /// <returns>The shape of z, and 2.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="leastMagnitude"/> is negative.</exception>
    public static Tensor Points(ComplexTensor z, double leastMagnitude = LeastMagnitude)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(leastMagnitude);
        using var scope = NewDisposeScope();
        Tensor points = stack([z.Real, z.Imaginary], -1);
        return (points / z.Magnitude.clamp(min: Math.Max(leastMagnitude, 1e-12)).unsqueeze(-1)).MoveToOuterDisposeScope();
    }

    /// <summary>Clusters the pixels of each image by phase.</summary>
    /// <param name="z">The network's output, [n, 1, H, W].</param>
    /// <param name="clusters">Clusters in an image: its objects and the background.</param>
    /// <param name="ignored">Which pixels are left out, bool [n, H, W]; null for none.</param>
    /// <param name="leastMagnitude">m₀.</param>
    /// <param name="seed">Seed of k-means' starts.</param>
    /// <returns>The cluster of each pixel, from 0, int64 [n, H, W]; −1 where left out.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or an image has fewer pixels than clusters.</exception>
    public static Tensor Of(ComplexTensor z, int clusters, Tensor? ignored = null, double leastMagnitude = LeastMagnitude, int seed = 0)
    {
        ShapeCheck.Require(z.Real, nameof(z), -1, 1, -1, -1);
        using var scope = NewDisposeScope();
        long n = z.Real.shape[0], height = z.Real.shape[2], width = z.Real.shape[3];
        if (ignored is not null)
        {
            ShapeCheck.Require(ignored, nameof(ignored), n, height, width);
        }
        double[] points = [.. Points(z.Detached(), leastMagnitude).to(ScalarType.Float64).data<double>()];
        bool[] skipped = ignored is null ? new bool[points.Length / 2] : [.. ignored.data<bool>()];
        long[] labels = new long[points.Length / 2];
        int pixels = (int)(height * width);
        for (int image = 0; image < n; image++)
        {
            int[] kept = [.. Enumerable.Range(image * pixels, pixels).Where(p => !skipped[p])];
            int[] found = KMeans.Cluster([.. kept.Select(p => new[] { points[2 * p], points[2 * p + 1] })], clusters, new Random(seed), Starts);
            Array.Fill(labels, -1, image * pixels, pixels);
            for (int k = 0; k < kept.Length; k++)
            {
                labels[kept[k]] = found[k];
            }
        }
        return tensor(labels).view(n, height, width).MoveToOuterDisposeScope();
    }

    /// <summary>How well clusters agree with the truth, the mean over images of <see cref="AdjustedRandIndex"/>; pixels of more than one object do not count.</summary>
    /// <param name="truth">Whose pixel it is, int64 [n, H, W]: 0 nobody's, from 1 on the objects', −1 of more than one.</param>
    /// <param name="found">Clusters, int64 [n, H, W].</param>
    /// <param name="background">Whether pixels of nobody count.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or fewer than two pixels of an image count.</exception>
    public static double Score(Tensor truth, Tensor found, bool background = false)
    {
        ShapeCheck.Require(truth, nameof(truth), -1, -1, -1);
        ShapeCheck.Require(found, nameof(found), truth.shape);
        long[] a = [.. truth.data<long>()], b = [.. found.data<long>()];
        int n = (int)truth.shape[0], pixels = a.Length / n;
        double sum = 0;
        for (int image = 0; image < n; image++)
        {
            Span<long> t = a.AsSpan(image * pixels, pixels), f = b.AsSpan(image * pixels, pixels);
            bool[] counted = [.. t.ToArray().Select(label => label > (background ? -1 : 0))];
            sum += AdjustedRandIndex.Of(t, f, counted);
        }
        return sum / n;
    }
}
