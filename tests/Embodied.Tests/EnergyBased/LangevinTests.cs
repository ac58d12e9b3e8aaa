using Embodied.EnergyBased;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.EnergyBased;

public class LangevinTests
{
    [Fact]
    public void One_step_is_what_the_formula_gives()
    {
        using Tensor next = LangevinSampler.Step(
            tensor(new[,] { { 1.0, 2.0 } }), tensor(new[,] { { 4.0, -2.0 } }), 0.25, tensor(new[,] { { 1.0, -3.0 } }));
        Assert.Equal([1 - 0.125 * 4 + 0.5, 2 + 0.125 * 2 - 1.5], next.data<double>());
    }

    [Fact]
    public void The_noise_of_a_step_has_variance_lambda()
    {
        using Tensor ends = LangevinSampler.Sample(
            x => 0 * x.sum(1), zeros(100_000, 1, dtype: ScalarType.Float64), new() { Steps = 1, StepSize = 0.3 }, new Generator(1),
            cancellation: TestContext.Current.CancellationToken);
        // Four standard errors: 0.3 · √(2 / 100,000) · 4.
        Assert.Equal(0.3, ends.square().mean().ToDouble(), 0.006);
    }

    [Fact]
    public void In_a_quadratic_valley_the_samples_reach_the_Gaussians_mean_and_covariance()
    {
        Tensor mean = tensor(new[] { 1.0, -2.0 });
        Tensor precision = tensor(new[,] { { 2.0, 0.8 }, { 0.8, 1.0 } });
        Tensor Energy(Tensor x) => 0.5 * ((x - mean).matmul(precision) * (x - mean)).sum(1);

        const double lambda = 0.4;
        using Tensor ends = LangevinSampler.Sample(
            Energy, zeros(40_000, 2, dtype: ScalarType.Float64), new() { Steps = 100, StepSize = lambda }, new Generator(2),
            cancellation: TestContext.Current.CancellationToken);

        // The discrete walk's own covariance solves C = (I − λ/2 P) C (I − λ/2 P) + λI, which is (P − λ/4 P²)⁻¹.
        Tensor wanted = (precision - lambda / 4 * precision.matmul(precision)).inverse();
        Tensor centred = ends - mean;
        Assert.InRange((ends.mean([0L]) - mean).abs().max().ToDouble(), 0, 0.025);
        Assert.InRange((centred.t().matmul(centred) / 40_000 - wanted).abs().max().ToDouble(), 0, 0.05);
        // It is close to the Gaussian's, but not the same: the test above is fine enough to see the difference.
        Assert.True((wanted - precision.inverse()).abs().max().ToDouble() > 0.08);
    }

    [Fact]
    public void The_gradient_of_an_energy_agrees_with_finite_differences()
    {
        using var energy = new EnergyNetwork(3, new Generator(1), width: 8, scale: 2, confinement: 0.3, dtype: ScalarType.Float64);
        Tensor x = randn(4, 3, dtype: ScalarType.Float64, generator: new Generator(2));
        Tensor gradient = LangevinSampler.Gradient(energy.call, x);
        using var _ = no_grad();
        for (int i = 0; i < 3; i++)
        {
            Tensor step = 1e-5 * nn.functional.one_hot(tensor(new long[] { i }), 3).to(ScalarType.Float64);
            Tensor numeric = (energy.call(x + step) - energy.call(x - step)) / 2e-5;
            Assert.InRange((numeric - gradient.select(1, i)).abs().max().ToDouble(), 0, 1e-8);
        }
    }

    [Fact]
    public void Every_step_is_shown_and_the_bound_is_kept()
    {
        var seen = new List<int>();
        double widest = 0;
        LangevinSampler.Sample(
            x => -x.sum(1), zeros(5, 2), new() { Steps = 30, StepSize = 0.5, Bound = 1.5 }, new Generator(1),
            (k, x) => { seen.Add(k); widest = Math.Max(widest, x.abs().max().ToDouble()); }, TestContext.Current.CancellationToken).Dispose();
        Assert.Equal(Enumerable.Range(0, 31), seen);
        Assert.Equal(1.5, widest, 1e-6);
    }

    [Fact]
    public void An_energy_that_is_not_one_number_per_row_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => LangevinSampler.Gradient(x => x.square(), zeros(4, 2)));
        Assert.StartsWith("energy has shape [4, 2], wanted [4].", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LangevinSampler.Step(zeros(4, 2), zeros(4, 2), 0.1, zeros(3, 2)));
    }

    [Fact]
    public void A_walk_stops_when_asked()
    {
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => LangevinSampler.Sample(
            x => x.sum(1), zeros(1, 1), new(), new Generator(1), (k, _) => { if (k == 3) { stop.Cancel(); } }, stop.Token));
    }
}
