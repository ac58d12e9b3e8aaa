using static TorchSharp.torch;

namespace Embodied.Objects;

/// <summary>How <see cref="MaskCut"/> works; the defaults are the paper's.</summary>
public sealed record MaskCutOptions
{
    /// <summary>τ: patches whose features have a larger cosine are linked with weight 1.</summary>
    public double Tau { get; init; } = 0.15;

    /// <summary>ε: the weight of all other pairs.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>The most objects.</summary>
    public int Objects { get; init; } = 3;

    /// <summary>A mask after the first is dropped when its IoU with the one before is above this.</summary>
    public double LargestOverlap { get; init; } = 0.5;

    /// <summary>A mask after the first is dropped when its share of the patches is not above this.</summary>
    public double SmallestShare { get; init; } = 0.01;

    /// <summary>A part that holds so many of the four corners is the background.</summary>
    public int BackgroundCorners { get; init; } = 3;

    /// <summary>How eigenvectors are found.</summary>
    public LanczosOptions Solver { get; init; } = new() { Tolerance = 1e-6 };
}

/// <summary>One object's cut, step by step.</summary>
/// <param name="Eigenvector">y, with the sign that makes the foreground positive; a number per patch, row by row.</param>
/// <param name="Part">Where y is above its mean (below, where the sign was turned): the foreground side of the cut.</param>
/// <param name="Turned">Whether the sign was turned: the other side held the corners, or did not hold the peak of |y|.</param>
/// <param name="Seed">The patch where y is greatest.</param>
/// <param name="Component">The part's 4-connected piece that holds the seed.</param>
/// <param name="Mask">What is new in the component; nothing where it was dropped as too small or as found already.</param>
public sealed record MaskCutStep(double[] Eigenvector, bool[] Part, bool Turned, int Seed, bool[] Component, bool[] Mask);

/// <summary>
/// Objects from self-supervised features. Patches of an image are linked where their features point the same way, w_ij = 1 if cos(k_i, k_j) > τ and ε
/// otherwise; the normalised cut of that graph (<see cref="NormalizedCut"/>) parts an object from the rest. The side that holds the corners of the image is
/// taken for background; of the other, the connected piece at the peak of the eigenvector is the object. With one object this is TokenCut; MaskCut
/// then masks the object's features out and cuts again.
/// </summary>
/// <remarks>
/// Wang et al., <i>TokenCut</i>, CVPR 2022; Wang et al., <i>Cut and learn for unsupervised object detection and instance segmentation</i> (CutLER), CVPR 2023, § 3.2.
/// The graph is kept as bits (<see cref="BinaryAffinity"/>), never as a matrix of numbers. Lecture: object discovery.
/// </remarks>
public static class MaskCut
{
    /// <summary>Finds objects, most prominent first.</summary>
    /// <param name="features">Features of the patches, row by row, [height · width, d]: the keys of the last layer in the paper.</param>
    /// <param name="height">Patches from top to bottom.</param>
    /// <param name="width">Patches from left to right.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>A step per cut, as many as asked for; fewer when nothing is left to cut.</returns>
    /// <exception cref="ArgumentException">There are not height · width features, or they are not finite, or τ or ε is out of range.</exception>
    /// <exception cref="ArgumentOutOfRangeException">No object is wanted.</exception>
    public static IReadOnlyList<MaskCutStep> Find(Tensor features, int height, int width, MaskCutOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new MaskCutOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Objects, 1, nameof(options));
        ShapeCheck.Require(features, nameof(features), height * width, -1);
        bool[] taken = new bool[height * width];
        List<MaskCutStep> steps = [];
        while (steps.Count < options.Objects && taken.Contains(false))
        {
            cancellation.ThrowIfCancellationRequested();
            MaskCutStep step = Next(features, height, width, taken, steps.LastOrDefault()?.Mask, options, cancellation);
            steps.Add(step);
            for (int i = 0; i < taken.Length; i++)
            {
                taken[i] |= step.Mask[i];
            }
        }
        return steps;
    }

    /// <summary>What of a cut is the object: the side without the corners that holds the peak, and of it the piece around the peak.</summary>
    /// <param name="y">An eigenvector over a grid, row by row, of either sign.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="options">Of which the corners count; null for the defaults.</param>
    /// <returns>The step; its mask is the whole piece.</returns>
    /// <exception cref="ArgumentException">There are not height · width numbers.</exception>
    public static MaskCutStep Foreground(double[] y, int height, int width, MaskCutOptions? options = null)
    {
        if (y.Length == 0 || y.Length != height * width)
        {
            throw new ArgumentException($"There are {y.Length} numbers; {height} × {width} are wanted.", nameof(y));
        }
        options ??= new MaskCutOptions();
        double mean = y.Average();
        bool[] part = [.. y.Select(v => v > mean)];
        int peak = IndexOfGreatest(y, Math.Abs);
        int corners = new[] { 0, width - 1, (height - 1) * width, height * width - 1 }.Count(corner => part[corner]);
        bool turned = corners >= options.BackgroundCorners || !part[peak];
        if (turned)
        {
            y = [.. y.Select(v => -v)];
            part = [.. part.Select(inside => !inside)];
        }
        int seed = IndexOfGreatest(y, v => v);
        bool[] component = ConnectedPart.Around(seed, part, height, width);
        return new(y, part, turned, seed, component, component);
    }

    private static MaskCutStep Next(
        Tensor features, int height, int width, bool[] taken, bool[]? last, MaskCutOptions options, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        // A zero vector is similar to nothing: what was taken hangs on the rest by ε alone.
        Tensor left = where(tensor(taken, device: features.device).unsqueeze(1), zeros_like(features), features);
        BinaryAffinity affinity = BinaryAffinity.FromCosine(left, options.Tau, options.Epsilon);
        double[] y = NormalizedCut.Solve(affinity, 1, options.Solver, cancellation: cancellation).Vectors[0];

        MaskCutStep found = Foreground(y, height, width, options);
        bool[] component = found.Component;
        bool dropped = last is not null && (Overlap(component, last) > options.LargestOverlap || Share(component) <= options.SmallestShare);
        return found with { Mask = [.. component.Select((inside, i) => inside && !taken[i] && !dropped)] };
    }

    private static int IndexOfGreatest(double[] y, Func<double, double> of)
    {
        int best = 0;
        for (int i = 1; i < y.Length; i++)
        {
            best = of(y[i]) > of(y[best]) ? i : best;
        }
        return best;
    }

    private static double Overlap(bool[] a, bool[] b)
    {
        int both = 0, either = 0;
        for (int i = 0; i < a.Length; i++)
        {
            both += a[i] && b[i] ? 1 : 0;
            either += a[i] || b[i] ? 1 : 0;
        }
        return (double)both / Math.Max(either, 1);
    }

    private static double Share(bool[] mask) => mask.Count(inside => inside) / (double)mask.Length;
}
