using Embodied.Objects;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class KeyWhiteningTests
{
    // Correlated, and far from 0.
    private static Tensor Keys(Generator generator)
    {
        Tensor mix = randn([5, 5], dtype: ScalarType.Float64, generator: generator);
        return randn([6, 40, 5], dtype: ScalarType.Float64, generator: generator).matmul(mix) + 3;
    }

    [Fact]
    public void Whitened_keys_have_mean_0_and_covariance_1()
    {
        using var scope = NewDisposeScope();
        Tensor keys = Keys(new Generator(1));
        using KeyWhitening whitening = KeyWhitening.Fit(keys, shrinkage: 0);
        Tensor white = whitening.Apply(keys).flatten(0, 1);
        Assert.True(white.mean([0L]).abs().max().ToDouble() < 1e-10);
        Assert.True((white.t().mm(white) / white.shape[0] - eye(5, dtype: ScalarType.Float64)).abs().max().ToDouble() < 1e-10);
        Assert.Equal(keys.shape, whitening.Apply(keys).shape);
    }

    [Fact]
    public void Much_shrinkage_only_centres()
    {
        using var scope = NewDisposeScope();
        Tensor keys = Keys(new Generator(2)), centred = keys - keys.mean([0L, 1L]);
        using KeyWhitening whitening = KeyWhitening.Fit(keys, shrinkage: 1e6);
        Tensor Cosines(Tensor x)
        {
            Tensor units = nn.functional.normalize(x.flatten(0, 1), dim: 1);
            return units.mm(units.t());
        }
        Assert.True((Cosines(whitening.Apply(keys)) - Cosines(centred)).abs().max().ToDouble() < 1e-4);
        using KeyWhitening full = KeyWhitening.Fit(keys, shrinkage: 0);
        Assert.True((Cosines(full.Apply(keys)) - Cosines(centred)).abs().max().ToDouble() > 0.1);
    }

    [Theory]
    [InlineData(0, 4.5, 0.5)]
    [InlineData(0.4, 5.5, 1.5)]
    [InlineData(2, 9.5, 5.5)]
    public void Shrinkage_adds_its_share_of_the_mean_eigenvalue(double shrinkage, double first, double second)
    {
        // Eigenvalues 9/2 and 1/2, whose mean is 5/2.
        using var scope = NewDisposeScope();
        Tensor keys = tensor(new double[,] { { 3, 0 }, { -3, 0 }, { 0, 1 }, { 0, -1 } }) + 7;
        using KeyWhitening whitening = KeyWhitening.Fit(keys, shrinkage);
        double[] lengths = [.. whitening.Apply(keys).norm(1).data<double>()];
        Assert.All(lengths.Zip([3 / Math.Sqrt(first), 3 / Math.Sqrt(first), 1 / Math.Sqrt(second), 1 / Math.Sqrt(second)]), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
    }

    [Fact]
    public void A_direction_in_which_few_differ_is_heard()
    {
        using var scope = NewDisposeScope();
        var generator = new Generator(3);
        Tensor keys = randn([500, 2], dtype: ScalarType.Float64, generator: generator) * tensor(new[] { 10.0, 0.3 });
        keys[..20, 1] += 3;
        using KeyWhitening whitening = KeyWhitening.Fit(keys, shrinkage: 0);
        Tensor a = whitening.Apply(keys)[..20];
        double Together(Tensor x) => nn.functional.normalize(x, dim: 1).sum([0L]).norm().ToDouble() / x.shape[0];
        Assert.InRange(Together(keys[..20] - keys.mean([0L])), 0, 0.75);
        Assert.InRange(Together(a), 0.9, 1);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        using KeyWhitening whitening = KeyWhitening.Fit(Keys(new Generator(4)));
        Assert.StartsWith("keys has shape [3, 4], wanted [..., 5]", Assert.Throws<ArgumentException>(() => whitening.Apply(zeros(3, 4))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => KeyWhitening.Fit(zeros(1, 4)));
        Assert.Throws<ArgumentException>(() => KeyWhitening.Fit(zeros(4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => KeyWhitening.Fit(zeros(3, 4), -1));
    }
}
