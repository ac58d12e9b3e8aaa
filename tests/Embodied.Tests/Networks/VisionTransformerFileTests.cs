using Embodied.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Networks;

public sealed class VisionTransformerFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vit-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Path => System.IO.Path.Combine(folder, "vit.safetensors");

    [Theory]
    [InlineData(32, 8, 3, 24, 2, 3, 4)]
    [InlineData(28, 14, 1, 20, 1, 5, 2)]
    [InlineData(32, 8, 3, 24, 2, 3, 4, 6, 1)]
    [InlineData(16, 4, 1, 24, 1, 2, 2, 5)]
    public void A_network_is_rebuilt_from_its_file_alone(int size, int patch, int channels, int width, int depth, int heads, int ratio, int stem = 0, int classFrom = 0)
    {
        using var scope = NewDisposeScope();
        VisionTransformerOptions options = new() { ImageSize = size, PatchSize = patch, Channels = channels, Width = width, Depth = depth, Heads = heads, MlpRatio = ratio, StemWidth = stem, ClassFrom = classFrom };
        using VisionTransformer network = new(options, new Generator(1));
        network.call(rand([4, channels, size, size], generator: new Generator(3))); // Running statistics of a stem move.
        network.eval();
        VisionTransformerFile.Save(Path, network, metadata: new Dictionary<string, string> { ["recipe"] = "Joint" });
        using VisionTransformer loaded = VisionTransformerFile.Load(Path);
        Assert.Equal(options, loaded.Options);
        Tensor images = rand([2, channels, size, size], generator: new Generator(2));
        Assert.Equal(0, (network.call(images) - loaded.call(images)).abs().max().ToDouble());
        Assert.Equal("Joint", SafeTensors.Read(Path).Metadata["recipe"]);

        VisionTransformerFile.Save(Path, network, ScalarType.Float16);
        using VisionTransformer half = VisionTransformerFile.Load(Path);
        Assert.InRange((network.call(images) - half.call(images)).abs().max().ToDouble(), 1e-9, 1e-2);
    }

    [Fact]
    public void A_file_that_holds_something_else_is_refused_with_what_it_holds()
    {
        using VisionTransformer network = new(new() { ImageSize = 16, PatchSize = 8, Width = 8, Depth = 1, Heads = 2 }, new Generator(1));
        void Refused(string sentence) => Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => VisionTransformerFile.Load(Path)).Message, StringComparison.Ordinal);
        Checkpoint.Save(Path, network);
        Refused("does not say what network it holds");
        Checkpoint.Save(Path, network, metadata: new Dictionary<string, string> { ["architecture"] = "ResNet-50" });
        Refused("of the architecture 'ResNet-50'");
        foreach (string lie in (string[])["ViT, 16 px, patch 8, width 16, depth 1, heads 2", "ViT, 16 px, patch 4, width 8, depth 1, heads 2", "ViT, 16 px, patch 8, width 8, depth 1, heads 3", "ViT, 16 px, patch 0, width 8, depth 1, heads 2"])
        {
            Checkpoint.Save(Path, network, metadata: new Dictionary<string, string> { ["architecture"] = lie });
            Refused("its tensors are of another network");
        }
        Checkpoint.Save(Path, network, metadata: new Dictionary<string, string> { ["architecture"] = "ViT, 16 px, patch 8, width 8, depth 2, heads 2" });
        Refused("was saved by another architecture: it lacks blocks.1");
        VisionTransformerFile.Save(Path, network);
        File.WriteAllBytes(Path, File.ReadAllBytes(Path)[..^9]);
        Refused("is truncated");
    }
}
