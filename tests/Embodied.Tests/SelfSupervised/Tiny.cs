using Embodied.Networks;
using Embodied.SelfSupervised;
using static TorchSharp.torch;

namespace Embodied.Tests.SelfSupervised;

/// <summary>Every method with a network of a few hundred weights for 8 px images.</summary>
internal static class Tiny
{
    public static IReadOnlyDictionary<string, Func<Generator, SelfSupervisedMethod>> Methods { get; } = new Dictionary<string, Func<Generator, SelfSupervisedMethod>>
    {
        ["simclr"] = g => JointEmbedding.SimClr(Network(g)),
        ["barlow"] = g => JointEmbedding.BarlowTwins(Network(g)),
        ["vicreg"] = g => JointEmbedding.VicReg(Network(g)),
        ["bank"] = g => new MemoryBankMethod(Network(g), 40, 6, new() { Noise = 16 }, g),
        ["moco"] = g => new Moco(Network(g), Network(g), 6, new() { Queue = 20 }, g),
        ["byol"] = g => new Byol(Network(g), Network(g), Predictor(g)),
        ["simsiam"] = g => new SimSiam(Network(g), Predictor(g)),
        ["dino"] = g => new Dino(DinoNetwork(g), DinoNetwork(g), new()),
    };

    /// <summary>Noise as the only augmentation; for DINO two more crops of 4 px.</summary>
    public static Func<Tensor, Generator, IReadOnlyList<Tensor>> Views(string name) => (x, g) =>
    {
        Tensor Noisy(Tensor of) => of + 0.3 * randn(of.shape, generator: g);
        return name switch
        {
            "bank" => [Noisy(x)],
            "dino" => [Noisy(x), Noisy(x), Noisy(x[.., .., 2..6, 2..6]), Noisy(x[.., .., ..4, ..4])],
            _ => [Noisy(x), Noisy(x)],
        };
    };

    public static ProjectedEncoder DinoNetwork(Generator g) => new(
        new VisionTransformer(new() { ImageSize = 8, PatchSize = 4, Channels = 1, Width = 8, Depth = 1, Heads = 2 }, g),
        new DinoHead(8, new() { Hidden = 8, Bottleneck = 4, Prototypes = 12 }, g));

    private static ProjectedEncoder Network(Generator g) =>
        new(new ConvEncoder(new() { Channels = 1, Width = 4, Stages = 1 }, g), new ProjectionHead(8, new() { Hidden = 8, Output = 6 }, g));

    private static ProjectionHead Predictor(Generator g) => new(6, new() { Hidden = 4, Output = 6 }, g);
}
