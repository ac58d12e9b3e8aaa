using Embodied.Evaluation;

namespace Embodied.Objects;

/// <summary>
/// Segments into k parts at once (Shi and Malik, 2000, § 3.3): nodes are placed at their coordinates in the first eigenvectors, k-means
/// groups them into more parts than wanted, and parts are merged greedily where the k-way criterion
/// Ncut_k = Σ_s cut(A_s, V − A_s) / assoc(A_s, V) falls most or rises least.
/// </summary>
public static class KWayNormalizedCut
{
    /// <summary>Segments the graph.</summary>
    /// <param name="w">The affinity W, every degree positive.</param>
    /// <param name="k">How many segments.</param>
    /// <param name="vectors">Relaxed solutions to place nodes by; null: the first k are computed.</param>
    /// <param name="oversegment">How many parts k-means makes per segment wanted.</param>
    /// <param name="seed">Seed of k-means' starts.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The segment of each node, numbered from 0 by descending size, length n.</returns>
    /// <exception cref="ArgumentException">k is not in [2, n/2], or the vectors do not fit.</exception>
    public static int[] Segment(
        ISymmetricOperator w, int k, NcutVectors? vectors = null, int oversegment = 3, int seed = 0, CancellationToken cancellation = default)
    {
        int n = w.Size;
        if (k < 2 || k > n / 2)
        {
            throw new ArgumentException($"{k} segments are asked of {n} nodes; a number in [2, {n / 2}] is wanted.", nameof(k));
        }
        vectors ??= NormalizedCut.Solve(w, Math.Min(k, n - 1), null, null, cancellation);
        if (vectors.Vectors.Any(y => y.Length != n))
        {
            throw new ArgumentException($"The vectors have length {vectors.Vectors[0].Length}; {n}, the number of nodes, is wanted.", nameof(vectors));
        }
        double[][] places = [.. Enumerable.Range(0, n).Select(i => vectors.Vectors.Select(y => y[i]).ToArray())];
        int parts = Math.Min(Math.Max(k, k * oversegment), n / 2);
        int[] fine = KMeans.Cluster(places, parts, new Random(seed), cancellation: cancellation);
        return BySize(Merge(w, fine, parts, k));
    }

    /// <summary>Ncut_k = Σ_s cut(A_s, V − A_s) / assoc(A_s, V), from 0 to the number of segments.</summary>
    /// <param name="w">The affinity W.</param>
    /// <param name="labels">The segment of each node, from 0, length n.</param>
    /// <exception cref="ArgumentException">The length does not fit.</exception>
    public static double Value(ISymmetricOperator w, int[] labels)
    {
        if (labels.Length != w.Size)
        {
            throw new ArgumentException($"There are {labels.Length} labels; {w.Size}, the number of nodes, is wanted.", nameof(labels));
        }
        double[,] between = Between(w, labels, labels.Max() + 1);
        return Enumerable.Range(0, between.GetLength(0)).Sum(s => Share(between, s));
    }

    // between[s, t] = Σ_{i ∈ A_s, j ∈ A_t} w_ij.
    private static double[,] Between(ISymmetricOperator w, int[] labels, int parts)
    {
        double[,] between = new double[parts, parts];
        double[] x = new double[labels.Length], wx = new double[labels.Length];
        for (int s = 0; s < parts; s++)
        {
            for (int i = 0; i < x.Length; i++)
            {
                x[i] = labels[i] == s ? 1 : 0;
            }
            w.Apply(x, wx);
            for (int i = 0; i < x.Length; i++)
            {
                between[labels[i], s] += wx[i];
            }
        }
        return between;
    }

    private static double Share(double[,] between, int s)
    {
        double total = 0;
        for (int t = 0; t < between.GetLength(0); t++)
        {
            total += between[s, t];
        }
        return total > 0 ? 1 - between[s, s] / total : 0;
    }

    private static int[] Merge(ISymmetricOperator w, int[] labels, int parts, int k)
    {
        double[,] between = Between(w, labels, parts);
        List<int> alive = [.. Enumerable.Range(0, parts).Where(s => labels.Contains(s))];
        int[] into = [.. Enumerable.Range(0, parts)];
        while (alive.Count > k)
        {
            (int S, int T, double Change) best = (alive[0], alive[1], double.PositiveInfinity);
            foreach (int s in alive)
            {
                foreach (int t in alive.Where(t => t > s))
                {
                    double change = Merged(between, s, t) - Share(between, s) - Share(between, t);
                    if (change < best.Change)
                    {
                        best = (s, t, change);
                    }
                }
            }
            Join(between, best.S, best.T);
            alive.Remove(best.T);
            for (int s = 0; s < parts; s++)
            {
                into[s] = into[s] == best.T ? best.S : into[s];
            }
        }
        return [.. labels.Select(label => into[label])];
    }

    private static double Merged(double[,] between, int s, int t)
    {
        double total = 0;
        for (int u = 0; u < between.GetLength(0); u++)
        {
            total += between[s, u] + between[t, u];
        }
        return total > 0 ? 1 - (between[s, s] + between[t, t] + 2 * between[s, t]) / total : 0;
    }

    private static void Join(double[,] between, int s, int t)
    {
        int parts = between.GetLength(0);
        for (int u = 0; u < parts; u++)
        {
            between[s, u] += between[t, u];
            between[t, u] = 0;
        }
        for (int u = 0; u < parts; u++)
        {
            between[u, s] += between[u, t];
            between[u, t] = 0;
        }
    }

    private static int[] BySize(int[] labels)
    {
        int[] order = [.. labels.GroupBy(label => label).OrderByDescending(group => group.Count()).Select(group => group.Key)];
        return [.. labels.Select(label => Array.IndexOf(order, label))];
    }
}
