using Embodied.Networks;
using Embodied.SelfSupervised;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Tests.SelfSupervised;

/// <summary>
/// Short trainings on vectors of which views share six of 32 hidden directions and nothing else, each beside a twin whose "views" show different
/// things. What is measured is how often a view finds its partner among 128.
/// </summary>
public class PlantedContentTests
{
    private const int Width = 32, Content = 6, Items = 1024, Asked = 128, Embedding = 16;

    [Fact]
    public void The_vectors_themselves_hardly_find_their_partner() => Assert.InRange(Found(x => x), 0, 0.2);

    [Theory]
    [InlineData("SimCLR", 0.6)]
    [InlineData("memory bank", 0.5)]
    [InlineData("MoCo", 0.6)]
    [InlineData("BYOL", 0.4)]
    [InlineData("SimSiam", 0.4)]
    [InlineData("Barlow Twins", 0.6)]
    [InlineData("VICReg", 0.6)]
    public void A_method_finds_what_views_share(string name, double least)
    {
        double found = Trained(name, shared: true), twin = Trained(name, shared: false);
        Assert.True(found >= least, $"{found} of the views found their partner");
        Assert.True(twin <= 0.25, $"{twin} of the views found their partner though nothing was shared in training");
    }

    private static double Trained(string name, bool shared)
    {
        var generator = new Generator(3);
        ProjectionHead Mlp(int input, int output) => new(input, new() { Hidden = 64, Output = output }, generator);
        ProjectedEncoder Network() => new(new ProjectionHead(Width, new() { Layers = 1, Output = Width }, generator), Mlp(Width, Embedding));
        ProjectedEncoder network = Network();
        using SelfSupervisedMethod method = name switch
        {
            "SimCLR" => JointEmbedding.SimClr(network, 0.2),
            "memory bank" => new MemoryBankMethod(network, Items, Embedding, new() { Tau = 0.2, Noise = 0, Momentum = 0 }, generator),
            "MoCo" => new Moco(network, Network(), Embedding, new() { Queue = 256, Momentum = 0.95, Tau = 0.2 }, generator),
            "BYOL" => new Byol(network, Network(), Mlp(Embedding, Embedding), 0.95),
            "SimSiam" => new SimSiam(network, Mlp(Embedding, Embedding)),
            "Barlow Twins" => JointEmbedding.BarlowTwins(network, 0.02),
            _ => JointEmbedding.VicReg(network),
        };
        using var training = new SelfSupervisedTraining(method, new() { Updates = 400, BatchSize = 128, LearningRate = name == "SimSiam" ? 0.5 : 0.1, WarmUp = 10, ClipNorm = 5 });
        int count = name == "memory bank" ? 1 : 2;
        training.Run(
            Data(Items, 1),
            (items, g) => [.. Enumerable.Range(0, count).Select(_ => View(shared ? items : items.index_select(0, randperm(items.shape[0], generator: g)), g))],
            generator, cancellation: TestContext.Current.CancellationToken);
        method.eval();
        return Found(network.call);
    }

    private static double Found(Func<Tensor, Tensor> embed)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var generator = new Generator(9);
        Tensor items = Data(Asked, 2);
        Tensor a = functional.normalize(embed(View(items, generator)), dim: 1), b = functional.normalize(embed(View(items, generator)), dim: 1);
        return a.mm(b.t()).argmax(1).eq(arange(Asked)).to(ScalarType.Float64).mean().ToDouble();
    }

    private static Tensor Data(int count, ulong seed) => randn([count, Content], generator: new Generator(seed));

    // The content, and what every view draws anew, mixed by one fixed rotation.
    private static Tensor View(Tensor content, Generator generator)
    {
        using var scope = NewDisposeScope();
        Tensor noise = randn([content.shape[0], Width - Content], generator: generator);
        Tensor rotation = linalg.qr(randn([Width, Width], generator: new Generator(5))).Q;
        return cat([content + 0.05 * randn(content.shape, generator: generator), noise], 1).mm(rotation).MoveToOuterDisposeScope();
    }
}
