namespace Embodied.Objects;

/// <summary>
/// The partition with the smallest cut(A, B) = Σ_{i ∈ A, j ∈ B} w_ij, whatever the sizes: the criterion of Wu and Leahy (1993), which favours
/// cutting off single nodes, since few edges make a small sum. Stoer and Wagner (1997).
/// </summary>
public static class MinCut
{
    private const int MostNodes = 2000;

    /// <summary>Finds the global minimum cut in O(n³).</summary>
    /// <param name="w">The affinity W with n ≤ 2000 nodes; its diagonal plays no part.</param>
    /// <returns>Whether each node is in A, A being the side that was split off, and the cut.</returns>
    /// <exception cref="ArgumentException">The graph has fewer than 2 nodes or more than 2000.</exception>
    public static (bool[] InA, double Cut) Solve(DenseAffinity w)
    {
        int n = w.Size;
        if (n is < 2 or > MostNodes)
        {
            throw new ArgumentException($"The graph has {n} nodes; 2 to {MostNodes} are wanted.", nameof(w));
        }
        double[,] weight = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                weight[i, j] = i == j ? 0 : w[i, j];
            }
        }
        List<int>[] merged = [.. Enumerable.Range(0, n).Select(i => new List<int> { i })];
        List<int> left = [.. Enumerable.Range(0, n)];
        (bool[] InA, double Cut) best = ([], double.PositiveInfinity);
        while (left.Count > 1)
        {
            (int s, int t, double cutOfPhase) = Phase(weight, left);
            if (cutOfPhase < best.Cut)
            {
                bool[] inA = new bool[n];
                merged[t].ForEach(node => inA[node] = true);
                best = (inA, cutOfPhase);
            }
            merged[s].AddRange(merged[t]);
            left.Remove(t);
            foreach (int other in left.Where(node => node != s))
            {
                weight[s, other] = weight[other, s] = weight[s, other] + weight[t, other];
            }
        }
        return best;
    }

    // Adds the most tightly connected node again and again; the last one, against all others, is a minimum cut between it and the one before.
    private static (int S, int T, double Cut) Phase(double[,] weight, List<int> left)
    {
        Dictionary<int, double> outside = left.Skip(1).ToDictionary(node => node, node => weight[left[0], node]);
        (int s, int t, double cut) = (left[0], left[0], 0);
        while (outside.Count > 0)
        {
            KeyValuePair<int, double> tightest = outside.MaxBy(entry => entry.Value);
            (s, t, cut) = (t, tightest.Key, tightest.Value);
            outside.Remove(t);
            foreach (int node in outside.Keys)
            {
                outside[node] += weight[t, node];
            }
        }
        return (s, t, cut);
    }
}
