using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public sealed class AffinityTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(100)]
    [InlineData(700)]
    public void A_table_of_bits_multiplies_as_its_matrix_does(int n)
    {
        using var scope = NewDisposeScope();
        Tensor features = randn(n, 16, generator: new Generator(1), dtype: float64);
        BinaryAffinity bits = BinaryAffinity.FromCosine(features, tau: 0.1, epsilon: 1e-3);
        Tensor unit = features / features.norm(1, keepdim: true);
        DenseAffinity full = new(where(unit.matmul(unit.t()) > 0.1, ones(1, dtype: float64), full_like(unit[0, 0], 1e-3)));
        double[] x = Graphs.RandomVector(n, 2), y = new double[n], expected = new double[n];
        bits.Apply(x, y);
        full.Apply(x, expected);
        Assert.All(Enumerable.Range(0, n), i => Assert.Equal(expected[i], y[i], 1e-10));
        Assert.Equal(full[0, n - 1], bits[0, n - 1], 1e-15);
        Assert.True(n < 100 || bits.Ones is > 0 and var ones_ && ones_ < (long)n * n);
    }

    [Fact]
    public void Bits_taken_from_truth_values_multiply_as_their_matrix_does()
    {
        Random random = new(3);
        const int N = 77;
        bool[,] linked = new bool[N, N];
        for (int i = 0; i < N; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                linked[i, j] = linked[j, i] = random.Next(3) == 0;
            }
        }
        DenseAffinity full = Graphs.Of(N, (i, j) => linked[i, j] ? 1 : 0.01);
        double[] x = Graphs.RandomVector(N, 4), y = new double[N], expected = new double[N];
        BinaryAffinity.From(linked, 0.01).Apply(x, y);
        full.Apply(x, expected);
        Assert.All(Enumerable.Range(0, N), i => Assert.Equal(expected[i], y[i], 1e-11));
    }

    [Fact]
    public void Pixels_are_tied_by_brightness_and_distance_as_the_formula_says()
    {
        using Tensor image = rand([3, 6, 7], generator: new Generator(5), dtype: float64);
        PixelAffinityOptions options = new() { SigmaI = 0.3, SigmaX = 2, Radius = 2.5 };
        SparseAffinity w = PixelAffinity.Of(image, options);
        Assert.Equal(42, w.Size);
        for (int i = 0; i < 42; i++)
        {
            for (int j = 0; j < 42; j++)
            {
                double dy = i / 7 - j / 7, dx = i % 7 - j % 7, far = dy * dy + dx * dx;
                double colour = Enumerable.Range(0, 3).Sum(c => Math.Pow(image[c, i / 7, i % 7].item<double>() - image[c, j / 7, j % 7].item<double>(), 2));
                double expected = far <= 6.25 ? Math.Exp(-colour / 0.09) * Math.Exp(-far / 4) : 0;
                Assert.Equal(expected, w[i, j], 1e-14);
            }
        }
    }

    [Fact]
    public void A_sparse_affinity_and_its_parts_multiply_as_their_matrices_do()
    {
        using Tensor image = rand([1, 9, 8], generator: new Generator(6), dtype: float64);
        SparseAffinity sparse = PixelAffinity.Of(image);
        DenseAffinity dense = sparse.ToDense();
        double[] x = Graphs.RandomVector(72, 7), y = new double[72], expected = new double[72];
        sparse.Apply(x, y);
        dense.Apply(x, expected);
        Assert.All(Enumerable.Range(0, 72), i => Assert.Equal(expected[i], y[i], 1e-12));

        int[] nodes = [40, 3, 17, 18, 71];
        foreach (ISymmetricOperator whole in (ISymmetricOperator[])[sparse, dense])
        {
            ISymmetricOperator part = whole.Restrict(nodes);
            double[] u = Graphs.RandomVector(5, 8), v = new double[5];
            part.Apply(u, v);
            for (int i = 0; i < 5; i++)
            {
                Assert.Equal(Enumerable.Range(0, 5).Sum(j => dense[nodes[i], nodes[j]] * u[j]), v[i], 1e-12);
            }
        }
    }

    [Fact]
    public void Wrong_input_is_named()
    {
        Assert.Contains("not symmetric", Assert.Throws<ArgumentException>(() => new DenseAffinity(new double[,] { { 0, 1 }, { 2, 0 } })).Message, StringComparison.Ordinal);
        Assert.Contains("[2, 3]", Assert.Throws<ArgumentException>(() => new DenseAffinity(new double[2, 3])).Message, StringComparison.Ordinal);
        Assert.Contains("is -1", Assert.Throws<ArgumentException>(() => new DenseAffinity(new double[,] { { 0, -1 }, { -1, 0 } })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new SparseAffinity([0, 1], [1], [1]));
        Assert.Contains("mirror is missing", Assert.Throws<ArgumentException>(() => new SparseAffinity([0, 1, 1], [1], [1])).Message, StringComparison.Ordinal);
        Assert.Contains("not symmetric", Assert.Throws<ArgumentException>(() => BinaryAffinity.From(new bool[,] { { true, true }, { false, true } })).Message, StringComparison.Ordinal);
        using Tensor flat = ones(4), nan = full([3, 2], double.NaN), image = ones(2, 4, 4);
        Assert.Contains("[4]", Assert.Throws<ArgumentException>(() => BinaryAffinity.FromCosine(flat)).Message, StringComparison.Ordinal);
        Assert.Contains("NaN", Assert.Throws<ArgumentException>(() => BinaryAffinity.FromCosine(nan)).Message, StringComparison.Ordinal);
        Assert.Contains("[2, 4, 4]", Assert.Throws<ArgumentException>(() => PixelAffinity.Of(image)).Message, StringComparison.Ordinal);
        using Tensor grey = ones(1, 4, 4);
        Assert.Contains("SigmaX is 0", Assert.Throws<ArgumentException>(() => PixelAffinity.Of(grey, new() { SigmaX = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("occurs twice", Assert.Throws<ArgumentException>(() => Graphs.Path(4).Restrict0([1, 1])).Message, StringComparison.Ordinal);
    }
}

internal static class OperatorExtensions
{
    public static ISymmetricOperator Restrict0(this ISymmetricOperator whole, int[] nodes) => whole.Restrict(nodes);
}
