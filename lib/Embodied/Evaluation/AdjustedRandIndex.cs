namespace Embodied.Evaluation;

/// <summary>
/// How well two clusterings of the same things agree, corrected for chance. With n_ij the number of things in cluster i of one and j of the other,
/// <code>
/// ARI = (Σ_ij C(n_ij, 2) − E) / (½ (Σ_i C(a_i, 2) + Σ_j C(b_j, 2)) − E),      E = Σ_i C(a_i, 2) Σ_j C(b_j, 2) / C(n, 2),
/// </code>
/// C(n, 2) = n (n − 1) / 2. It is 1 for equal clusterings, whatever their labels, and 0 on average for random ones.
/// </summary>
/// <remarks>Hubert and Arabie, <i>Comparing partitions</i>, 1985. Lecture: object-centric learning, where it is taken over the pixels of objects alone (FG-ARI).</remarks>
public static class AdjustedRandIndex
{
    /// <summary>The index.</summary>
    /// <param name="truth">A label per thing.</param>
    /// <param name="found">A label per thing; of the same length.</param>
    /// <param name="counted">Which things count: for FG-ARI those that belong to an object. Null for all.</param>
    /// <returns>At most 1. When both put everything into one cluster, or each into its own, they are equal: 1.</returns>
    /// <exception cref="ArgumentException">The lengths differ, or fewer than two things count.</exception>
    public static double Of(ReadOnlySpan<long> truth, ReadOnlySpan<long> found, ReadOnlySpan<bool> counted = default)
    {
        if (truth.Length != found.Length || (counted.Length > 0 && counted.Length != truth.Length))
        {
            throw new ArgumentException($"The clusterings have {truth.Length} and {found.Length} labels{(counted.Length > 0 ? $", and {counted.Length} marks" : "")}; the same number is wanted.", nameof(found));
        }
        Dictionary<(long, long), long> cells = [];
        Dictionary<long, long> rows = [], columns = [];
        long n = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            if (counted.Length > 0 && !counted[i])
            {
                continue;
            }
            n++;
            cells[(truth[i], found[i])] = cells.GetValueOrDefault((truth[i], found[i])) + 1;
            rows[truth[i]] = rows.GetValueOrDefault(truth[i]) + 1;
            columns[found[i]] = columns.GetValueOrDefault(found[i]) + 1;
        }
        if (n < 2)
        {
            throw new ArgumentException($"{n} things count; pairs take at least 2.", nameof(truth));
        }
        double together = Pairs(cells.Values), a = Pairs(rows.Values), b = Pairs(columns.Values);
        double expected = a * b / (n * (n - 1) / 2.0), most = (a + b) / 2;
        return most == expected ? 1 : (together - expected) / (most - expected);
    }

    private static double Pairs(IEnumerable<long> counts) => counts.Sum(c => c * (c - 1) / 2.0);
}
