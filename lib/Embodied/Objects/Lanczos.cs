namespace Embodied.Objects;

/// <summary>How <see cref="Lanczos"/> works.</summary>
public sealed record LanczosOptions
{
    /// <summary>A pair has converged when ‖A z − θ z‖ ≤ tolerance · max(1, |θ|), for unit z.</summary>
    public double Tolerance { get; init; } = 1e-9;

    /// <summary>The most products with A, which is also the most vectors kept.</summary>
    public int MaxIterations { get; init; } = 600;

    /// <summary>
    /// Whether every new vector is made orthogonal to all before it. Without, rounding lets converged directions come back as spurious
    /// copies; the switch is there to be seen (Paige 1971).
    /// </summary>
    public bool Reorthogonalise { get; init; } = true;

    /// <summary>Seed of the random start.</summary>
    public int Seed { get; init; }

    /// <summary>Iterations between looks at the residual; 0: a few at first, more later, since a look costs O(m²).</summary>
    public int LookEvery { get; init; }
}

/// <summary>Eigenpairs of a symmetric operator, largest eigenvalue first.</summary>
/// <param name="Values">The eigenvalues θ.</param>
/// <param name="Vectors">The unit eigenvectors z, one per value, each of length n.</param>
/// <param name="Residuals">‖A z − θ z‖ of each pair, computed from A anew.</param>
/// <param name="Iterations">Products with A that were spent, those for <paramref name="Residuals"/> not counted.</param>
/// <param name="Converged">Whether every pair met the tolerance.</param>
/// <param name="History">The iterations at which the residual was looked at, and the largest estimate among the wanted pairs.</param>
public sealed record Eigenpairs(
    double[] Values, double[][] Vectors, double[] Residuals, int Iterations, bool Converged, IReadOnlyList<(int Iteration, double Residual)> History);

/// <summary>
/// The Lanczos method: in the basis q₁, q₂, … of the Krylov space span{q, A q, A² q, …} the symmetric A becomes tridiagonal, T = Qᵀ A Q,
/// and the extremal eigenvalues of the small T approach those of A. A is only ever asked for A x.
/// </summary>
/// <remarks>
/// β_{j+1} q_{j+1} = A q_j − α_j q_j − β_j q_{j−1} with α_j = q_jᵀ A q_j. If T s = θ s, then z = Q s has the residual
/// ‖A z − θ z‖ = β_{m+1} |s_m|, so convergence is seen without forming z. Lanczos (1950); Parlett, <i>The Symmetric Eigenvalue Problem</i>, ch. 13.
/// </remarks>
public static class Lanczos
{
    private const double Breakdown = 1e-13;
    private const int LeastBlock = 12;

    /// <summary>The largest eigenvalues of <paramref name="a"/> and their vectors.</summary>
    /// <param name="a">The symmetric operator.</param>
    /// <param name="count">How many pairs are wanted.</param>
    /// <param name="deflate">Unit eigenvectors that are known already and shall be left out; mutually orthogonal.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="progress">Told the iteration and the residual at every look.</param>
    /// <param name="cancellation">Stops the iteration.</param>
    /// <returns>
    /// The pairs. Where the residuals miss the tolerance, <see cref="Eigenpairs.Converged"/> says so. Of a multiple eigenvalue a single start vector
    /// finds one direction; others are looked for only once its Krylov space is exhausted.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="count"/> is not in [1, n − deflated], a deflated vector is not of length n, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">A product with A is not finite.</exception>
    public static Eigenpairs Largest(
        ISymmetricOperator a, int count, IReadOnlyList<double[]>? deflate = null, LanczosOptions? options = null,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new LanczosOptions();
        deflate ??= [];
        int n = a.Size, room = n - deflate.Count;
        if (count < 1 || count > room)
        {
            throw new ArgumentException($"{count} eigenpairs are asked of an operator that has {room} left; a number in [1, {room}] is wanted.", nameof(count));
        }
        if (options.MaxIterations < 1)
        {
            throw new ArgumentException($"MaxIterations is {options.MaxIterations}; at least 1 is wanted.", nameof(options));
        }
        if (!(options.Tolerance >= 0))
        {
            throw new ArgumentException($"Tolerance is {options.Tolerance}; a number of at least 0 is wanted.", nameof(options));
        }
        if (deflate.FirstOrDefault(vector => vector.Length != n) is { } wrong)
        {
            throw new ArgumentException($"A deflated vector has length {wrong.Length}; {n} is wanted.", nameof(deflate));
        }

        Random random = new(options.Seed);
        int most = Math.Min(room, Math.Max(options.MaxIterations, count));
        List<double[]> Q = [];
        List<double> alpha = [], beta = [];
        List<(int, double)> history = [];
        double[] q = RandomUnit(n, random, deflate, Q), w = new double[n];
        double scale = 0;
        double[]? settled = null;
        int blockStart = 0;
        for (int m = 1; ; m++)
        {
            cancellation.ThrowIfCancellationRequested();
            a.Apply(q, w);
            double along = VectorMath.Dot(q, w);
            if (!double.IsFinite(along))
            {
                throw new InvalidOperationException($"The product with the operator is not finite at iteration {m}: does a node have no edges, or a weight overflow?");
            }
            Q.Add(q);
            alpha.Add(along);
            VectorMath.AddScaled(w, -along, q);
            if (m > 1)
            {
                VectorMath.AddScaled(w, -beta[m - 2], Q[m - 2]);
            }
            if (options.Reorthogonalise)
            {
                Orthogonalise(w, deflate, Q);
            }
            double next = VectorMath.Norm(w);
            scale = Math.Max(scale, Math.Abs(along) + next);

            bool exhausted = next <= Breakdown * scale;
            if (m >= count && (exhausted || m == most || Looks(m, options.LookEvery)))
            {
                (double[] theta, double[] last) = TridiagonalEigen.LastComponents(alpha, beta);
                double worst = next * last[^count..].Max(Math.Abs);
                history.Add((m, worst));
                progress?.Report(new TrainingProgress(m, 0, worst));
                double[] top = theta[^count..];
                bool news = exhausted && (settled is null || top.Zip(settled).Any(pair => Math.Abs(pair.First - pair.Second) > 1e-9 * scale));
                bool young = settled is not null && !exhausted && m - blockStart < LeastBlock;
                if (m == most || (!news && !young && worst <= options.Tolerance * Math.Max(1, Math.Abs(theta[m - 1]))))
                {
                    break;
                }
                settled = exhausted ? top : settled;
            }
            if (exhausted)
            {
                // A multiple eigenvalue, or an unconnected graph, hides from one start vector: go on in what is orthogonal to all so far, until
                // that brings nothing new.
                w = RandomUnit(n, random, deflate, Q);
                beta.Add(0);
                blockStart = m;
            }
            else
            {
                beta.Add(next);
                VectorMath.Scale(w, 1 / next);
            }
            (q, w) = (w, new double[n]);
        }
        return Assemble(a, count, Q, TridiagonalEigen.Solve(alpha, beta), options.Tolerance, history);
    }

    private static bool Looks(int m, int every) => m % (every > 0 ? every : Math.Max(4, m / 8)) == 0;

    private static Eigenpairs Assemble(
        ISymmetricOperator a, int count, List<double[]> Q, (double[] Theta, double[][] S) small, double tolerance, List<(int, double)> history)
    {
        int n = a.Size, m = Q.Count;
        double[] values = new double[count], residuals = new double[count];
        double[][] vectors = new double[count][];
        double[] product = new double[n];
        for (int k = 0; k < count; k++)
        {
            int column = m - 1 - k;
            double[] z = new double[n];
            for (int j = 0; j < m; j++)
            {
                VectorMath.AddScaled(z, small.S[j][column], Q[j]);
            }
            VectorMath.Scale(z, 1 / VectorMath.Norm(z));
            a.Apply(z, product);
            VectorMath.AddScaled(product, -small.Theta[column], z);
            (values[k], vectors[k], residuals[k]) = (small.Theta[column], z, VectorMath.Norm(product));
        }
        // What is asked of the estimate is asked of the truth with room for rounding.
        bool converged = residuals.Zip(values).All(pair => pair.First <= 10 * tolerance * Math.Max(1, Math.Abs(pair.Second)) + 1e-13 * n);
        return new Eigenpairs(values, vectors, residuals, m, converged, history);
    }

    // Once more where much was taken away: what is left is then mostly rounding ("twice is enough", Kahan in Parlett, § 6.9).
    private static void Orthogonalise(double[] w, IReadOnlyList<double[]> deflate, List<double[]> Q)
    {
        for (int pass = 0; pass < 2; pass++)
        {
            double before = VectorMath.Norm(w);
            foreach (double[] q in deflate)
            {
                VectorMath.AddScaled(w, -VectorMath.Dot(q, w), q);
            }
            foreach (double[] q in Q)
            {
                VectorMath.AddScaled(w, -VectorMath.Dot(q, w), q);
            }
            if (VectorMath.Norm(w) > 0.7 * before)
            {
                return;
            }
        }
    }

    private static double[] RandomUnit(int n, Random random, IReadOnlyList<double[]> deflate, List<double[]> Q)
    {
        double[] q = new double[n];
        for (int i = 0; i < n; i++)
        {
            q[i] = random.NextDouble() - 0.5;
        }
        Orthogonalise(q, deflate, Q);
        Orthogonalise(q, deflate, Q);
        VectorMath.Scale(q, 1 / VectorMath.Norm(q));
        return q;
    }
}
