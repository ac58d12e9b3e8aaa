using Embodied.Backbones;
using Embodied.Backbones.Onnx;
using Embodied.Networks;
using Google.Protobuf;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Embodied.Tests.Backbones;

public sealed class TransformersExportTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("transformers-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Model => Path.Combine(folder, "model.onnx");

    private static VisionTransformer Network()
    {
        VisionTransformer network = new(new() { ImageSize = 32, PatchSize = 8, Width = 24, Depth = 3, Heads = 2 }, new Generator(1));
        using var _ = no_grad();
        foreach (Tensor value in network.parameters())
        {
            value.add_(0.2 * (rand(value.shape, generator: new Generator(3)) - 0.5));
        }
        return network;
    }

    [Theory]
    [InlineData(11, 32, 32)]
    [InlineData(12, 48, 40)]
    [InlineData(14, 16, 72)]
    [InlineData(17, 64, 64)]
    public void A_ViT_of_one_size_takes_others_too_and_its_keys_and_attention_are_those_of_TorchSharp(int opset, int height, int width)
    {
        using var scope = NewDisposeScope();
        using VisionTransformer network = Network();
        TransformersGraph.Save(Model, network, opset);
        using Backbone backbone = Backbone.Load(Model, new() { Inspected = [-1] });
        Assert.Equal((3, (long)opset), (backbone.AttentionLayers, backbone.Opset));
        Assert.Equal((32, 32, 8, true), (backbone.Input.Height, backbone.Input.Width, backbone.Input.Multiple, backbone.Input.AnySize));
        Tensor images = rand([2, 3, height, width], generator: new Generator(2));
        (VisionTokens tokens, AttentionMaps wanted) = network.Inspect(images);
        AssertClose(cat([tokens.Class.unsqueeze(1), tokens.Patches], 1), backbone.Run(images)["last_hidden_state"]);
        AttentionMaps found = backbone.Inspect(images);
        AssertClose(wanted.Queries, found.Queries);
        AssertClose(wanted.Keys, found.Keys);
        AssertClose(wanted.Values, found.Values);
        AssertClose(wanted.Weights, found.Weights);
    }

    [Fact]
    public void With_registers_and_layer_scales_the_patches_are_the_last_tokens()
    {
        using var scope = NewDisposeScope();
        using VisionTransformer network = Network();
        TransformersGraph.Save(Model, network, 14, registers: 4, layerScale: 0.3);
        using Backbone backbone = Backbone.Load(Model, new() { Inspected = [0] });
        Assert.Equal(3, backbone.AttentionLayers);
        Tensor images = rand([2, 3, 32, 48], generator: new Generator(2));
        Assert.Equal((4, 6), backbone.Input.Grid(images));
        AttentionMaps first = backbone.Inspect(images, 0);
        Assert.Equal([2, 2, 1 + 4 + 24, 12], first.Keys.shape);
        AssertClose(ones(2, 2, 29), first.Weights.sum(-1));
        // Keys of the first layer do not know of registers yet.
        TransformersGraph.Save(Model, network, 14);
        using Backbone plain = Backbone.Load(Model, new() { Inspected = [0] });
        AssertClose(plain.Inspect(images, 0).Keys.narrow(2, 1, 24), first.Keys.narrow(2, 5, 24));
    }

    [Fact]
    public void Positions_that_cannot_be_interpolated_leave_one_size()
    {
        using var scope = NewDisposeScope();
        using VisionTransformer network = Network();
        TransformersGraph.Save(Model, network, 17);
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Model));
        model.OpsetImport[0].Version = 10;
        File.WriteAllBytes(Model, model.ToByteArray());
        ImageInput input = ModelDescription.Read(Model).Input;
        Assert.Equal((32, 32, false), (input.Height, input.Width, input.AnySize));
    }

    [Fact]
    public void A_description_is_read_without_running_the_model()
    {
        using VisionTransformer network = Network();
        TransformersGraph.Save(Model, network, 14, registers: 4);
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"), """{"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "crop_size": {"height": 224, "width": 224}, "do_resize": true}""");
        ModelDescription description = ModelDescription.Read(Model);
        Assert.Equal(("pytorch 2.0.1", 14L, "pixel_values [batch_size, 3, height, width]", 3), (description.Producer, description.Opset, description.InputShape, description.AttentionLayers.Count));
        Assert.Equal(["last_hidden_state [batch_size, sequence_length, 24]"], description.Outputs);
        Assert.Equal((224, 224, 8), (description.Input.Height, description.Input.Width, description.Input.Multiple));
        Assert.Equal(ImageInput.ImageNet.Mean, description.Input.Mean);
        Assert.Equal(ImageInput.ImageNet.Deviation, description.Input.Deviation);
        Assert.Equal(new FileInfo(Model).Length, description.Bytes);
    }

    private static void AssertClose(Tensor wanted, Tensor found)
    {
        Assert.Equal(wanted.shape, found.shape);
        double error = (wanted - found).abs().max().ToDouble();
        Assert.True(error < 1e-4, $"differs by {error:g2}");
    }
}
