namespace Embodied.Objects;

/// <summary>
/// An affinity in compressed sparse rows: only pairs that have one are kept, so a pixel graph with a few dozen neighbours each costs
/// memory and time in proportion to its edges. Rows are multiplied on all cores; the result does not depend on how many there are.
/// </summary>
public sealed class SparseAffinity : ISymmetricOperator
{
    private readonly int[] start;
    private readonly int[] column;
    private readonly double[] weight;

    /// <summary>Takes a symmetric matrix in compressed sparse rows.</summary>
    /// <param name="start">Row i holds entries start[i] to start[i + 1] (exclusive); length n + 1, from 0, never falling.</param>
    /// <param name="column">The column of each entry, rising within a row.</param>
    /// <param name="weight">The weight of each entry, finite and ≥ 0; both w_ij and w_ji are stored.</param>
    /// <exception cref="ArgumentException">The arrays do not describe a symmetric matrix of finite, non-negative weights.</exception>
    public SparseAffinity(int[] start, int[] column, double[] weight)
    {
        if (start.Length < 2 || start[0] != 0 || start[^1] != column.Length || column.Length != weight.Length)
        {
            throw new ArgumentException(
                $"The rows do not fit: start has length {start.Length} and ends at {(start.Length > 0 ? start[^1] : 0)}, with " +
                $"{column.Length} columns and {weight.Length} weights; start[0] = 0 and start[n] = number of entries is wanted.", nameof(start));
        }
        (this.start, this.column, this.weight) = (start, column, weight);
        Size = start.Length - 1;
        for (int i = 0; i < Size; i++)
        {
            for (int k = start[i]; k < start[i + 1]; k++)
            {
                if (column[k] < 0 || column[k] >= Size || (k > start[i] && column[k] <= column[k - 1]))
                {
                    throw new ArgumentException($"Row {i} has column {column[k]} at entry {k}; rising columns in [0, {Size}) are wanted.", nameof(column));
                }
                AffinityWeight.Check(weight[k], i, column[k]);
                if (column[k] < i && this[column[k], i] != weight[k])
                {
                    throw new ArgumentException(
                        $"The affinity is not symmetric: w[{i}, {column[k]}] is {weight[k]} and w[{column[k]}, {i}] is {this[column[k], i]}.", nameof(weight));
                }
                if (column[k] > i && Find(column[k], i) < 0)
                {
                    throw new ArgumentException($"The affinity is not symmetric: w[{i}, {column[k]}] is {weight[k]} and its mirror is missing.", nameof(weight));
                }
            }
        }
    }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Number of stored entries, twice the number of edges plus the number of self-loops.</summary>
    public int Entries => weight.Length;

    /// <summary>The weight w_ij, 0 where there is no edge.</summary>
    public double this[int i, int j] => Find(i, j) is >= 0 and var k ? weight[k] : 0;

    /// <summary>The neighbours of node <paramref name="i"/>, rising.</summary>
    public ReadOnlySpan<int> Neighbours(int i) => column.AsSpan(start[i]..start[i + 1]);

    /// <summary>The weights of the edges to <see cref="Neighbours"/>, in the same order.</summary>
    public ReadOnlySpan<double> Weights(int i) => weight.AsSpan(start[i]..start[i + 1]);

    /// <inheritdoc/>
    public void Apply(double[] x, double[] y) => VectorMath.ForRows(Size, Entries, (from, to) =>
    {
        for (int i = from; i < to; i++)
        {
            double sum = 0;
            for (int k = start[i]; k < start[i + 1]; k++)
            {
                sum += weight[k] * x[column[k]];
            }
            y[i] = sum;
        }
    });

    /// <inheritdoc/>
    public ISymmetricOperator Restrict(int[] nodes)
    {
        int[] position = NodeSubset.Check(nodes, Size);
        var rows = new int[nodes.Length + 1];
        var columns = new List<int>();
        var weights = new List<double>();
        for (int r = 0; r < nodes.Length; r++)
        {
            var row = new List<(int Column, double Weight)>();
            for (int k = start[nodes[r]]; k < start[nodes[r] + 1]; k++)
            {
                if (position[column[k]] >= 0)
                {
                    row.Add((position[column[k]], weight[k]));
                }
            }
            row.Sort((a, b) => a.Column.CompareTo(b.Column));
            columns.AddRange(row.Select(e => e.Column));
            weights.AddRange(row.Select(e => e.Weight));
            rows[r + 1] = columns.Count;
        }
        return new SparseAffinity(rows, [.. columns], [.. weights]);
    }

    /// <summary>The same matrix in full.</summary>
    public DenseAffinity ToDense()
    {
        var full = new double[Size, Size];
        for (int i = 0; i < Size; i++)
        {
            for (int k = start[i]; k < start[i + 1]; k++)
            {
                full[i, column[k]] = weight[k];
            }
        }
        return new DenseAffinity(full);
    }

    private int Find(int i, int j)
    {
        int k = Array.BinarySearch(column, start[i], start[i + 1] - start[i], j);
        return k >= 0 ? k : -1;
    }
}
