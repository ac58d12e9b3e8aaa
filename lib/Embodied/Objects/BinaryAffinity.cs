using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Embodied.Objects;

/// <summary>
/// A symmetric affinity with two values, w_ij = 1 where B_ij is set and ε elsewhere, kept as one bit per pair:
/// W x = (1 − ε) B x + ε (Σ_j x_j) 1.
/// </summary>
/// <remarks>
/// B x is computed by the method of the four Russians (Arlazarov, Dinic, Kronrod and Faradžev, 1970): eight columns have only 256
/// patterns, so the 256 sums of eight entries of x are tabulated once, and each row then adds one table entry per eight columns.
/// Against a matrix of doubles this is a sixty-fourth of the memory, which fits in a processor's cache, and an eighth of the additions.
/// </remarks>
public sealed class BinaryAffinity : ISymmetricOperator
{
    private const int Word = 32;

    // bits[g * n + i]: columns 32 g to 32 g + 31 of row i, lowest bit first. The words of one group of columns lie side by side,
    // so its four tables (8 KiB) stay in the fastest cache while all rows pass.
    private readonly uint[] bits;
    private readonly int groups;

    private BinaryAffinity(int size, double epsilon, uint[] bits)
    {
        Size = size;
        Epsilon = epsilon;
        this.bits = bits;
        groups = Groups(size);
    }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>The weight ε of a pair whose bit is not set; a small positive one keeps the graph connected.</summary>
    public double Epsilon { get; }

    /// <summary>The number of pairs (i, j) with weight 1, both orders and the diagonal counted.</summary>
    public long Ones => bits.Sum(word => (long)BitOperations.PopCount(word));

    /// <summary>The weight w_ij.</summary>
    public double this[int i, int j] => (bits[j / Word * Size + i] >> (j % Word) & 1) != 0 ? 1 : Epsilon;

    /// <summary>Takes B from a matrix of truth values.</summary>
    /// <param name="linked">Symmetric [n, n]; true where w_ij = 1.</param>
    /// <param name="epsilon">The weight elsewhere, in [0, 1).</param>
    /// <exception cref="ArgumentException">The matrix is not square and symmetric, or ε is outside [0, 1).</exception>
    public static BinaryAffinity From(bool[,] linked, double epsilon = 1e-5)
    {
        int n = linked.GetLength(0);
        if (n == 0 || linked.GetLength(1) != n)
        {
            throw new ArgumentException($"The affinity has shape [{n}, {linked.GetLength(1)}]; a square matrix [n, n] is wanted.", nameof(linked));
        }
        CheckEpsilon(epsilon);
        var bits = new uint[Groups(n) * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                if (linked[i, j] != linked[j, i])
                {
                    throw new ArgumentException($"The affinity is not symmetric: [{i}, {j}] is {linked[i, j]} and [{j}, {i}] is {linked[j, i]}.", nameof(linked));
                }
                bits[j / Word * n + i] |= linked[i, j] ? 1u << (j % Word) : 0;
            }
        }
        return new BinaryAffinity(n, epsilon, bits);
    }

    /// <summary>
    /// Links patches whose features point the same way: B_ij = [cos(f_i, f_j) &gt; τ], as TokenCut (Wang et al., 2022) and MaskCut
    /// (Wang et al., 2023) do with self-supervised features. A zero vector is similar to none, not even to itself.
    /// </summary>
    /// <param name="features">One feature vector per node, [n, d], float32 or float64; the similarity is computed in the same type.</param>
    /// <param name="tau">The threshold τ on the cosine, in [0, 1).</param>
    /// <param name="epsilon">The weight of the other pairs, in [0, 1).</param>
    /// <exception cref="ArgumentException">
    /// The features are not a matrix, or not finite, or τ or ε is outside its range.
    /// </exception>
    public static BinaryAffinity FromCosine(Tensor features, double tau = 0.2, double epsilon = 1e-5)
    {
        if (features.dim() != 2 || features.shape[0] == 0)
        {
            throw new ArgumentException($"The features have shape [{string.Join(", ", features.shape)}]; [nodes, dimensions] is wanted.", nameof(features));
        }
        if (!(tau >= 0 && tau < 1))
        {
            throw new ArgumentException($"The threshold on the cosine is {tau}; a number in [0, 1) is wanted.", nameof(tau));
        }
        CheckEpsilon(epsilon);
        int n = (int)features.shape[0];
        var bits = new uint[Groups(n) * n];
        using (NewDisposeScope())
        using (no_grad())
        {
            Tensor f = features.detach().to(features.dtype == float64 ? float64 : float32).cpu();
            if (!f.isfinite().all().item<bool>())
            {
                throw new ArgumentException("The features hold NaN or infinite values; finite ones are wanted.", nameof(features));
            }
            f = f / f.norm(1, keepdim: true).clamp_min(1e-12);
            const int Rows = 8 * Word;
            for (int from = 0; from < n; from += Rows)
            {
                // Only the columns from the diagonal on: rounding could otherwise set a bit and not its mirror.
                using Tensor above = (f[from..Math.Min(from + Rows, n)].matmul(f[from..].t()) > tau).contiguous();
                Pack(above.bytes, from, (int)above.shape[0], n, bits);
            }
        }
        Mirror(bits, n);
        return new BinaryAffinity(n, epsilon, bits);
    }

    /// <inheritdoc/>
    public void Apply(double[] x, double[] y)
    {
        double everywhere = Epsilon * VectorMath.Sum(x), scale = 1 - Epsilon;
        VectorMath.ForRows(Size, (long)bits.Length * 4, (from, to) =>
        {
            Array.Fill(y, 0, from, to - from);
            MultiplyBits(x, y, from, to);
            for (int i = from; i < to; i++)
            {
                y[i] = scale * y[i] + everywhere;
            }
        });
    }

    [SkipLocalsInit]
    private unsafe void MultiplyBits(double[] x, double[] y, int from, int to)
    {
        double* tables = stackalloc double[4 * 256];
        double* columns = stackalloc double[Word];
        fixed (uint* all = bits)
        fixed (double* sums = y)
        {
            for (int g = 0; g < groups; g++)
            {
                for (int c = 0; c < Word; c++)
                {
                    columns[c] = g * Word + c < Size ? x[g * Word + c] : 0;
                }
                for (int t = 0; t < 4; t++)
                {
                    Tabulate(columns + 8 * t, tables + 256 * t);
                }
                uint* word = all + (long)g * Size;
                for (int i = from; i < to; i++)
                {
                    uint b = word[i];
                    sums[i] += tables[(byte)b] + tables[256 + (byte)(b >> 8)]
                        + (tables[512 + (byte)(b >> 16)] + tables[768 + (b >> 24)]);
                }
            }
        }
    }

    // table[p] = sum of the entries of x whose bit is set in p, each from one with a bit less.
    private static unsafe void Tabulate(double* x, double* table)
    {
        table[0] = 0;
        for (int bit = 0; bit < 8; bit++)
        {
            for (int p = 0; p < 1 << bit; p++)
            {
                table[(1 << bit) + p] = table[p] + x[bit];
            }
        }
    }

    private static void Pack(ReadOnlySpan<byte> above, int from, int rows, int n, uint[] bits)
    {
        int width = n - from;
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<byte> row = above.Slice(r * width, width);
            for (int j = 0; j < width; j += Word)
            {
                uint word = 0;
                if (width - j >= Word)
                {
                    word = Vector256.GreaterThan(Vector256.Create(row.Slice(j, Word)), Vector256<byte>.Zero).ExtractMostSignificantBits();
                }
                else
                {
                    for (int c = 0; c < width - j; c++)
                    {
                        word |= (uint)row[j + c] << c;
                    }
                }
                bits[(from + j) / Word * n + from + r] = word;
            }
        }
    }

    // Copies the upper triangle into the lower one, 32 × 32 bits at a time.
    private static void Mirror(uint[] bits, int n)
    {
        Span<uint> block = stackalloc uint[Word];
        for (int r = 0; r < n; r += Word)
        {
            int rows = Math.Min(Word, n - r);
            for (int c = r; c < n; c += Word)
            {
                int columns = Math.Min(Word, n - c);
                Span<uint> above = bits.AsSpan(c / Word * n + r, rows);
                block.Clear();
                above.CopyTo(block);
                Transpose(block);
                if (c == r)
                {
                    for (int i = 0; i < rows; i++)
                    {
                        uint right = uint.MaxValue << i;
                        above[i] = (above[i] & right) | (block[i] & ~right);
                    }
                }
                else
                {
                    block[..columns].CopyTo(bits.AsSpan(r / Word * n + c, columns));
                }
            }
        }
    }

    // Swaps off-diagonal halves, then quarters, ... of a 32 × 32 bit matrix (Warren, Hacker's Delight, section 7-3).
    private static void Transpose(Span<uint> a)
    {
        uint mask = 0x0000ffff;
        for (int half = 16; half > 0; half >>= 1, mask ^= mask << half)
        {
            for (int k = 0; k < Word; k = ((k | half) + 1) & ~half)
            {
                uint swap = ((a[k] >> half) ^ a[k | half]) & mask;
                a[k] ^= swap << half;
                a[k | half] ^= swap;
            }
        }
    }

    private static int Groups(int n) => (n + Word - 1) / Word;

    private static void CheckEpsilon(double epsilon)
    {
        if (!(epsilon >= 0 && epsilon < 1))
        {
            throw new ArgumentException($"The weight of unlinked pairs is {epsilon}; a number in [0, 1) is wanted.", nameof(epsilon));
        }
    }
}
