namespace Embodied.Objects;

/// <summary>When <see cref="RecursiveNormalizedCut"/> stops cutting.</summary>
public sealed record RecursiveCutOptions
{
    /// <summary>A segment is cut only if its best Ncut is below this.</summary>
    public double MaxNcut { get; init; } = 0.14;

    /// <summary>A segment is cut only if both parts have at least so many nodes.</summary>
    public int MinNodes { get; init; } = 20;

    /// <summary>
    /// A segment is cut only if the histogram of its eigenvector (ten bins) has an emptiest bin below this share of the fullest: one that varies
    /// smoothly can be cut anywhere about equally well, which is no cut (Shi and Malik, § 3.2, who take 0.06). 1 leaves the test out.
    /// </summary>
    public double MaxSmoothness { get; init; } = 0.06;

    /// <summary>The most segments.</summary>
    public int MaxSegments { get; init; } = 12;

    /// <summary>How eigenvectors are found.</summary>
    public LanczosOptions Solver { get; init; } = new() { Tolerance = 1e-7 };
}

/// <summary>Segments by two-way cuts, each part cut again, until a part is better left whole (Shi and Malik, 2000, § 3.2).</summary>
public static class RecursiveNormalizedCut
{
    private const int Bins = 10;

    /// <summary>
    /// Segments the graph; the segment whose cut has the smallest Ncut goes first. A part in which a node has no edge left is not cut further.
    /// </summary>
    /// <param name="w">The affinity W, every degree positive.</param>
    /// <param name="options">When to stop; null for the defaults.</param>
    /// <param name="progress">Told the number of segments.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The segment of each node, numbered from 0 by descending size, length n.</returns>
    /// <exception cref="ArgumentException">A node has no edges.</exception>
    public static int[] Segment(
        ISymmetricOperator w, RecursiveCutOptions? options = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new RecursiveCutOptions();
        List<int[]> whole = [];
        PriorityQueue<(int[] Nodes, int[] A, int[] B), double> cuts = new();
        Consider([.. Enumerable.Range(0, w.Size)]);
        while (cuts.Count > 0 && whole.Count + cuts.Count < options.MaxSegments)
        {
            (_, int[] a, int[] b) = cuts.Dequeue();
            Consider(a);
            Consider(b);
            progress?.Report(new TrainingProgress(whole.Count + cuts.Count, options.MaxSegments, double.NaN));
        }
        while (cuts.Count > 0)
        {
            whole.Add(cuts.Dequeue().Nodes);
        }

        int[] labels = new int[w.Size];
        int segment = 0;
        foreach (int[] nodes in whole.OrderByDescending(nodes => nodes.Length))
        {
            foreach (int node in nodes)
            {
                labels[node] = segment;
            }
            segment++;
        }
        return labels;

        void Consider(int[] nodes)
        {
            cancellation.ThrowIfCancellationRequested();
            if (nodes.Length >= 2 * options.MinNodes && nodes.Length > 2)
            {
                bool all = nodes.Length == w.Size;
                ISymmetricOperator part = all ? w : w.Restrict(nodes);
                if (!all && NormalizedCut.Degrees(part).Any(degree => !(degree > 0)))
                {
                    // A node whose every edge was cut before: dividing by its degree, Ncut is not defined within this part.
                    whole.Add(nodes);
                    return;
                }
                double[] y = NormalizedCut.Solve(part, 1, options.Solver, null, cancellation).Vectors[0];
                if (Smoothness(y) <= options.MaxSmoothness)
                {
                    (bool[] inA, double value) = NormalizedCut.Split(part, y);
                    int[] a = [.. nodes.Where((_, k) => inA[k])], b = [.. nodes.Where((_, k) => !inA[k])];
                    if (value < options.MaxNcut && Math.Min(a.Length, b.Length) >= options.MinNodes)
                    {
                        cuts.Enqueue((nodes, a, b), value);
                        return;
                    }
                }
            }
            whole.Add(nodes);
        }
    }

    /// <summary>The emptiest bin over the fullest, of ten bins between the vector's extremes: near 0 for a vector of plateaus.</summary>
    /// <param name="y">An eigenvector, not constant.</param>
    public static double Smoothness(double[] y)
    {
        double low = y.Min(), width = y.Max() - low;
        int[] bins = new int[Bins];
        foreach (double value in y)
        {
            bins[Math.Min(Bins - 1, (int)((value - low) / width * Bins))]++;
        }
        return (double)bins.Min() / bins.Max();
    }
}
