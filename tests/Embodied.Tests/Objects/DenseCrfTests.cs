using TorchSharp;
using Embodied.Datasets.Sprites;
using Embodied.Evaluation;
using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class DenseCrfTests
{
    private static (Tensor Image, Tensor Prior) Random(int height, int width, int channels = 3)
    {
        Generator generator = new(3);
        return (rand([channels, height, width], generator: generator), 0.05 + 0.9 * rand([height, width], generator: generator));
    }

    // The update of every pixel by two sums over all others, straight from the paper.
    private static double[,] BruteForce(Tensor image, Tensor prior, DenseCrfOptions options)
    {
        int h = (int)image.shape[1], w = (int)image.shape[2], n = h * w;
        double Kernel(int i, int j, double space, double colour)
        {
            double distance = (Math.Pow(i / w - j / w, 2) + Math.Pow(i % w - j % w, 2)) / (2 * space * space);
            for (int c = 0; c < image.shape[0] && !double.IsInfinity(colour); c++)
            {
                distance += Math.Pow(image[c, i / w, i % w].item<float>() - image[c, j / w, j % w].item<float>(), 2) / (2 * colour * colour);
            }
            return Math.Exp(-distance);
        }
        (double Weight, double[,] K)[] kernels = [(options.PositionWeight, new double[n, n]), (options.BilateralWeight, new double[n, n])];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                kernels[0].K[i, j] = Kernel(i, j, options.PositionSigma, double.PositiveInfinity);
                kernels[1].K[i, j] = Kernel(i, j, options.BilateralSigma, options.ColourSigma);
            }
        }
        double[] p = [.. prior.flatten().data<float>().Select(v => (double)v)];
        // Both labels' energies, though one would do.
        double[,] q = new double[2, n];
        for (int i = 0; i < n; i++)
        {
            (q[0, i], q[1, i]) = (1 - p[i], p[i]);
        }
        for (int round = 0; round < options.Iterations; round++)
        {
            double[,] next = new double[2, n];
            for (int i = 0; i < n; i++)
            {
                for (int label = 0; label < 2; label++)
                {
                    double energy = -Math.Log(label == 1 ? p[i] : 1 - p[i]);
                    foreach ((double weight, double[,] K) in kernels)
                    {
                        for (int j = 0; j < n; j++)
                        {
                            double Degree(int at) => Enumerable.Range(0, n).Sum(k => K[at, k]);
                            energy += j == i ? 0 : weight * K[i, j] / Math.Sqrt(Degree(i) * Degree(j)) * q[1 - label, j];
                        }
                    }
                    next[label, i] = Math.Exp(-energy);
                }
                double sum = next[0, i] + next[1, i];
                (next[0, i], next[1, i]) = (next[0, i] / sum, next[1, i] / sum);
            }
            q = next;
        }
        double[,] found = new double[h, w];
        for (int i = 0; i < n; i++)
        {
            found[i / w, i % w] = q[1, i];
        }
        return found;
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public void The_mean_field_is_that_of_sums_over_all_pairs(int channels)
    {
        using var scope = NewDisposeScope();
        (Tensor image, Tensor prior) = Random(5, 7, channels);
        DenseCrfOptions options = new() { PositionWeight = 1.3, BilateralWeight = 2.1, BilateralSigma = 3, ColourSigma = 0.3, Iterations = 4 };
        Tensor wanted = tensor(BruteForce(image, prior, options));
        Assert.True((DenseCrf.MeanField(image, prior, options) - wanted).abs().max().ToDouble() < 1e-10);
    }

    [Fact]
    public void On_the_lattice_it_is_nearly_the_same()
    {
        using SpriteBatch scenes = SpriteScenes.Draw(6, new SpriteSceneOptions { Size = 48, Split = SpriteSplit.HeldOut }, 1);
        using var scope = NewDisposeScope();
        for (int i = 0; i < 6; i++)
        {
            Tensor prior = 0.25 + 0.5 * Coarse(scenes.Masks[i, 0]).to(float32).repeat_interleave(8, 0).repeat_interleave(8, 1);
            Tensor exact = DenseCrf.MeanField(scenes.Images[i], prior, new() { ExactPixels = 48 * 48 });
            Tensor lattice = DenseCrf.MeanField(scenes.Images[i], prior, new() { ExactPixels = 0 });
            double differ = exact.gt(0.5).ne(lattice.gt(0.5)).to(float64).mean().ToDouble();
            double error = (exact - lattice).abs().mean().ToDouble();
            TestContext.Current.SendDiagnosticMessage(FormattableString.Invariant($"scene {i}: {differ:P2} of pixels differ, error {error:F4}"));
            Assert.True(differ < 0.02, $"scene {i}: {differ:P1} of pixels differ");
            Assert.True(error < 0.03, $"scene {i}: mean error {error}");
        }
    }

    [Fact]
    public void The_lattice_filters_as_a_gaussian_does()
    {
        Random random = new(5);
        const int Points = 3000;
        float[] features = [.. Enumerable.Range(0, Points * 3).Select(_ => (float)(4 * random.NextDouble()))];
        double[] x = [.. Enumerable.Range(0, Points).Select(i => features[3 * i] > 2 ? 1.0 : 0)], one = [.. x.Select(_ => 1.0)];
        PermutohedralLattice lattice = new(features, 3);
        double[] sums = new double[Points], counts = new double[Points];
        lattice.Apply(x, sums);
        lattice.Apply(one, counts);
        double worst = 0, scale = 0;
        for (int i = 0; i < Points; i += 10)
        {
            double sum = 0, count = 0;
            for (int j = 0; j < Points; j++)
            {
                double square = Enumerable.Range(0, 3).Sum(k => Math.Pow(features[3 * i + k] - features[3 * j + k], 2));
                sum += Math.Exp(-square / 2) * x[j];
                count += Math.Exp(-square / 2);
            }
            worst = Math.Max(worst, Math.Abs(sum / count - sums[i] / counts[i]));
            scale += counts[i] / count / (Points / 10);
        }
        Assert.True(worst < 0.06, $"the mean around a point is off by up to {worst}");
        Assert.InRange(scale, 0.7, 1.3);
    }

    // Splat and slice keep the mass, each of the d + 1 blurs doubles it, and the lattice has one point in √(d + 1) (2/3)^(d/2) units of volume.
    [Theory]
    [InlineData(1, 0.92)]
    [InlineData(2, 0.88)]
    public void Amid_evenly_spread_points_the_sum_is_the_lattices_own_mass(int dimensions, double ofGaussian)
    {
        const double Step = 0.05, Side = 14;
        int count = (int)(Side / Step);
        float[] features = [.. from i in Enumerable.Range(0, dimensions == 1 ? 1 : count) from j in Enumerable.Range(0, count)
                               from k in Enumerable.Range(0, dimensions) select (float)((k == 0 ? j : i) * Step)];
        PermutohedralLattice lattice = new(features, dimensions);
        double[] sums = new double[lattice.Size];
        lattice.Apply([.. Enumerable.Repeat(Math.Pow(Step, dimensions), lattice.Size)], sums);
        bool Amid(int p) => Enumerable.Range(0, dimensions).All(k => features[p * dimensions + k] is > 5 and < 9);
        double mass = Enumerable.Range(0, lattice.Size).Where(Amid).Average(p => sums[p]);
        double wanted = Math.Pow(2, dimensions + 1) / (1 + Math.Pow(2, -dimensions)) * Math.Pow(1.5, dimensions / 2.0) / Math.Sqrt(dimensions + 1);
        Assert.Equal(wanted, mass, 0.01 * wanted);
        Assert.Equal(ofGaussian, mass / Math.Pow(2 * Math.PI, dimensions / 2.0), 0.01);
    }

    [Fact]
    public void Refined_masks_fit_objects_better_than_coarse_ones()
    {
        using SpriteBatch scenes = SpriteScenes.Draw(40, new SpriteSceneOptions { Split = SpriteSplit.HeldOut }, 2);
        using var scope = NewDisposeScope();
        double before = 0, after = 0;
        int kept = 0;
        for (int i = 0; i < 40; i++)
        {
            Tensor truth = scenes.Masks[i, 0].unsqueeze(0), coarse = Coarse(truth[0]);
            RefinedMask refined = DenseCrf.Refine(scenes.Images[i], coarse);
            before += RegionOverlap.OfMasks(coarse.repeat_interleave(8, 0).repeat_interleave(8, 1).unsqueeze(0), truth)[0, 0] / 40;
            after += RegionOverlap.OfMasks(refined.Mask.unsqueeze(0), truth)[0, 0] / 40;
            kept += refined.Kept ? 1 : 0;
        }
        TestContext.Current.SendDiagnosticMessage(FormattableString.Invariant($"IoU {before:F3} before, {after:F3} after, {kept} of 40 kept"));
        Assert.True(after > before + 0.05, $"IoU {before} before, {after} after");
        Assert.True(kept >= 34, $"{kept} of 40 kept");
    }

    [Fact]
    public void A_mask_that_the_field_wipes_out_is_not_kept()
    {
        using var scope = NewDisposeScope();
        Tensor coarse = zeros(8, 8, dtype: ScalarType.Bool);
        coarse[4, 4] = true;
        RefinedMask refined = DenseCrf.Refine(full([3, 64, 64], 0.5f), coarse);
        Assert.False(refined.Kept);
        Assert.True(refined.Overlap < 0.5);
        Assert.True(DenseCrf.Refine(full([3, 64, 64], 0.5f), coarse, leastOverlap: 0).Kept);
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        using var scope = NewDisposeScope();
        (Tensor image, Tensor prior) = Random(8, 8);
        Assert.Throws<ArgumentException>(() => DenseCrf.MeanField(image, prior[..7]));
        Assert.Throws<ArgumentException>(() => DenseCrf.MeanField(image[0], prior));
        Assert.Contains("between 0 and 1", Assert.Throws<ArgumentException>(() => DenseCrf.MeanField(image, ones(8, 8))).Message, StringComparison.Ordinal);
        Assert.Contains("3 × 4 places", Assert.Throws<ArgumentException>(() => DenseCrf.Refine(image, zeros(3, 4, dtype: ScalarType.Bool))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => DenseCrf.MeanField(image, prior, new() { ColourSigma = 0 }));
        Assert.Throws<ArgumentException>(() => DenseCrf.MeanField(image, prior, new() { Confidence = 1 }));
        Assert.Throws<ArgumentException>(() => new PermutohedralLattice([1, 2, 3], 2));
        Assert.Throws<ArgumentException>(() => new PermutohedralLattice([1, float.NaN], 2));
        Assert.Throws<ArgumentException>(() => new PermutohedralLattice([1, 1e9f], 2));
        Assert.Throws<OperationCanceledException>(() => DenseCrf.MeanField(image, prior, cancellation: new CancellationToken(true)));
    }

    // Patches of 8 px that are more than half object.
    private static Tensor Coarse(Tensor mask) => nn.functional.avg_pool2d(mask.to(float32).unsqueeze(0).unsqueeze(0), 8)[0, 0] > 0.5;
}
