using static TorchSharp.torch;

namespace Embodied.Objects;

/// <summary>An affinity held as a full n × n matrix: for small graphs, and as the reference that others are checked against.</summary>
public sealed class DenseAffinity : ISymmetricOperator
{
    private readonly double[] w;

    /// <summary>Takes the matrix W, w_ij ≥ 0 being how strongly nodes i and j belong together.</summary>
    /// <param name="weights">Symmetric [n, n] matrix of finite, non-negative weights.</param>
    /// <exception cref="ArgumentException">The matrix is not square or not symmetric, or a weight is negative, NaN or infinite.</exception>
    public DenseAffinity(double[,] weights)
        : this(weights.GetLength(0), weights.GetLength(1), Flatten(weights))
    {
    }

    /// <summary>Takes the matrix W from a tensor.</summary>
    /// <param name="weights">Symmetric [n, n] tensor of finite, non-negative weights, any floating type; copied.</param>
    /// <exception cref="ArgumentException">The tensor is not a symmetric square matrix, or a weight is negative, NaN or infinite.</exception>
    public DenseAffinity(Tensor weights)
        : this(Rows(weights), (int)weights.shape[1], weights.to(float64).contiguous().cpu().data<double>().ToArray())
    {
    }

    private DenseAffinity(int rows, int columns, double[] values)
    {
        if (rows != columns || rows == 0)
        {
            throw new ArgumentException($"The affinity has shape [{rows}, {columns}]; a square matrix [n, n] is wanted.", "weights");
        }
        Size = rows;
        w = values;
        for (int i = 0; i < Size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double a = this[i, j], b = this[j, i];
                AffinityWeight.Check(a, i, j);
                AffinityWeight.Check(b, j, i);
                if (Math.Abs(a - b) > 1e-12 * Math.Max(1, Math.Max(a, b)))
                {
                    throw new ArgumentException($"The affinity is not symmetric: w[{i}, {j}] is {a} and w[{j}, {i}] is {b}.", "weights");
                }
            }
        }
    }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>The weight w_ij.</summary>
    public double this[int i, int j] => w[(long)i * Size + j];

    /// <inheritdoc/>
    public void Apply(double[] x, double[] y) => VectorMath.ForRows(Size, (long)Size * Size, (from, to) =>
    {
        for (int i = from; i < to; i++)
        {
            ReadOnlySpan<double> row = w.AsSpan(i * Size, Size);
            double sum = 0;
            for (int j = 0; j < row.Length; j++)
            {
                sum += row[j] * x[j];
            }
            y[i] = sum;
        }
    });

    /// <summary>The matrix as a float64 tensor [n, n].</summary>
    public Tensor ToTensor() => tensor(w, [Size, Size], dtype: float64);

    private static int Rows(Tensor weights) => weights.dim() == 2 ? (int)weights.shape[0]
        : throw new ArgumentException($"The affinity has shape [{string.Join(", ", weights.shape)}]; [n, n] is wanted.", nameof(weights));

    private static double[] Flatten(double[,] weights)
    {
        var flat = new double[weights.Length];
        Buffer.BlockCopy(weights, 0, flat, 0, flat.Length * sizeof(double));
        return flat;
    }
}

internal static class AffinityWeight
{
    public static void Check(double w, int i, int j)
    {
        if (!double.IsFinite(w) || w < 0)
        {
            throw new ArgumentException($"The affinity of nodes {i} and {j} is {w}; a finite weight of at least 0 is wanted.", "weights");
        }
    }
}
