using Embodied.Evaluation;
using Embodied.Networks;
using Embodied.SelfSupervised;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.SelfSupervised;

public sealed class DinoPretrainingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("pretraining-").FullName;

    private static DinoPretrainingOptions Tiny(DinoRecipe recipe) => new()
    {
        Recipe = recipe, Updates = 6, BatchSize = 4, Start = 0.5, EvaluateEvery = 3,
        Network = new() { ImageSize = 32, PatchSize = 8, Width = 16, Depth = 1, Heads = 2 },
    };

    private static SpriteEvaluation Evaluation() => new(new() { Scene = new() { Size = 32 }, Objects = 5, Renderings = 2 });

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(DinoRecipe.Scratch, 1)]
    [InlineData(DinoRecipe.SharedBackground, 1)]
    [InlineData(DinoRecipe.ContrastiveStart, 2)]
    [InlineData(DinoRecipe.Joint, 2)]
    [InlineData(DinoRecipe.Contrastive, 3)]
    public void The_curve_says_from_when_on_there_was_distillation(DinoRecipe recipe, int undistilled)
    {
        using var pretraining = new DinoPretraining(Tiny(recipe));
        using SpriteEvaluation evaluation = Evaluation();
        List<DinoCurvePoint> curve = [];
        pretraining.Run(evaluation, onCurve: curve.Add, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([0, 3, 6], curve.Select(point => point.Update));
        Assert.Equal(undistilled, curve.Count(point => double.IsNaN(point.Entropy)));
        Assert.All(curve.Skip(1), point => Assert.True(double.IsFinite(point.Loss)));
        Assert.Equal(curve[^1] with { Loss = Math.Round(curve[^1].Loss, 4) }, DinoCurvePoint.Parse(curve[^1].ToCsv()) with { Entropy = curve[^1].Entropy, Divergence = curve[^1].Divergence, Instances = curve[^1].Instances, HeldOut = curve[^1].HeldOut });
    }

    [Fact]
    public void A_pretraining_that_was_interrupted_within_its_start_ends_as_an_uninterrupted_one()
    {
        using SpriteEvaluation evaluation = Evaluation();
        string path = Path.Combine(folder, "checkpoint.safetensors");
        using var whole = new DinoPretraining(Tiny(DinoRecipe.Joint));
        whole.Run(evaluation, onCurve: point =>
        {
            if (point.Update == 3)
            {
                whole.Save(path);
            }
        }, cancellation: TestContext.Current.CancellationToken);

        using var resumed = new DinoPretraining(Tiny(DinoRecipe.Joint));
        resumed.Load(path);
        Assert.Equal(3, resumed.Step);
        resumed.Run(evaluation, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(6, resumed.Step);
        foreach (((string name, TorchSharp.Modules.Parameter a), (string _, TorchSharp.Modules.Parameter b)) in whole.Method.named_parameters().Zip(resumed.Method.named_parameters()))
        {
            Assert.True((a - b).abs().max().ToDouble() < 1e-6, name);
        }
    }

    [Fact]
    public void A_contrastive_head_adds_NTXent_of_the_first_two_views_and_is_alone_during_the_start()
    {
        using var scope = NewDisposeScope();
        Tensor a = rand([4, 1, 8, 8], generator: new Generator(2)), b = rand([4, 1, 8, 8], generator: new Generator(3));
        ViewBatch batch = new([a, b], arange(4));
        (double Loss, double Contrast) At(double start, double weight)
        {
            var generator = new Generator(1);
            ProjectedEncoder student = SelfSupervised.Tiny.DinoNetwork(generator), teacher = SelfSupervised.Tiny.DinoNetwork(generator);
            var head = new ProjectionHead(8, new() { Layers = 1, Output = 6 }, generator);
            using var dino = new Dino(student, teacher, new() { ContrastiveStart = start, ContrastiveWeight = weight }, head);
            dino.Begin(0, 10);
            double loss = dino.Loss(batch).ToDouble();
            Assert.Equal(start == 0, dino.Distilled);
            return (loss, NtXent.Loss(head.call(student.Encoder.call(a)), head.call(student.Encoder.call(b)), 0.2).ToDouble());
        }
        (double alone, double contrast) = At(0.5, 3);
        Assert.Equal(contrast, alone, 1e-5);
        Assert.Equal(At(0, 0).Loss + 3 * contrast, At(0, 3).Loss, 1e-4);
    }

    [Fact]
    public void A_head_on_the_patches_halves_the_contrastive_term_with_that_of_the_class_token()
    {
        using var scope = NewDisposeScope();
        Tensor a = rand([4, 3, 16, 16], generator: new Generator(2)), b = rand([4, 3, 16, 16], generator: new Generator(3));
        var generator = new Generator(1);
        ProjectedEncoder Network() => new(
            new VisionTransformer(new() { ImageSize = 16, PatchSize = 8, Width = 16, Depth = 1, Heads = 2 }, generator), new DinoHead(16, new() { Hidden = 8, Bottleneck = 4, Prototypes = 5 }, generator));
        ProjectionHead Head() => new(16, new() { Layers = 1, Output = 6 }, generator);
        (ProjectedEncoder student, ProjectionHead ofClass, ProjectionHead ofPatches) = (Network(), Head(), Head());
        using var dino = new Dino(student, Network(), new() { ContrastiveStart = 0.5 }, ofClass, ofPatches);
        dino.Begin(0, 10);
        var vit = (VisionTransformer)student.Encoder;
        double Of(ProjectionHead head, Func<VisionTokens, Tensor> feature) => NtXent.Loss(head.call(feature(vit.Tokens(a))), head.call(feature(vit.Tokens(b))), 0.2).ToDouble();
        Assert.Equal((Of(ofClass, t => t.Class) + Of(ofPatches, t => t.Patches.mean([1L]))) / 2, dino.Loss(new([a, b], arange(4))).ToDouble(), 1e-5);
        Assert.Throws<ArgumentException>(() => new Dino(Network(), Network(), new(), null, Head()));
        ProjectedEncoder Convolutional() => new(new ConvEncoder(new() { Width = 4, Stages = 1 }, generator), new DinoHead(8, new() { Hidden = 8, Bottleneck = 4, Prototypes = 5 }, generator));
        Assert.Throws<ArgumentException>(() => new Dino(Convolutional(), Convolutional(), new(), Head(), Head()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void After_a_contrastive_start_the_centre_begins_at_the_mean_of_the_teachers_logits(bool contrastive)
    {
        using var scope = NewDisposeScope();
        Tensor a = rand([4, 1, 8, 8], generator: new Generator(2)), b = rand([4, 1, 8, 8], generator: new Generator(3));
        var generator = new Generator(1);
        ProjectedEncoder student = SelfSupervised.Tiny.DinoNetwork(generator), teacher = SelfSupervised.Tiny.DinoNetwork(generator);
        using var dino = new Dino(
            student, teacher, new() { ContrastiveStart = contrastive ? 0.5 : 0 }, contrastive ? new ProjectionHead(8, new() { Layers = 1, Output = 6 }, generator) : null);
        dino.Begin(5, 10);
        dino.Loss(new([a, b], arange(4)));
        Tensor mean = contrastive ? teacher.call(cat([a, b])).mean([0L]) : zeros_like(dino.Centre);
        Assert.True((dino.Centre - mean).abs().max().ToDouble() < 1e-6);
        Tensor began = dino.Centre.clone();
        dino.Loss(new([a, a], arange(4)));
        Assert.True((dino.Centre - began).abs().max().ToDouble() == 0, "Only once: later the centre follows by its momentum.");
    }
}
