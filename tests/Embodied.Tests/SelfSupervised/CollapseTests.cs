using Embodied.Datasets;
using Embodied.Evaluation;
using Embodied.Networks;
using Embodied.SelfSupervised;
using static TorchSharp.torch;

namespace Embodied.Tests.SelfSupervised;

/// <summary>Short trainings that hold what the methods promise, and their twins without the piece that it rests on.</summary>
public class CollapseTests
{
    private const int Images = 1024, Width = 32;

    [Fact]
    public void SimSiam_keeps_its_spread()
    {
        Assert.InRange(SimSiamSpread(stopGradient: true), 0.5 / Math.Sqrt(Width), 1.1 / Math.Sqrt(Width));
    }

    [Fact]
    public void SimSiam_without_stop_gradient_maps_everything_to_one_point()
    {
        Assert.InRange(SimSiamSpread(stopGradient: false), 0, 0.1 / Math.Sqrt(Width));
    }

    [Theory]
    [InlineData(true, true, 0.25, 0.9)]
    [InlineData(true, false, 0.97, 1.0001)]
    [InlineData(false, true, 0, 0.1)]
    public void Dinos_targets_keep_their_entropy_between_both_collapses_with_centring_and_sharpening_only(bool centring, bool sharpening, double least, double most)
    {
        const int K = 64;
        var generator = new Generator(1);
        ProjectedEncoder Network() => new(
            new ConvEncoder(new() { Channels = 1, Width = 8, Stages = 2 }, generator), new DinoHead(32, new() { Hidden = 64, Bottleneck = 32, Prototypes = K }, generator));
        using var dino = new Dino(Network(), Network(), new()
        {
            Centring = centring, Sharpening = sharpening, TeacherMomentum = 0.96, FrozenPrototypes = 0, FirstTeacherTemperature = 0.06, TeacherTemperature = 0.06,
        });
        Train(dino, generator, new() { Updates = 300, BatchSize = 64, Optimizer = SelfSupervisedOptimizer.AdamW, LearningRate = 2e-3, WarmUp = 10, ClipNorm = 3 });
        DinoDiagnostics end = dino.Diagnostics();
        Assert.InRange(end.Entropy / Math.Log(K), least, most);
    }

    [Fact]
    public void VICReg_uses_more_dimensions_than_its_invariance_alone()
    {
        double full = VicRegRank(new()), alone = VicRegRank(new() { Variance = 0, Covariance = 0 });
        Assert.InRange(alone, 1, 4);
        Assert.InRange(full, 7, 16);
    }

    private static double SimSiamSpread(bool stopGradient)
    {
        var generator = new Generator(1);
        ProjectedEncoder network = Network(generator, new() { Hidden = 64, Output = Width, Layers = 2 });
        using var method = new SimSiam(network, new ProjectionHead(Width, new() { Hidden = 16, Output = Width }, generator), stopGradient);
        Train(method, generator, new() { Updates = 500, BatchSize = 64, LearningRate = 1 });
        double spread = Embed(network, EffectiveRank.UnitDeviation);
        return spread;
    }

    // Sixteen independent coordinates, of which each is disturbed more than the one before from view to view, seen by a linear network.
    private static double VicRegRank(VicRegOptions options)
    {
        const int d = 16;
        var generator = new Generator(1);
        using var scope = NewDisposeScope();
        Tensor content = randn([Images, d], generator: generator), disturbance = linspace(0.05, 1, d);
        using var network = new ProjectedEncoder(new ProjectionHead(d, new() { Layers = 1, Output = d }, generator), new ProjectionHead(d, new() { Layers = 1, Output = d }, generator));
        using SelfSupervisedMethod method = JointEmbedding.VicReg(network, options);
        using var training = new SelfSupervisedTraining(method, new() { Updates = 400, BatchSize = 128, LearningRate = 0.005 });
        training.Run(content, (x, g) => [x + disturbance * randn(x.shape, generator: g), x + disturbance * randn(x.shape, generator: g)], generator);
        return EffectiveRank.Of(network.call(content));
    }

    private static ProjectedEncoder Network(Generator generator, ProjectionHeadOptions head) =>
        new(new ConvEncoder(new() { Channels = 1, Width = 8, Stages = 2 }, generator), new ProjectionHead(32, head, generator));

    private static double Embed(ProjectedEncoder network, Func<Tensor, double> measure)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return measure(network.call(Data(400)));
    }

    private static void Train(SelfSupervisedMethod method, Generator generator, SelfSupervisedOptions options)
    {
        using var scope = NewDisposeScope();
        using var training = new SelfSupervisedTraining(method, options);
        training.Run(Data(Images), Views, generator, cancellation: TestContext.Current.CancellationToken);
    }

    // Standardised 14 px images: every second pixel of the mean of four.
    private static Tensor Data(int count)
    {
        using FashionMnist data = FashionMnist.Load(train: true, count);
        using Tensor small = nn.functional.avg_pool2d(data.Images, 2);
        return (small - 0.29) / 0.32;
    }

    // A crop of 12 px somewhere, mirrored or not, with noise.
    private static IReadOnlyList<Tensor> Views(Tensor images, Generator generator)
    {
        Tensor View()
        {
            long[] place = [.. randint(3, [2], generator: generator).data<long>()];
            Tensor crop = images.narrow(2, place[0], 12).narrow(3, place[1], 12);
            Tensor mirrored = rand([images.shape[0], 1, 1, 1], generator: generator).lt(0.5);
            return where(mirrored, crop.flip(3), crop) + 0.3 * randn(crop.shape, generator: generator);
        }
        return [View(), View()];
    }
}
