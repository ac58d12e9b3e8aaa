using Embodied.Datasets;
using Embodied.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests;

public class PlanarDensityTests
{
    [Fact]
    public void The_rings_density_integrates_to_one()
    {
        using GaussianMixture ring = GaussianMixture.Ring();
        Tensor line = linspace(-7, 7, 281, dtype: ScalarType.Float64);
        Tensor[] mesh = [.. meshgrid([line, line], "ij")];
        Tensor points = stack([mesh[0].flatten(), mesh[1].flatten()], 1);
        Assert.Equal(1, (-ring.Energy(points)).exp().sum().ToDouble() * 0.05 * 0.05, 1e-5);
    }

    [Fact]
    public void Samples_of_the_ring_lie_on_all_modes_as_often_as_Gaussians_do()
    {
        using GaussianMixture ring = GaussianMixture.Ring();
        ModeCoverage coverage = ModeCoverage.Of(ring.Sample(20_000, new Generator(1)), ring.Means, 3 * ring.Deviation);
        Assert.Equal(8, coverage.Covered);
        Assert.Equal(1 - Math.Exp(-4.5), coverage.OnMode, 0.003);
        Assert.All(coverage.Counts, count => Assert.InRange(count, 2200, 2750));
    }

    [Fact]
    public void A_missing_mode_and_stray_samples_are_noticed()
    {
        Tensor modes = tensor(new float[,] { { 0, 0 }, { 10, 0 }, { 0, 10 } });
        Tensor samples = tensor(new float[,] { { 0.5f, 0 }, { 0, -0.9f }, { 5, 0 }, { 10, 0.5f } });
        ModeCoverage coverage = ModeCoverage.Of(samples, modes, 1);
        Assert.Equal([2, 1, 0], coverage.Counts);
        Assert.Equal(2, coverage.Covered);
        Assert.Equal(0.75, coverage.OnMode);
    }

    [Fact]
    public void Shapes_fill_the_plane_about_the_origin_and_repeat_with_the_seed()
    {
        foreach (Func<int, Generator, Tensor> shape in new Func<int, Generator, Tensor>[]
            { (n, g) => PlanarShapes.TwoMoons(n, g), (n, g) => PlanarShapes.Rings(n, g), PlanarShapes.Pinwheel })
        {
            using Tensor points = shape(5000, new Generator(1)), again = shape(5000, new Generator(1));
            Assert.True(points.Equals(again));
            Assert.InRange(points.mean([0L]).abs().max().ToDouble(), 0, 0.15);
            Assert.InRange(points.abs().max().ToDouble(), 3, 7);
        }
    }
}
