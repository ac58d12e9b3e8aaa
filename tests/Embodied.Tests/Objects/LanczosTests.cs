using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public sealed class LanczosTests
{
    [Theory]
    [InlineData(5, 2)]
    [InlineData(60, 5)]
    [InlineData(300, 8)]
    public void Eigenpairs_are_those_of_a_dense_solver(int n, int count)
    {
        DenseAffinity a = Graphs.Random(n, seed: n);
        Eigenpairs found = Lanczos.Largest(a, count);
        Assert.True(found.Converged);
        using var scope = NewDisposeScope();
        (Tensor values, Tensor vectors) = linalg.eigh(a.ToTensor());
        for (int k = 0; k < count; k++)
        {
            Assert.Equal(values[n - 1 - k].item<double>(), found.Values[k], 1e-8);
            double overlap = Math.Abs(Enumerable.Range(0, n).Sum(i => vectors[i, n - 1 - k].item<double>() * found.Vectors[k][i]));
            Assert.Equal(1, overlap, 1e-7);
            Assert.InRange(found.Residuals[k], 0, 1e-7 * n);
        }
    }

    [Fact]
    public void A_known_vector_is_left_out()
    {
        DenseAffinity a = Graphs.Random(50, seed: 1);
        Eigenpairs all = Lanczos.Largest(a, 3);
        Eigenpairs rest = Lanczos.Largest(a, 2, [all.Vectors[0]]);
        Assert.Equal(all.Values[1], rest.Values[0], 1e-9);
        Assert.Equal(all.Values[2], rest.Values[1], 1e-9);
    }

    [Fact]
    public void Spectra_of_paths_cycles_and_complete_graphs_are_the_known_ones()
    {
        NcutVectors path = NormalizedCut.Solve(Graphs.Path(40), 4);
        NcutVectors cycle = NormalizedCut.Solve(Graphs.Cycle(40), 1);
        NcutVectors complete = NormalizedCut.Solve(Graphs.Complete(12), 1);
        for (int k = 0; k < 4; k++)
        {
            Assert.Equal(1 - Math.Cos(Math.PI * (k + 1) / 39), path.Values[k], 1e-9);
        }
        Assert.Equal(1 - Math.Cos(2 * Math.PI / 40), cycle.Values[0], 1e-9);
        Assert.Equal(12.0 / 11, complete.Values[0], 1e-9);
    }

    [Fact]
    public void An_exhausted_space_is_left_for_what_is_orthogonal_to_it()
    {
        // Four copies of one triangle: every eigenvalue of the whole comes four times, and a single start vector sees each once.
        DenseAffinity w = Graphs.Of(12, (i, j) => i / 3 == j / 3 && i != j ? 1 : 0);
        NcutVectors found = NormalizedCut.Solve(w, 4);
        Assert.All(found.Values.Take(3), value => Assert.Equal(0, value, 1e-10));
        Assert.Equal(1.5, found.Values[3], 1e-10);
        Assert.All(found.Residuals, residual => Assert.InRange(residual, 0, 1e-9));
    }

    [Fact]
    public void Without_reorthogonalisation_converged_directions_come_back_as_copies()
    {
        // One eigenvalue far from the rest converges early; rounding then grows along it.
        double[,] m = new double[120, 120];
        for (int i = 0; i < 120; i++)
        {
            m[i, i] = i / 120.0;
        }
        m[119, 119] = 100;
        DenseAffinity a = new(m);
        LanczosOptions run = new() { Tolerance = 0, MaxIterations = 60, Seed = 1 };
        Eigenpairs kept = Lanczos.Largest(a, 2, null, run), lost = Lanczos.Largest(a, 2, null, run with { Reorthogonalise = false });
        Assert.Equal(118 / 120.0, kept.Values[1], 1e-3);
        Assert.Equal(100, lost.Values[1], 1e-6);
    }

    [Fact]
    public void The_estimated_residual_falls_and_agrees_with_the_true_one()
    {
        using Tensor image = rand([1, 20, 20], generator: new Generator(3), dtype: float64);
        NcutVectors found = NormalizedCut.Solve(PixelAffinity.Of(image), 2, new LanczosOptions { LookEvery = 1, Tolerance = 1e-8 });
        Assert.True(found.Solver.History[^1].Residual < 1e-6 * found.Solver.History[0].Residual);
        Assert.Equal(found.Solver.History[^1].Residual, found.Residuals.Max(), 1e-9);
        Assert.False(NormalizedCut.Solve(PixelAffinity.Of(image), 2, new LanczosOptions { MaxIterations = 6 }).Solver.Converged);
    }

    [Fact]
    public void Wrong_input_is_named()
    {
        Assert.Contains("[1, 4]", Assert.Throws<ArgumentException>(() => Lanczos.Largest(Graphs.Path(4), 5)).Message, StringComparison.Ordinal);
        Assert.Contains("length 3", Assert.Throws<ArgumentException>(() => Lanczos.Largest(Graphs.Path(4), 1, [new double[3]])).Message, StringComparison.Ordinal);
        Assert.Contains("Node 2 has degree 0", Assert.Throws<ArgumentException>(() => NormalizedCut.Solve(Graphs.Of(4, (i, j) => i == 0 && j != 2 ? 1 : 0))).Message, StringComparison.Ordinal);
        Assert.Contains("MaxIterations is 0", Assert.Throws<ArgumentException>(() => Lanczos.Largest(Graphs.Path(4), 1, null, new() { MaxIterations = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("Tolerance is NaN", Assert.Throws<ArgumentException>(() => Lanczos.Largest(Graphs.Path(4), 1, null, new() { Tolerance = double.NaN })).Message, StringComparison.Ordinal);
        FunctionOperator broken = new(4, (_, y) => Array.Fill(y, double.NaN));
        Assert.Contains("not finite at iteration 1", Assert.Throws<InvalidOperationException>(() => Lanczos.Largest(broken, 1)).Message, StringComparison.Ordinal);
        using CancellationTokenSource stopped = new();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => Lanczos.Largest(Graphs.Path(9), 1, cancellation: stopped.Token));
    }
}
