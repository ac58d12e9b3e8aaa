using static TorchSharp.torch;

namespace Embodied.Objects;

/// <summary>How alike pixels are.</summary>
public sealed record PixelAffinityOptions
{
    /// <summary>σ_I: the difference in brightness or colour (values from 0 to 1) at which the affinity has fallen to 1/e.</summary>
    public double SigmaI { get; init; } = 0.1;

    /// <summary>σ_X: the distance, in pixels, at which the affinity has fallen to 1/e.</summary>
    public double SigmaX { get; init; } = 4;

    /// <summary>r: pixels farther apart than this, in pixels, have no edge.</summary>
    public double Radius { get; init; } = 5;
}

/// <summary>
/// Pixels as nodes of a graph: w_ij = exp(−‖I_i − I_j‖² / σ_I²) · exp(−‖X_i − X_j‖² / σ_X²) if ‖X_i − X_j‖ ≤ r, else 0, with brightness or
/// colour I and position X (Shi and Malik, 2000, eq. 11).
/// </summary>
public static class PixelAffinity
{
    /// <summary>The affinity of an image's pixels.</summary>
    /// <param name="image">[1, h, w] (brightness) or [3, h, w] (colour), from 0 to 1.</param>
    /// <param name="options">σ_I, σ_X and r; null for the defaults.</param>
    /// <returns>W with h·w nodes, row by row; every pixel has itself for a neighbour, with weight 1.</returns>
    /// <exception cref="ArgumentException">The shape does not fit, a value is not finite, or a width or the radius is not positive.</exception>
    public static SparseAffinity Of(Tensor image, PixelAffinityOptions? options = null)
    {
        options ??= new PixelAffinityOptions();
        if (image.dim() != 3 || image.shape[0] is not (1 or 3))
        {
            throw new ArgumentException($"The image has shape [{string.Join(", ", image.shape)}]; [1, h, w] or [3, h, w] is wanted.", nameof(image));
        }
        foreach ((string name, double value) in (ReadOnlySpan<(string, double)>)[("SigmaI", options.SigmaI), ("SigmaX", options.SigmaX), ("Radius", options.Radius)])
        {
            if (!(value > 0 && double.IsFinite(value)))
            {
                throw new ArgumentException($"{name} is {value}; a positive number is wanted.", nameof(options));
            }
        }
        int channels = (int)image.shape[0], h = (int)image.shape[1], w = (int)image.shape[2];
        double[] pixels;
        using (NewDisposeScope())
        {
            pixels = image.detach().to(float64).cpu().contiguous().data<double>().ToArray();
        }
        if (pixels.Any(value => !double.IsFinite(value)))
        {
            throw new ArgumentException("The image holds NaN or infinite values; finite ones are wanted.", nameof(image));
        }

        (int Dy, int Dx, double Near)[] offsets = Offsets(options);
        int[] start = new int[h * w + 1];
        List<int> columns = [];
        List<double> weights = [];
        for (int y = 0; y < h; y++)
        {
            for (int x = 0; x < w; x++)
            {
                foreach ((int dy, int dx, double near) in offsets)
                {
                    int v = y + dy, u = x + dx;
                    if (v >= 0 && v < h && u >= 0 && u < w)
                    {
                        columns.Add(v * w + u);
                        weights.Add(near * Math.Exp(-Distance(pixels, channels, h * w, y * w + x, v * w + u) / (options.SigmaI * options.SigmaI)));
                    }
                }
                start[y * w + x + 1] = columns.Count;
            }
        }
        return new SparseAffinity(start, [.. columns], [.. weights]);
    }

    private static (int, int, double)[] Offsets(PixelAffinityOptions options)
    {
        int r = (int)options.Radius;
        return [.. from dy in Enumerable.Range(-r, 2 * r + 1)
                   from dx in Enumerable.Range(-r, 2 * r + 1)
                   let squared = dy * dy + dx * dx
                   where squared <= options.Radius * options.Radius
                   select (dy, dx, Math.Exp(-squared / (options.SigmaX * options.SigmaX)))];
    }

    // Sums the channels in one order from either side, so that w_ij and w_ji are the same number.
    private static double Distance(double[] pixels, int channels, int plane, int i, int j)
    {
        double squared = 0;
        for (int c = 0; c < channels; c++)
        {
            double difference = pixels[c * plane + i] - pixels[c * plane + j];
            squared += difference * difference;
        }
        return squared;
    }
}
