using Embodied.Objects.SelfTraining;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class MaskDetectorTests
{
    private static readonly MaskDetectorOptions Small = new() { Width = 6, Features = 3, Most = 4 };

    [Fact]
    public void DropLoss_forgives_what_lies_on_no_label()
    {
        // Four regions of a 4 × 4 image with one label of 2 × 2: on it, half on it, beside it, and nothing.
        bool[] Rectangle(int x0, int y0, int x1, int y1) => [.. Enumerable.Range(0, 16).Select(i => i % 4 >= x0 && i % 4 < x1 && i / 4 >= y0 && i / 4 < y1)];
        using Tensor label = stack([tensor(Rectangle(0, 0, 2, 2)), zeros(16, dtype: ScalarType.Bool)]).view(1, 2, 4, 4);
        using Tensor regions = stack([.. new[] { Rectangle(0, 0, 2, 2), Rectangle(1, 0, 3, 2), Rectangle(2, 2, 4, 4), new bool[16] }.Select(r => tensor(r))]).view(1, 4, 4, 4);
        using Tensor overlaps = DropLoss.LargestOverlaps(regions, label);
        Assert.Equal([1, 2.0 / 6, 0, 0], overlaps[0].data<float>().Select(v => Math.Round(v, 6)).Zip([1, 2.0 / 6, 0, 0], (a, b) => Math.Abs(a - b) < 1e-5 ? b : a));

        // On two labels, half of it on each: the largest overlap counts, and not the sum.
        using Tensor both = stack([tensor(Rectangle(0, 0, 2, 2)), tensor(Rectangle(2, 0, 4, 2))]).view(1, 2, 4, 4), across = tensor(Rectangle(0, 0, 4, 2)).view(1, 1, 4, 4);
        Assert.Equal(0.5, DropLoss.LargestOverlaps(across, both).ToDouble(), 1e-6);

        using Tensor losses = tensor(new[,] { { 1.0, 2, 4, 8 } });
        Assert.Equal([1.0, 2, 0, 0], DropLoss.Of(losses, overlaps).data<double>().ToArray());
        Assert.Equal([1.0, 0, 0, 0], DropLoss.Of(losses, overlaps, tau: 0.34).data<double>().ToArray());
        // An overlap of exactly τ is dropped, and no gradient comes from what is.
        Assert.Equal([0.0, 0, 0, 0], DropLoss.Of(losses, overlaps, tau: 1).data<double>().ToArray());
        Tensor x = losses.clone().requires_grad_();
        DropLoss.Of(x.square(), overlaps).sum().backward();
        Assert.Equal([2.0, 4, 0, 0], x.grad!.data<double>().ToArray());
        Assert.Throws<ArgumentException>(() => DropLoss.Of(losses, overlaps[0]));
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.999)]
    public void Of_the_detectors_loss_only_that_of_locations_outside_of_labels_is_dropped(double tau)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        using MaskDetector detector = new(Small, generator);
        detector.eval();
        Tensor images = rand([2, 3, 32, 32], generator: generator), labels = zeros([2, 2, 32, 32], dtype: ScalarType.Bool);
        labels[0, 0, 4..24, 4..20] = tensor(true);
        labels[0, 1, 20..32, 24..32] = tensor(true);
        labels[1, 0, 12..32, 0..32] = tensor(true);
        double Loss(double? threshold) => DetectorLoss.Of(detector, images, labels, new Generator(5), threshold).ToDouble();

        DetectorOutput output = detector.call(images);
        DetectorTargets targets = DetectorLoss.Assign(labels, 8);
        Tensor at = arange(64).unsqueeze(0).expand(2, 64).contiguous();
        Tensor masks = detector.Masks(output.Kernels, at, nn.functional.avg_pool2d(output.Features, 2), 8);
        double dropped = 0;
        (int middle, int forgiven, int asked) = (0, 0, 0);
        for (int n = 0; n < 2; n++)
        {
            for (int q = 0; q < 64; q++)
            {
                middle += targets.Label[n, q].ToInt64() >= 0 ? 1 : 0;
                if (targets.Label[n, q].ToInt64() >= 0 || targets.Inside[n, q].ToBoolean())
                {
                    continue;
                }
                bool[] region = [.. masks[n, q].contiguous().data<float>().Select(v => v > 0)];
                double largest = Enumerable.Range(0, 2).Max(k =>
                {
                    bool[] label = [.. targets.Coarse[n, k].contiguous().data<bool>()];
                    return (double)region.Zip(label).Count(pair => pair.First && pair.Second) / Math.Max(1, region.Zip(label).Count(pair => pair.First || pair.Second));
                });
                (forgiven, asked) = largest > tau ? (forgiven, asked + 1) : (forgiven + 1, asked);
                dropped += largest > tau ? 0 : DetectorLoss.ObjectnessWeight * Math.Log(1 + Math.Exp(output.Objectness[n, q / 8, q % 8].ToDouble()));
            }
        }
        Assert.True(middle > 1 && forgiven > 0 && (asked > 0 || tau > 0.9), $"{middle} in the middle, {forgiven} forgiven, {asked} asked");
        Assert.Equal(dropped / middle, Loss(null) - Loss(tau), 1e-5);
        // Without labels nothing is in a middle, and everything is dropped.
        Assert.Equal(0, DetectorLoss.Of(detector, images, zeros_like(labels), new Generator(5), tau).ToDouble());
    }

    [Fact]
    public void A_mask_is_its_kernel_on_the_features_and_on_where_a_pixel_lies()
    {
        using var generator = new Generator(1);
        using MaskDetector detector = new(Small, generator);
        using Tensor kernels = randn([2, 3, 7], generator: generator), features = randn([2, 3, 8, 8], generator: generator);
        using Tensor at = tensor(new long[,] { { 0, 5, 15 }, { 3, 3, 9 } });
        using Tensor masks = detector.Masks(kernels, at, features, side: 4);
        for (int n = 0; n < 2; n++)
        {
            for (int m = 0; m < 3; m++)
            {
                double K(int c) => kernels[n, m, c].ToDouble();
                (double qx, double qy) = (at[n, m].ToInt64() % 4 + 0.5, at[n, m].ToInt64() / 4 + 0.5); // A location is a quarter of the side: the unit.
                foreach ((int y, int x) in ((int, int)[])[(0, 0), (3, 6), (7, 1)])
                {
                    double dx = (x + 0.5) / 2 - qx, dy = (y + 0.5) / 2 - qy;
                    double wanted = Enumerable.Range(0, 3).Sum(d => K(d) * features[n, d, y, x].ToDouble()) + K(3) + K(4) * dx + K(5) * dy - K(6) * (dx * dx + dy * dy);
                    Assert.Equal(wanted, masks[n, m, y, x].ToDouble(), 4);
                }
            }
        }
    }

    [Fact]
    public void Locations_in_the_middle_of_a_label_stand_for_it_and_the_smaller_of_two_wins()
    {
        using Tensor labels = zeros([1, 3, 32, 32], dtype: ScalarType.Bool);
        labels[0, 0, 4..28, 4..28] = tensor(true);   // 6 × 6 locations, centre (3.5, 3.5)
        labels[0, 1, 12..16, 12..16] = tensor(true); // the location (3, 3) alone
        DetectorTargets targets = DetectorLoss.Assign(labels, 8);
        long[] label = [.. targets.Label[0].data<long>()];
        for (int i = 0; i < 64; i++)
        {
            double x = i % 8 - 3.5, y = i / 8 - 3.5;
            long wanted = i == 3 * 8 + 3 ? 1 : x * x + y * y <= 0.09 * 36 ? 0 : -1;
            Assert.Equal(wanted, label[i]);
        }
        Assert.Equal(36, targets.Inside.sum().ToInt32());
        Assert.Equal(1, targets.Coarse[0, 1].sum().ToInt32());
    }

    [Fact]
    public void A_ring_is_found_at_a_location_that_lies_on_it()
    {
        using Tensor labels = zeros([1, 1, 32, 32], dtype: ScalarType.Bool);
        labels[0, 0, 0..4, ..] = tensor(true);
        labels[0, 0, 28..32, ..] = tensor(true);
        DetectorTargets targets = DetectorLoss.Assign(labels, 8);
        Tensor standing = targets.Label.ge(0);
        Assert.True(standing.any().ToBoolean());
        Assert.True(standing.logical_and(targets.Inside.logical_not()).sum().ToInt32() == 0);
    }

    [Fact]
    public void An_untrained_detector_answers_in_shape_and_keeps_its_mode()
    {
        using var generator = new Generator(1);
        using MaskDetector detector = new(Small, generator);
        using Tensor images = rand([3, 3, 48, 48], generator: generator);
        DetectorOutput output = detector.call(images);
        Assert.Equal([3, 12, 12], output.Objectness.shape);
        Assert.Equal([3, 144, 7], output.Kernels.shape);
        Assert.Equal([3, 3, 24, 24], output.Features.shape);
        detector.train();
        using PseudoLabels found = detector.Find(images, block: 2);
        Assert.True(detector.training);
        Assert.Equal(3, found.Count);
        Assert.True(found.Masks.shape[1] <= 4 && found.Scores.max().ToDouble() <= 1);
        Assert.Equal(found.Scores.gt(0).data<bool>().ToArray(), found.Masks.flatten(2).any(2).data<bool>().ToArray());
        Assert.Contains("multiple of 16", Assert.Throws<ArgumentException>(() => detector.call(images[.., .., ..40, ..40])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => detector.call(images[.., ..1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MaskDetector(new() { Width = 0 }, generator));
    }
}
