using Embodied.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Evaluation;

public class ProbeTests
{
    [Fact]
    public void A_probe_finds_classes_that_lie_apart_whatever_the_features_scale()
    {
        (Tensor x, Tensor y) = Clusters(300, 1);
        (Tensor test, Tensor labels) = Clusters(300, 2);
        Tensor scale = tensor(new[] { 1000f, 0.001f, 1f });
        Assert.InRange(LinearProbe.Accuracy(x * scale, y, test * scale, labels), 0.99, 1);
    }

    [Fact]
    public void A_probe_on_features_without_information_is_at_chance()
    {
        Tensor y = arange(3).repeat(300), labels = arange(3).repeat(2000);
        Tensor x = randn(900, 3, generator: new Generator(1)), test = randn(6000, 3, generator: new Generator(2));
        // Four standard errors of a share of 1/3 among 6,000.
        Assert.Equal(1.0 / 3, LinearProbe.Accuracy(x, y, test, labels), 0.025);
    }

    [Fact]
    public void A_probe_on_overlapping_classes_reaches_the_best_linear_boundary()
    {
        // Two Gaussians two standard deviations apart: the Bayes rule is linear and right in Φ(1) = 84.1 % of cases.
        (Tensor x, Tensor y) = Overlapping(4000, 1);
        (Tensor test, Tensor labels) = Overlapping(20_000, 2);
        Assert.InRange(LinearProbe.Accuracy(x, y, test, labels), 0.832, 0.850);
    }

    [Fact]
    public void A_probe_on_more_features_than_examples_is_as_good_as_on_the_half_that_says_the_same()
    {
        (Tensor x, Tensor y) = Overlapping(60, 1);
        (Tensor test, Tensor labels) = Overlapping(500, 2);
        long n = x.shape[0], m = test.shape[0];
        Tensor noise = randn(n + m, n - 4, generator: new Generator(3));
        Tensor few = cat([x, noise[..(int)n]], 1), fewTest = cat([test, noise[(int)n..]], 1);
        // Every feature twice changes nothing but the penalty's weight: half of it is the same problem.
        double once = LinearProbe.Accuracy(few, y, fewTest, labels, new() { Penalty = 2e-2, Steps = 2000 });
        double twice = LinearProbe.Accuracy(cat([few, few], 1), y, cat([fewTest, fewTest], 1), labels, new() { Penalty = 4e-2, Steps = 2000 });
        Assert.InRange(once, 0.55, 0.9);
        Assert.Equal(once, twice, 0.004);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        var error = Assert.Throws<ArgumentException>(() => LinearProbe.Accuracy(zeros(4, 3), zeros(4, ScalarType.Int64), zeros(2, 2), zeros(2, ScalarType.Int64)));
        Assert.StartsWith("test has shape [2, 2], wanted [any, 3].", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PrincipalComponents.Fit(zeros(1, 3), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PrincipalComponents.Fit(zeros(5, 3), 4));
    }

    [Fact]
    public void Principal_components_find_the_axes_of_an_ellipse()
    {
        Tensor z = randn(20_000, 2, dtype: ScalarType.Float64, generator: new Generator(1)) * tensor(new[] { 3.0, 0.5 });
        Tensor rotation = tensor(new double[,] { { 0.6, 0.8 }, { -0.8, 0.6 } });
        using PrincipalComponents pca = PrincipalComponents.Fit(z.matmul(rotation) + 5, 2);
        Assert.Equal(9, pca.Variances[0].ToDouble(), 0.3);
        Assert.Equal(0.25, pca.Variances[1].ToDouble(), 0.02);
        Assert.Equal(1, pca.Directions[0].dot(rotation[0]).abs().ToDouble(), 1e-3);
        Assert.Equal(1, pca.Explained, 1e-12);
    }

    [Fact]
    public void All_components_restore_the_data_and_fewer_lose_what_they_do_not_explain()
    {
        Tensor x = randn(200, 6, dtype: ScalarType.Float64, generator: new Generator(1));
        using PrincipalComponents all = PrincipalComponents.Fit(x, 6), some = PrincipalComponents.Fit(x, 3);
        Assert.InRange((all.Decode(all.Encode(x, whiten: true), whitened: true) - x).abs().max().ToDouble(), 0, 1e-10);
        double lost = (some.Decode(some.Encode(x)) - x).square().sum().ToDouble() / (x - x.mean([0L])).square().sum().ToDouble();
        Assert.Equal(1 - some.Explained, lost, 1e-10);
        Assert.True(allclose(some.Encode(x, whiten: true).std(0), ones(3, dtype: ScalarType.Float64)));
    }

    private static (Tensor X, Tensor Y) Clusters(int each, ulong seed)
    {
        Tensor centres = tensor(new float[,] { { 3, 0, 0 }, { 0, 3, 0 }, { 0, 0, 3 } }).repeat_interleave(each, 0);
        return (centres + 0.5 * randn(3 * each, 3, generator: new Generator(seed)), arange(3).repeat_interleave(each));
    }

    private static (Tensor X, Tensor Y) Overlapping(int each, ulong seed)
    {
        Tensor y = arange(2).repeat_interleave(each);
        return (randn(2 * each, 2, generator: new Generator(seed)) + y.unsqueeze(1) * tensor(new[] { 1.2f, 1.6f }), y);
    }
}
