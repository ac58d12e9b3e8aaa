using Embodied.Datasets;
using Embodied.Evaluation;
using Embodied.Objects.ComplexAutoencoders;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public sealed class ComplexAutoencoderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("complex-").FullName;
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static ComplexAutoencoderTrainingOptions Tiny => new()
    {
        Updates = 6, BatchSize = 4, WarmUp = 2, EvaluateEvery = 3, EvaluationScenes = 4, Network = new() { Width = 4, Bottleneck = 8 },
    };

    private static bool Same(Tensor a, Tensor b) => a.eq(b).all().ToBoolean();

    [Theory]
    [InlineData(2, 0.2)]
    [InlineData(3, 0.2)]
    [InlineData(3, 3.0)]
    public void Clusters_recover_phases_that_are_known(int objects, double first)
    {
        // Objects at equal distances on the circle, blurred by 0.1 rad, on a background whose phases are noise.
        var generator = new Generator(4);
        Tensor truth = randint(objects + 1, [5, 16, 16], ScalarType.Int64, generator: generator);
        Tensor phase = first + truth * (2 * Math.PI / objects) + randn([5, 16, 16], generator: generator) * 0.1;
        Tensor something = truth.gt(0);
        phase = where(something, phase, rand([5, 16, 16], generator: generator) * 6.28);
        ComplexTensor z = ComplexTensor.Polar(where(something, ones_like(phase), full_like(phase, 0.001)), phase);
        Tensor found = PhaseClusters.Of(new(z.Real.unsqueeze(1), z.Imaginary.unsqueeze(1)), objects + 1);
        Assert.Equal(1, PhaseClusters.Score(truth, found, background: true), 1e-9);
        Assert.Equal(1, PhaseClusters.Score(truth, found), 1e-9);
    }

    [Fact]
    public void Small_magnitudes_have_no_phase_to_be_clustered_by_unless_every_phase_counts_in_full()
    {
        ComplexTensor z = ComplexTensor.Polar(tensor([0.0, 0.1, 1, 1.5, 20]), full(5, 0.7, dtype: float64));
        double[] lengths = [.. PhaseClusters.Points(z).norm(1).data<double>()];
        Assert.Equal([0, 0.1, 1, 1, 1], lengths.Select(length => Math.Round(length, 9)));
        Assert.Equal([0, 1, 1, 1, 1], PhaseClusters.Points(z, 0).norm(1).data<double>().Select(length => Math.Round(length, 9)));
    }

    [Fact]
    public void Pixels_that_are_left_out_get_no_cluster_and_do_not_count()
    {
        Tensor truth = tensor([0L, 1, 1, 2, 2, -1], [1, 2, 3]);
        ComplexTensor z = ComplexTensor.Polar(tensor([0.0, 1, 1, 1, 1, 1], [1, 1, 2, 3]), tensor([0.0, 0, 0, 2, 2, 1], [1, 1, 2, 3]));
        Tensor found = PhaseClusters.Of(z, 3, truth.lt(0));
        Assert.Equal(-1, found[0, 1, 2].ToInt64());
        Assert.Equal(1, PhaseClusters.Score(truth, found, background: true), 1e-9);
        Assert.Throws<ArgumentException>(() => PhaseClusters.Of(z, 3, zeros([1, 3, 3], ScalarType.Bool)));
    }

    [Fact]
    public void KMeans_finds_planted_groups_and_no_worse_a_sum_than_every_partition_of_a_few_points()
    {
        double[][] points = [.. Enumerable.Range(0, 9).Select(i => new[] { Math.Sin(7 * i), Math.Cos(5 * i) })];
        int[] found = KMeans.Cluster(points, 2, new Random(1), 10);
        double best = Enumerable.Range(1, (1 << 9) - 2).Min(bits => Spread(points, [.. Enumerable.Range(0, 9).Select(i => bits >> i & 1)]));
        Assert.Equal(best, Spread(points, found), 1e-9);
        Assert.Throws<ArgumentException>(() => KMeans.Cluster(points, 10, new Random(1)));
    }

    private static double Spread(double[][] points, int[] labels) => points.Select((point, i) => (point, label: labels[i])).GroupBy(p => p.label).Sum(group =>
    {
        double x = group.Average(p => p.point[0]), y = group.Average(p => p.point[1]);
        return group.Sum(p => Math.Pow(p.point[0] - x, 2) + Math.Pow(p.point[1] - y, 2));
    });

    [Theory]
    [InlineData(ShapeSceneKind.TwoShapes, 2)]
    [InlineData(ShapeSceneKind.ThreeShapes, 3)]
    [InlineData(ShapeSceneKind.GarmentAndShape, 2)]
    public void Every_lit_pixel_of_a_scene_has_an_owner_and_crossings_have_none(ShapeSceneKind kind, int objects)
    {
        var scenes = new ShapeScenes(kind, heldOut: true);
        Assert.Equal(objects, scenes.Objects);
        ShapeSceneBatch batch = scenes.Draw(40, new Generator(7));
        Assert.Equal([40L, 1, 32, 32], batch.Images.shape);
        Tensor lit = batch.Images.squeeze(1).gt(0);
        Assert.True(lit.eq(batch.Labels.ne(0)).all().ToBoolean());
        Assert.True(batch.Images.le(1).all().ToBoolean());
        if (kind != ShapeSceneKind.GarmentAndShape)
        {
            Assert.True(batch.Images.eq(1).logical_or(batch.Images.eq(0)).all().ToBoolean(), "Outlines are white on black.");
        }
        // Every object shows in every scene; some cross.
        for (int i = 0; i < 40; i++)
        {
            long[] owners = [.. batch.Labels[i].reshape(-1).data<long>().Distinct().Order()];
            Assert.Equal([.. Enumerable.Range(0, objects + 1).Select(k => (long)k)], owners.Where(k => k >= 0));
        }
        Assert.True(batch.Labels.lt(0).any().ToBoolean());
        Assert.True(batch.Labels.lt(0).to(float32).mean().ToDouble() < 0.1);
    }

    [Fact]
    public void Pixels_of_crossing_outlines_add_up_to_whole_outlines()
    {
        // A square of side 13 has 48 pixels in its outline: what is not the square's alone is shared, and never more than that.
        ShapeSceneBatch batch = new ShapeScenes(ShapeSceneKind.TwoShapes).Draw(200, new Generator(3));
        long[] square = [.. batch.Labels.eq(1).sum(new long[] { 1, 2 }).data<long>()];
        long[] shared = [.. batch.Labels.eq(-1).sum(new long[] { 1, 2 }).data<long>()];
        Assert.All(square.Zip(shared), counts => Assert.Equal(48, counts.First + counts.Second));
    }

    [Fact]
    public void Scenes_come_from_the_generator_alone()
    {
        var scenes = new ShapeScenes(ShapeSceneKind.ThreeShapes);
        ShapeSceneBatch a = scenes.Draw(8, new Generator(5)), b = scenes.Draw(8, new Generator(5)), c = scenes.Draw(8, new Generator(6));
        Assert.True(Same(a.Images, b.Images) && Same(a.Labels, b.Labels));
        Assert.False(Same(a.Images, c.Images));
        Assert.Throws<ArgumentOutOfRangeException>(() => scenes.Draw(0, new Generator(1)));
    }

    [Fact]
    public void Phases_leave_the_real_line_from_the_start_and_their_biases_are_told_where_to_go()
    {
        using var network = new ComplexAutoencoder(new() { Width = 4, Bottleneck = 8 }, new Generator(1));
        Tensor x = new ShapeScenes(ShapeSceneKind.TwoShapes).Draw(8, new Generator(2)).Images;
        ComplexAutoencoderOutput output = network.call(x);
        Assert.True((output.Z.Imaginary.abs() / output.Z.Magnitude.clamp(min: 1e-3)).max().ToDouble() > 0.1);
        (output.Reconstruction - x).square().mean().backward();
        double slope = network.named_parameters().Where(p => p.name.EndsWith("phase_bias", StringComparison.Ordinal)).Max(p => (double)(p.parameter.grad?.abs().max().ToSingle() ?? 0));
        Assert.True(slope > 1e-6, $"{slope}");
    }

    [Fact]
    public void An_object_that_is_not_drawn_is_told_from_one_that_was_found()
    {
        // A network that draws nothing: every pixel is the background's.
        using var network = new ComplexAutoencoder(new() { Width = 4, Bottleneck = 8 }, new Generator(1));
        using (no_grad())
        {
            foreach ((string name, Parameter parameter) in network.named_parameters().Where(p => p.name.Contains("norm", StringComparison.Ordinal)))
            {
                parameter.fill_(name.EndsWith("bias", StringComparison.Ordinal) ? -1 : 0);
            }
        }
        Assert.Equal(0, ComplexAutoencoderTraining.Measure(network, new ShapeScenes(ShapeSceneKind.TwoShapes).Draw(3, new Generator(2))).Drawn);
    }

    [Fact]
    public void A_training_that_was_interrupted_ends_as_an_uninterrupted_one()
    {
        string path = Path.Combine(folder, "checkpoint.safetensors");
        List<ComplexAutoencoderCurvePoint> curve = [];
        using var whole = new ComplexAutoencoderTraining(Tiny);
        whole.Run(onCurve: point =>
        {
            curve.Add(point);
            if (point.Update == 3)
            {
                whole.Save(path);
            }
        }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([0, 3, 6], curve.Select(point => point.Update));
        Assert.All(curve, point => Assert.Equal(point.ToCsv(), ComplexAutoencoderCurvePoint.Parse(point.ToCsv()).ToCsv()));

        using var resumed = new ComplexAutoencoderTraining(Tiny);
        resumed.Load(path);
        Assert.Equal(3, resumed.Step);
        resumed.Run(cancellation: TestContext.Current.CancellationToken);
        foreach (((string name, Parameter a), (string _, Parameter b)) in whole.Network.named_parameters().Zip(resumed.Network.named_parameters()))
        {
            Assert.True(Same(a, b), name);
        }
    }

    [Fact]
    public void A_short_training_rebuilds_scenes_better_than_a_black_image_does()
    {
        using var training = new ComplexAutoencoderTraining(Tiny with
        {
            Updates = 250, BatchSize = 16, WarmUp = 20, LearningRate = 4e-3, FinalLearningRate = 1e-3, EvaluateEvery = 250, Network = new() { Width = 8, Bottleneck = 32 },
        });
        List<ComplexAutoencoderCurvePoint> curve = [];
        training.Run(onCurve: curve.Add, cancellation: TestContext.Current.CancellationToken);
        double black = training.Evaluation.Images.square().mean().ToDouble();
        Assert.True(curve[^1].Loss < 0.97 * black, $"{curve[^1].Loss} against {black}");
    }

    [Fact]
    public void An_update_leaves_no_tensor_behind()
    {
        using var training = new ComplexAutoencoderTraining(Tiny with { Updates = 12 });
        List<long> counts = [];
        training.Run(new Watch(() => counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount)), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(counts[4], counts[^1]);
    }

    private sealed class Watch(Action action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => action();
    }
}
