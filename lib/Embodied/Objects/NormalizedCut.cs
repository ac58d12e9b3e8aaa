namespace Embodied.Objects;

/// <summary>Solutions of (D − W) y = λ D y, smallest eigenvalue first, the constant y = 1 with λ = 0 left out.</summary>
/// <param name="Values">λ₂ ≤ λ₃ ≤ …, each in [0, 2].</param>
/// <param name="Vectors">y₂, y₃, …, each of length n, with yᵀ D y = 1.</param>
/// <param name="Residuals">‖D^{−1/2} (D − W) D^{−1/2} z − λ z‖ for the unit vector z = D^{1/2} y.</param>
/// <param name="Solver">What the solver did.</param>
public sealed record NcutVectors(double[] Values, double[][] Vectors, double[] Residuals, Eigenpairs Solver);

/// <summary>
/// Normalized cuts (Shi and Malik, 2000). A graph with affinities w_ij is cut into A and B where
/// Ncut(A, B) = cut(A, B) / assoc(A, V) + cut(A, B) / assoc(B, V) is small: unlike the bare cut it does not reward cutting off a
/// single node, whose association with the rest is all cut.
/// </summary>
/// <remarks>
/// With indicator y the value is yᵀ (D − W) y / yᵀ D y, D = diag(d), d_i = Σ_j w_ij. Relaxed to real y the minimum is the second
/// smallest solution of (D − W) y = λ D y, which z = D^{1/2} y turns into the ordinary symmetric problem D^{−1/2} (D − W) D^{−1/2} z = λ z.
/// Its smallest eigenvalues are 1 − θ for the largest θ of D^{−1/2} W D^{−1/2}, which is all that is asked of the operator.
/// </remarks>
public static class NormalizedCut
{
    private const int MostNodesForBruteForce = 22;

    /// <summary>The degrees d_i = Σ_j w_ij.</summary>
    /// <param name="w">The affinity W, weights ≥ 0.</param>
    public static double[] Degrees(ISymmetricOperator w)
    {
        double[] d = new double[w.Size], one = new double[w.Size];
        Array.Fill(one, 1);
        w.Apply(one, d);
        return d;
    }

    /// <summary>cut(A, B) = Σ_{i ∈ A, j ∈ B} w_ij for B the rest.</summary>
    /// <param name="w">The affinity W.</param>
    /// <param name="inA">Whether each node is in A, length n.</param>
    /// <exception cref="ArgumentException">The length does not fit.</exception>
    public static double Cut(ISymmetricOperator w, bool[] inA)
    {
        double[] wx = TimesIndicator(w, inA);
        double cut = 0;
        for (int i = 0; i < inA.Length; i++)
        {
            cut += inA[i] ? 0 : wx[i];
        }
        return cut;
    }

    /// <summary>Ncut(A, B) = cut / assoc(A, V) + cut / assoc(B, V), from 0 to 2.</summary>
    /// <param name="w">The affinity W.</param>
    /// <param name="inA">Whether each node is in A, length n.</param>
    /// <returns>The value; positive infinity when a side is empty or has no edges.</returns>
    /// <exception cref="ArgumentException">The length does not fit.</exception>
    public static double Value(ISymmetricOperator w, bool[] inA) => Value(w, inA, Degrees(w));

    /// <summary>
    /// The relaxed problem's solutions: (D − W) y = λ D y, smallest λ first, without the trivial y = 1.
    /// </summary>
    /// <param name="w">The affinity W.</param>
    /// <param name="count">How many.</param>
    /// <param name="options">How <see cref="Lanczos"/> works.</param>
    /// <param name="progress">Told iterations and residual.</param>
    /// <param name="cancellation">Stops the solver.</param>
    /// <exception cref="ArgumentException">There are not so many, or a node has no edges (not even to itself): its degree 0 cannot be divided by.</exception>
    public static NcutVectors Solve(
        ISymmetricOperator w, int count = 1, LanczosOptions? options = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        double[] d = Degrees(w);
        int loose = Array.FindIndex(d, degree => !(degree > 0));
        if (loose >= 0)
        {
            throw new ArgumentException($"Node {loose} has degree {d[loose]}; every node needs an edge, if only a weak one to all others.", nameof(w));
        }
        double[] root = [.. d.Select(Math.Sqrt)];
        double length = VectorMath.Norm(root);
        double[] trivial = [.. root.Select(r => r / length)];
        Eigenpairs pairs = Lanczos.Largest(Normalised(w, root), count, [trivial], options, progress, cancellation);
        double[][] y = [.. pairs.Vectors.Select(z => z.Zip(root, (zi, ri) => zi / ri).ToArray())];
        return new NcutVectors([.. pairs.Values.Select(theta => 1 - theta)], y, pairs.Residuals, pairs);
    }

    /// <summary>D^{−1/2} W D^{−1/2}, without forming it.</summary>
    /// <param name="w">The affinity W, every degree positive.</param>
    public static ISymmetricOperator Normalised(ISymmetricOperator w) => Normalised(w, [.. Degrees(w).Select(Math.Sqrt)]);

    /// <summary>
    /// Turns a relaxed solution into a partition: of evenly spaced thresholds between its extremes (Shi and Malik, § 3) the one whose
    /// split has the smallest Ncut.
    /// </summary>
    /// <param name="w">The affinity W.</param>
    /// <param name="y">A relaxed solution, length n.</param>
    /// <param name="thresholds">How many thresholds are tried.</param>
    /// <returns>Whether each node is in A, A being where y is above the threshold, and the value of that cut.</returns>
    /// <exception cref="ArgumentException">The length does not fit, or y is constant.</exception>
    public static (bool[] InA, double Value) Split(ISymmetricOperator w, double[] y, int thresholds = 48)
    {
        RequireLength(w, y.Length, nameof(y));
        double low = y.Min(), high = y.Max();
        if (!(high > low))
        {
            throw new ArgumentException("The relaxed solution is constant (or not finite); it separates nothing.", nameof(y));
        }
        double[] d = Degrees(w);
        (bool[] InA, double Value) best = ([], double.PositiveInfinity);
        foreach (double threshold in Enumerable.Range(1, thresholds).Select(k => low + (high - low) * k / (thresholds + 1)).Append(0).Append(y.Average()))
        {
            bool[] inA = [.. y.Select(v => v > threshold)];
            double value = Value(w, inA, d);
            if (value < best.Value)
            {
                best = (inA, value);
            }
        }
        return best.InA.Length > 0 ? best : ([.. y.Select(v => v > (low + high) / 2)], double.PositiveInfinity);
    }

    /// <summary>Every partition of a small graph and its Ncut, smallest first: the truth that the relaxation approaches.</summary>
    /// <param name="w">The affinity W of at most 22 nodes.</param>
    /// <returns>2^{n−1} − 1 partitions; node 0 is always in A.</returns>
    /// <exception cref="ArgumentException">The graph has fewer than 2 or more than 22 nodes.</exception>
    public static IReadOnlyList<(bool[] InA, double Value)> BruteForce(ISymmetricOperator w)
    {
        int n = w.Size;
        if (n is < 2 or > MostNodesForBruteForce)
        {
            throw new ArgumentException($"The graph has {n} nodes; trying every partition takes 2 to {MostNodesForBruteForce}.", nameof(w));
        }
        double[] d = Degrees(w);
        List<(bool[], double)> all = new((1 << (n - 1)) - 1);
        for (int rest = 0; rest < (1 << (n - 1)) - 1; rest++)
        {
            bool[] inA = new bool[n];
            inA[0] = true;
            for (int i = 1; i < n; i++)
            {
                inA[i] = (rest >> (i - 1) & 1) != 0;
            }
            all.Add((inA, Value(w, inA, d)));
        }
        return [.. all.OrderBy(partition => partition.Item2)];
    }

    internal static double Value(ISymmetricOperator w, bool[] inA, double[] d)
    {
        double[] wx = TimesIndicator(w, inA);
        double cut = 0, a = 0, b = 0;
        for (int i = 0; i < inA.Length; i++)
        {
            if (inA[i])
            {
                a += d[i];
            }
            else
            {
                b += d[i];
                cut += wx[i];
            }
        }
        return a > 0 && b > 0 ? cut / a + cut / b : double.PositiveInfinity;
    }

    private static FunctionOperator Normalised(ISymmetricOperator w, double[] root)
    {
        double[] scaled = new double[w.Size];
        return new FunctionOperator(w.Size, (x, y) =>
        {
            for (int i = 0; i < x.Length; i++)
            {
                scaled[i] = x[i] / root[i];
            }
            w.Apply(scaled, y);
            for (int i = 0; i < y.Length; i++)
            {
                y[i] /= root[i];
            }
        });
    }

    private static double[] TimesIndicator(ISymmetricOperator w, bool[] inA)
    {
        RequireLength(w, inA.Length, nameof(inA));
        double[] x = [.. inA.Select(a => a ? 1.0 : 0.0)], wx = new double[w.Size];
        w.Apply(x, wx);
        return wx;
    }

    private static void RequireLength(ISymmetricOperator w, int length, string name)
    {
        if (length != w.Size)
        {
            throw new ArgumentException($"The vector has length {length}; {w.Size}, the number of nodes, is wanted.", name);
        }
    }
}
