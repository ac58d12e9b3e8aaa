using System.Numerics;
using System.Runtime.CompilerServices;

namespace Embodied.Planning.Differentiable;

/// <summary>Products of matrices of a dozen rows, row-major, where the call of a library would cost more than the product.</summary>
/// <remarks>Optimised at the first call: a single call holds all the work, and the runtime would else begin with slow code.</remarks>
internal static unsafe class SmallMatrix
{
    /// <summary>C += A B, where entry (i, k) of A lies at a[i · down + k · across]: either A or its transpose.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Add<T>(T* c, T* a, int down, int across, T* b, int rows, int inner, int columns) where T : unmanaged, INumber<T>
    {
        int lane = Vector<T>.Count;
        for (int i = 0; i < rows; i++, c += columns, a += down)
        {
            int j = 0;
            // Sums stay in registers while k runs.
            for (; j + 4 * lane <= columns; j += 4 * lane)
            {
                Vector<T> s0 = Vector.Load(c + j), s1 = Vector.Load(c + j + lane), s2 = Vector.Load(c + j + 2 * lane), s3 = Vector.Load(c + j + 3 * lane);
                T* from = b + j;
                for (int k = 0; k < inner; k++, from += columns)
                {
                    var x = new Vector<T>(a[k * across]);
                    s0 += x * Vector.Load(from);
                    s1 += x * Vector.Load(from + lane);
                    s2 += x * Vector.Load(from + 2 * lane);
                    s3 += x * Vector.Load(from + 3 * lane);
                }
                Vector.Store(s0, c + j);
                Vector.Store(s1, c + j + lane);
                Vector.Store(s2, c + j + 2 * lane);
                Vector.Store(s3, c + j + 3 * lane);
            }
            for (; j + lane <= columns; j += lane)
            {
                Vector<T> s = Vector.Load(c + j);
                T* from = b + j;
                for (int k = 0; k < inner; k++, from += columns)
                {
                    s += new Vector<T>(a[k * across]) * Vector.Load(from);
                }
                Vector.Store(s, c + j);
            }
            for (; j < columns; j++)
            {
                T s = c[j];
                for (int k = 0; k < inner; k++)
                {
                    s += a[k * across] * b[k * columns + j];
                }
                c[j] = s;
            }
        }
    }

    /// <summary>y += M x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void AddTimes<T>(T* y, T* m, T* x, int rows, int columns) where T : unmanaged, INumber<T>
    {
        for (int i = 0; i < rows; i++, m += columns)
        {
            Vector<T> s = Vector<T>.Zero;
            int j = 0;
            for (; j + Vector<T>.Count <= columns; j += Vector<T>.Count)
            {
                s += Vector.Load(m + j) * Vector.Load(x + j);
            }
            T sum = Vector.Sum(s);
            for (; j < columns; j++)
            {
                sum += m[j] * x[j];
            }
            y[i] += sum;
        }
    }

    /// <summary>y += Mᵀ x.</summary>
    internal static void AddTransposedTimes<T>(T* y, T* m, T* x, int rows, int columns) where T : unmanaged, INumber<T> =>
        Add(y, x, 0, 1, m, 1, rows, columns);

    /// <summary>The lower factor L of a symmetric matrix, LLᵀ; false if the matrix is not positive definite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static bool Cholesky<T>(T* l, T* a, int down, int n) where T : unmanaged, IRootFunctions<T>, IComparisonOperators<T, T, bool>
    {
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                T s = a[i * down + j];
                for (int k = 0; k < j; k++)
                {
                    s -= l[i * n + k] * l[j * n + k];
                }
                if (i != j)
                {
                    l[i * n + j] = s / l[j * n + j];
                }
                // NaN is not positive either.
                else if (s > T.Zero)
                {
                    l[i * n + i] = T.Sqrt(s);
                }
                else
                {
                    return false;
                }
            }
            for (int j = i + 1; j < n; j++)
            {
                l[i * n + j] = T.Zero;
            }
        }
        return true;
    }

    /// <summary>X ← −(LLᵀ)⁻¹X.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SolveNegative<T>(T* l, T* x, int n, int columns) where T : unmanaged, INumber<T>
    {
        for (int i = 0; i < n; i++)
        {
            for (int k = 0; k < i; k++)
            {
                Row(x + i * columns, -l[i * n + k], x + k * columns, columns);
            }
            Scale(x + i * columns, T.One / l[i * n + i], columns);
        }
        for (int i = n - 1; i >= 0; i--)
        {
            for (int k = i + 1; k < n; k++)
            {
                Row(x + i * columns, -l[k * n + i], x + k * columns, columns);
            }
            Scale(x + i * columns, T.One / l[i * n + i], columns);
        }
        for (int i = 0; i < n * columns; i++)
        {
            x[i] = -x[i];
        }
    }

    private static void Row<T>(T* y, T a, T* x, int columns) where T : unmanaged, INumber<T>
    {
        int j = 0;
        var lanes = new Vector<T>(a);
        for (; j + Vector<T>.Count <= columns; j += Vector<T>.Count)
        {
            Vector.Store(Vector.Load(y + j) + lanes * Vector.Load(x + j), y + j);
        }
        for (; j < columns; j++)
        {
            y[j] += a * x[j];
        }
    }

    private static void Scale<T>(T* y, T a, int columns) where T : unmanaged, INumber<T>
    {
        for (int j = 0; j < columns; j++)
        {
            y[j] *= a;
        }
    }
}
