namespace Embodied.Objects;

/// <summary>
/// Eigenvalues and eigenvectors of a symmetric tridiagonal matrix by the QL method with implicit shifts (Bowdler, Martin, Reinsch and
/// Wilkinson, 1968): plane rotations drive the off-diagonal entries to zero, and the same rotations turn the identity into the eigenvectors.
/// </summary>
/// <remarks>
/// Lanczos asks after every few steps for the eigenvectors' last components alone. Rotating that one row costs O(m²), where all m rows cost O(m³).
/// </remarks>
internal static class TridiagonalEigen
{
    private const int MostSweeps = 60;

    /// <summary>The eigenvalues, rising, and the last component of each unit eigenvector.</summary>
    /// <param name="diagonal">α₁, …, α_m.</param>
    /// <param name="offDiagonal">β₂, …, β_m; what follows is not looked at.</param>
    public static (double[] Values, double[] LastRow) LastComponents(IReadOnlyList<double> diagonal, IReadOnlyList<double> offDiagonal)
    {
        double[] last = new double[diagonal.Count];
        last[^1] = 1;
        (double[] values, double[][] rows) = Solve(diagonal, offDiagonal, [last]);
        return (values, rows[0]);
    }

    /// <summary>The eigenvalues, rising, and the eigenvectors as columns of rows[component][eigenvalue].</summary>
    /// <param name="diagonal">α₁, …, α_m.</param>
    /// <param name="offDiagonal">β₂, …, β_m; what follows is not looked at.</param>
    public static (double[] Values, double[][] Rows) Solve(IReadOnlyList<double> diagonal, IReadOnlyList<double> offDiagonal)
    {
        int m = diagonal.Count;
        double[][] identity = new double[m][];
        for (int i = 0; i < m; i++)
        {
            identity[i] = new double[m];
            identity[i][i] = 1;
        }
        return Solve(diagonal, offDiagonal, identity);
    }

    private static (double[], double[][]) Solve(IReadOnlyList<double> diagonal, IReadOnlyList<double> offDiagonal, double[][] rows)
    {
        int m = diagonal.Count;
        double[] d = [.. diagonal], e = [.. offDiagonal.Take(m - 1), 0];
        for (int l = 0; l < m; l++)
        {
            for (int sweep = 0; ; sweep++)
            {
                int end = l;
                while (end < m - 1 && Math.Abs(e[end]) > double.Epsilon + 1.1e-16 * (Math.Abs(d[end]) + Math.Abs(d[end + 1])))
                {
                    end++;
                }
                if (end == l)
                {
                    break;
                }
                if (sweep == MostSweeps)
                {
                    throw new InvalidOperationException($"The tridiagonal eigenproblem of size {m} did not converge: does it hold NaN?");
                }
                Sweep(d, e, l, end, rows);
            }
        }
        int[] order = [.. Enumerable.Range(0, m).OrderBy(k => d[k])];
        return ([.. order.Select(k => d[k])], [.. rows.Select(row => order.Select(k => row[k]).ToArray())]);
    }

    // Chases the bulge of one implicitly shifted QL step from the bottom of the block [l, end] to its top.
    private static void Sweep(double[] d, double[] e, int l, int end, double[][] rows)
    {
        double g = (d[l + 1] - d[l]) / (2 * e[l]), r = double.Hypot(g, 1);
        g = d[end] - d[l] + e[l] / (g + Math.CopySign(r, g));
        double s = 1, c = 1, p = 0;
        for (int i = end - 1; i >= l; i--)
        {
            double f = s * e[i], b = c * e[i];
            r = double.Hypot(f, g);
            e[i + 1] = r;
            if (r == 0)
            {
                d[i + 1] -= p;
                e[end] = 0;
                return;
            }
            (s, c) = (f / r, g / r);
            g = d[i + 1] - p;
            r = (d[i] - g) * s + 2 * c * b;
            p = s * r;
            d[i + 1] = g + p;
            g = c * r - b;
            foreach (double[] row in rows)
            {
                double upper = row[i + 1];
                row[i + 1] = s * row[i] + c * upper;
                row[i] = c * row[i] - s * upper;
            }
        }
        d[l] -= p;
        e[l] = g;
        e[end] = 0;
    }
}
