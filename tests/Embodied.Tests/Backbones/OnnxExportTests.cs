using Embodied.Backbones;
using Embodied.Networks;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Embodied.Tests.Backbones;

public sealed class OnnxExportTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("onnx-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(3, 32, 32, 0)]
    [InlineData(1, 64, 64, 0)]
    [InlineData(2, 40, 72, 0)]
    [InlineData(2, 40, 72, 2)]
    [InlineData(2, 40, 72, 1, 6)]
    [InlineData(1, 64, 64, 0, 6)]
    public void A_vision_transformer_gives_in_ONNX_Runtime_what_it_gives_in_TorchSharp(int n, int height, int width, int classFrom, int stem = 0)
    {
        using var scope = NewDisposeScope();
        var generator = new Generator(1);
        using VisionTransformer network = new(new() { ImageSize = 64, PatchSize = 8, Width = 48, Depth = 3, Heads = 3, ClassFrom = classFrom, StemWidth = stem }, generator);
        network.eval();
        Shake(network, generator);
        Tensor images = rand([n, 3, height, width], generator: generator);
        IReadOnlyDictionary<string, Tensor> found = Run(network, images, "images");
        VisionTokens wanted = network.Tokens(images);
        AssertClose(wanted.Class, found["cls"]);
        AssertClose(wanted.Patches, found["patches"]);
    }

    [Theory]
    [InlineData(28, 28)]
    [InlineData(64, 64)]
    [InlineData(33, 50)]
    public void A_convolutional_encoder_does_too(int height, int width)
    {
        using var scope = NewDisposeScope();
        var generator = new Generator(1);
        using ConvEncoder network = new(new() { Width = 8, Channels = 1 }, generator);
        Shake(network, generator);
        network.eval();
        Tensor images = rand([3, 1, height, width], generator: generator);
        AssertClose(network.call(images), Run(network, images, "images")["output"]);
    }

    [Theory]
    [InlineData(1, false, true)]
    [InlineData(2, false, true)]
    [InlineData(3, true, true)]
    [InlineData(2, false, false)]
    public void Projection_heads_do_too(int layers, bool normalisedOutput, bool batchNorm)
    {
        using var scope = NewDisposeScope();
        var generator = new Generator(1);
        using ProjectionHead network = new(12, new() { Hidden = 20, Output = 7, Layers = layers, NormalisedOutput = normalisedOutput, BatchNorm = batchNorm }, generator);
        Shake(network, generator);
        network.eval();
        Tensor features = randn([5, 12], generator: generator);
        AssertClose(network.call(features), Run(network, features, "features")["output"]);
    }

    [Fact]
    public void An_encoder_with_its_head_does_too()
    {
        using var scope = NewDisposeScope();
        var generator = new Generator(1);
        using ProjectedEncoder network = new(
            new VisionTransformer(new() { ImageSize = 32, PatchSize = 8, Width = 24, Depth = 1, Heads = 2 }, generator),
            new DinoHead(24, new() { Hidden = 30, Bottleneck = 8, Prototypes = 17 }, generator));
        Shake(network, generator);
        Tensor images = rand([3, 3, 32, 32], generator: generator);
        AssertClose(network.call(images), Run(network, images, "images")["output"]);
    }

    [Fact]
    public void A_network_of_another_kind_is_refused_and_nothing_is_written()
    {
        using var network = nn.Linear(2, 3);
        string path = Path.Combine(folder, "linear.onnx");
        Assert.Contains("Linear cannot be written as ONNX", Assert.Throws<ArgumentException>(() => OnnxExport.Save(network, path)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder));
    }

    // Norms, biases and running statistics begin at 0 and 1, where a mistake would not show.
    private static void Shake(nn.Module network, Generator generator)
    {
        using var _ = no_grad();
        foreach ((string name, Tensor value) in network.state_dict())
        {
            if (value.is_floating_point())
            {
                value.add_(0.2 * (rand(value.shape, generator: generator) - 0.5));
            }
        }
    }

    private IReadOnlyDictionary<string, Tensor> Run(nn.Module<Tensor, Tensor> network, Tensor input, string name)
    {
        string path = Path.Combine(folder, "network.onnx");
        OnnxExport.Save(network, path);
        using InferenceSession session = new(path);
        DenseTensor<float> data = new(input.contiguous().data<float>().ToArray(), [.. input.shape.Select(size => (int)size)]);
        using var results = session.Run([NamedOnnxValue.CreateFromTensor(name, data)]);
        return results.ToDictionary(result => result.Name, result =>
        {
            DenseTensor<float> values = result.AsTensor<float>().ToDenseTensor();
            return tensor(values.ToArray(), [.. values.Dimensions.ToArray().Select(size => (long)size)]);
        });
    }

    private static void AssertClose(Tensor wanted, Tensor found)
    {
        Assert.Equal(wanted.shape, found.shape);
        double error = (wanted - found).abs().max().ToDouble();
        Assert.True(error < 1e-4, $"differs by {error:g2} where values reach {wanted.abs().max().ToDouble():g2}");
    }
}
