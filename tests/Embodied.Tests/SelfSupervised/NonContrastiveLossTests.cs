using Embodied.SelfSupervised;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.SelfSupervised;

public class NonContrastiveLossTests
{
    [Fact]
    public void The_negative_cosine_is_what_the_papers_formula_gives_and_trains_predictions_alone()
    {
        Tensor p = Plain.Random(1, 5, 4), z = Plain.Random(2, 5, 4);
        Assert.Equal(Plain.NegativeCosine(p, z), NegativeCosine.Loss(p, z).ToDouble(), 1e-12);
        Assert.InRange(FiniteDifferences.Worst(x => NegativeCosine.Loss(x[0], z), p), 0, 1e-7);
        Assert.True(FiniteDifferences.IsConstantIn((x, y) => NegativeCosine.Loss(x, y), p, z));
    }

    [Fact]
    public void Without_stop_gradient_the_target_is_trained_too()
    {
        Tensor p = Plain.Random(1, 5, 4), z = Plain.Random(2, 5, 4);
        Assert.False(FiniteDifferences.IsConstantIn((x, y) => NegativeCosine.Loss(x, y, stopGradient: false), p, z));
        Assert.InRange(FiniteDifferences.Worst(x => NegativeCosine.Loss(x[0], x[1], stopGradient: false), p, z), 0, 1e-7);
    }

    [Fact]
    public void The_distance_of_BYOL_is_that_of_the_normalised_vectors()
    {
        Tensor p = Plain.Random(1, 5, 4), z = Plain.Random(2, 5, 4);
        double distance = (nn.functional.normalize(p) - nn.functional.normalize(z)).square().sum(1).mean().ToDouble();
        Assert.Equal(distance, NegativeCosine.SquaredDistance(p, z).ToDouble(), 1e-12);
        Assert.InRange(FiniteDifferences.Worst(x => NegativeCosine.SquaredDistance(x[0], z), p), 0, 1e-7);
        Assert.True(FiniteDifferences.IsConstantIn((x, y) => NegativeCosine.SquaredDistance(x, y), p, z));
        Assert.Equal(0, NegativeCosine.SquaredDistance(p, 7 * p).ToDouble(), 1e-12);
        Assert.Equal(4, NegativeCosine.SquaredDistance(p, -p).ToDouble(), 1e-12);
    }

    [Fact]
    public void Barlow_Twins_is_what_the_papers_sum_gives_and_its_gradient_what_differences_give()
    {
        Tensor a = Plain.Random(1, 6, 4), b = Plain.Random(2, 6, 4);
        Assert.Equal(Plain.BarlowTwins(a, b, 0.3), BarlowTwins.Loss(a, b, 0.3).ToDouble(), 1e-10);
        Assert.InRange(FiniteDifferences.Worst(z => BarlowTwins.Loss(z[0], z[1], 0.3), a, b), 0, 1e-7);
    }

    [Fact]
    public void Barlow_Twins_of_equal_views_with_uncorrelated_coordinates_is_zero_and_of_copied_coordinates_is_lambda_each()
    {
        Tensor h = 1000 * tensor(new double[,] { { 1, 1 }, { 1, -1 }, { -1, 1 }, { -1, -1 } });
        Assert.Equal(0, BarlowTwins.Loss(h, h).ToDouble(), 1e-9);
        Tensor copied = h.index_select(1, tensor(new long[] { 0, 0, 0 }));
        Assert.Equal(6 * 0.25, BarlowTwins.Loss(copied, copied, 0.25).ToDouble(), 1e-9);
    }

    [Fact]
    public void Every_term_of_VICReg_is_what_the_papers_sum_gives_and_the_loss_is_their_weighted_sum()
    {
        Tensor a = Plain.Random(1, 6, 4), b = 0.5 * Plain.Random(2, 6, 4);
        (double invariance, double variance, double covariance) = Plain.VicReg(a, b);
        Assert.Equal(invariance, VicReg.Invariance(a, b).ToDouble(), 1e-12);
        Assert.Equal(variance, (VicReg.Variance(a) + VicReg.Variance(b)).ToDouble(), 1e-12);
        Assert.Equal(covariance, (VicReg.Covariance(a) + VicReg.Covariance(b)).ToDouble(), 1e-12);
        Assert.Equal(25 * invariance + 25 * variance + covariance, VicReg.Loss(a, b).ToDouble(), 1e-10);
        Assert.Equal(25 * invariance, VicReg.Loss(a, b, new() { Variance = 0, Covariance = 0 }).ToDouble(), 1e-10);
    }

    [Fact]
    public void The_gradient_of_every_term_of_VICReg_agrees_with_finite_differences()
    {
        Tensor a = Plain.Random(1, 6, 4), b = 0.5 * Plain.Random(2, 6, 4);
        Assert.InRange(FiniteDifferences.Worst(z => VicReg.Invariance(z[0], z[1]), a, b), 0, 1e-7);
        Assert.InRange(FiniteDifferences.Worst(z => VicReg.Variance(z[0]), b), 0, 1e-7);
        Assert.InRange(FiniteDifferences.Worst(z => VicReg.Covariance(z[0]), a), 0, 1e-7);
        Assert.InRange(FiniteDifferences.Worst(z => VicReg.Loss(z[0], z[1]), a, b), 0, 1e-7);
    }

    [Fact]
    public void Orthogonal_columns_have_no_covariance_wide_ones_no_lack_of_variance_and_a_collapsed_batch_lacks_all_of_it()
    {
        Tensor h = 3 * tensor(new double[,] { { 1, 1, 1 }, { 1, -1, -1 }, { -1, 1, -1 }, { -1, -1, 1 } });
        Assert.Equal(0, VicReg.Covariance(h).ToDouble(), 1e-12);
        Assert.Equal(0, VicReg.Variance(h).ToDouble(), 1e-12);
        Assert.Equal(1 - Math.Sqrt(1e-4), VicReg.Variance(ones(4, 3, dtype: ScalarType.Float64)).ToDouble(), 1e-12);
        Tensor copied = h.narrow(1, 0, 1).repeat(1, 3); // Every covariance is Var = 4 · 9/3 = 12, six of them over d = 3.
        Assert.Equal(6 * 144 / 3.0, VicReg.Covariance(copied).ToDouble(), 1e-9);
    }

    [Fact]
    public void Independent_columns_have_a_covariance_that_falls_with_the_batch()
    {
        // Each of the d(d − 1) squared covariances has expectation 1/(n − 1); divided by d, (d − 1)/(n − 1).
        Assert.Equal(15.0 / 1999, VicReg.Covariance(Plain.Random(1, 2000, 16)).ToDouble(), 1.5e-3);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        Assert.StartsWith("z has shape [4, 2], wanted [4, 3].", Assert.Throws<ArgumentException>(
            () => NegativeCosine.Loss(zeros(4, 3), zeros(4, 2))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => BarlowTwins.Loss(zeros(1, 3), zeros(1, 3)));
        Assert.Throws<ArgumentException>(() => VicReg.Loss(zeros(4, 3), zeros(3, 3)));
        Assert.Throws<ArgumentException>(() => VicReg.Covariance(zeros(1, 3)));
    }
}
