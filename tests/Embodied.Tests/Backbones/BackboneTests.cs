using Embodied.Backbones;
using Embodied.Backbones.Onnx;
using Embodied.Datasets;
using Embodied.Networks;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Embodied.Tests.Backbones;

public sealed class BackboneTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("backbone-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static VisionTransformer Network() => new(new() { ImageSize = 32, PatchSize = 8, Width = 24, Depth = 3, Heads = 2 }, new Generator(1));

    private string Exported(ImageInput? input = null)
    {
        using VisionTransformer network = Network();
        string path = Path.Combine(folder, "vit.onnx");
        OnnxExport.Save(network, path, input);
        return path;
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(0, 0)]
    public void Queries_keys_values_and_attention_of_a_layer_become_visible(int layer, int same)
    {
        using var scope = NewDisposeScope();
        using VisionTransformer network = Network();
        using Backbone backbone = Backbone.Load(Exported(), new() { Inspected = [layer, same] });
        Tensor images = rand([3, 3, 32, 48], generator: new Generator(2));
        AttentionMaps found = backbone.Inspect(images, layer);
        Assert.Equal(3, backbone.AttentionLayers);
        Assert.Equal([3, 2, 25, 25], found.Weights.shape);
        if (layer == -1)
        {
            (VisionTokens tokens, AttentionMaps wanted) = network.Inspect(images);
            AssertClose(wanted.Queries, found.Queries);
            AssertClose(wanted.Keys, found.Keys);
            AssertClose(wanted.Values, found.Values);
            AssertClose(wanted.Weights, found.Weights);
            IReadOnlyDictionary<string, Tensor> outputs = backbone.Run(images);
            Assert.Equal(["cls", "patches"], outputs.Keys);
            AssertClose(tokens.Class, outputs["cls"]);
            AssertClose(tokens.Patches, outputs["patches"]);
        }
    }

    [Fact]
    public void Images_go_through_in_batches_and_come_out_in_order()
    {
        using var scope = NewDisposeScope();
        string path = Exported();
        using Backbone whole = Backbone.Load(path, new() { Inspected = [-1] }), pairs = Backbone.Load(path, new() { BatchSize = 2, Threads = 1, Inspected = [-1] });
        Tensor images = rand([5, 3, 32, 32], generator: new Generator(2));
        AssertClose(whole.Run(images)["cls"], pairs.Run(images)["cls"]);
        AssertClose(whole.Inspect(images).Keys, pairs.Inspect(images).Keys);
        AssertClose(whole.Inspect(images).Weights, pairs.Inspect(images).Weights);
    }

    // As DINO's code, Hugging Face's and torch's own attention look after export.
    [Theory]
    [InlineData("scores divided, dropout")]
    [InlineData("keys transposed at once, masked")]
    [InlineData("queries and keys scaled by a root of a shape")]
    [InlineData("one product for all three, gathered, queries scaled")]
    [InlineData("keys scaled before they are transposed")]
    [InlineData("masked by Where, empty rows set to zero")]
    [InlineData("heads among the images")]
    [InlineData("queries scaled per channel as learned")]
    public void Attention_is_found_in_other_exporters_graphs_too(string layout)
    {
        using var scope = NewDisposeScope();
        const int d = 12, h = 3;
        Tensor W = randn([3, d, d], generator: new Generator(4)) / Math.Sqrt(d), x = rand([2, 3, 4, 4], generator: new Generator(5));
        Tensor learned = tensor(new float[] { 1, 2, 3, 4 });
        OnnxGraph graph = new();
        graph.Input("pixel_values", "n", 3, "H", "W");
        // Each column of pixels is a token of twelve numbers.
        string tokens = graph.Node("Reshape", [graph.Node("Transpose", ["pixel_values"], ("perm", new long[] { 0, 3, 1, 2 })), graph.Whole(0, 0, d)]);
        string Heads(int i, params long[] permutation) => graph.Node("Transpose",
            [graph.Node("Reshape", [graph.Node("MatMul", [tokens, graph.Constant(W[i])]), graph.Whole(0, 0, h, d / h)])], ("perm", permutation));
        string q = Heads(0, 0, 2, 1, 3), v = Heads(2, 0, 2, 1, 3), kT, scores;
        string weights;
        switch (layout)
        {
            case "scores divided, dropout":
                kT = graph.Node("Transpose", [Heads(1, 0, 2, 1, 3)], ("perm", new long[] { 0, 1, 3, 2 }));
                scores = graph.Node("Div", [graph.Node("MatMul", [q, kT]), graph.Number(2)]);
                weights = graph.Node("Identity", [graph.Node("Softmax", [scores], ("axis", -1))]);
                break;
            case "keys transposed at once, masked":
                kT = Heads(1, 0, 2, 3, 1);
                scores = graph.Node("Mul", [graph.Number(0.5), graph.Node("MatMul", [q, kT])]);
                weights = graph.Node("Softmax", [graph.Node("Add", [scores, graph.Constant(zeros(1, 1, 1, 4))])], ("axis", -1));
                break;
            case "one product for all three, gathered, queries scaled":
                string packed = graph.Node("MatMul", [tokens, graph.Constant(cat([W[0], W[1], W[2]], 1))]);
                string parts = graph.Node("Transpose", [graph.Node("Reshape", [packed, graph.Whole(0, 0, 3, h, d / h)])], ("perm", new long[] { 2, 0, 3, 1, 4 }));
                string Gathered(int i) => graph.Node("Squeeze", [graph.Node("Gather", [parts, graph.Whole(i)], ("axis", 0)), graph.Whole(0)]);
                (q, v) = (Gathered(0), Gathered(2));
                kT = graph.Node("Transpose", [Gathered(1)], ("perm", new long[] { 0, 1, 3, 2 }));
                scores = graph.Node("MatMul", [graph.Node("Mul", [q, graph.Number(0.5)]), kT]);
                weights = graph.Node("Cast", [graph.Node("Softmax", [scores], ("axis", -1))], ("to", 1));
                break;
            case "keys scaled before they are transposed":
                kT = graph.Node("Transpose", [graph.Node("Mul", [Heads(1, 0, 2, 1, 3), graph.Number(0.5)])], ("perm", new long[] { 0, 1, 3, 2 }));
                weights = graph.Node("Softmax", [graph.Node("MatMul", [q, kT])], ("axis", -1));
                break;
            case "masked by Where, empty rows set to zero":
                kT = Heads(1, 0, 2, 3, 1);
                scores = graph.Node("Div", [graph.Node("MatMul", [q, kT]), graph.Number(2)]);
                string masked = graph.Node("Where", [graph.Node("Equal", [scores, scores]), scores, graph.Number(-1e9)]);
                string soft = graph.Node("Softmax", [masked], ("axis", -1));
                weights = graph.Node("Where", [graph.Node("IsNaN", [soft]), graph.Number(0), soft]);
                break;
            case "heads among the images":
                string Batched(string value, params long[] shape) => graph.Node("Reshape", [value, graph.Whole(shape)]);
                kT = Batched(Heads(1, 0, 2, 3, 1), -1, d / h, 4);
                scores = graph.Node("MatMul", [graph.Node("Mul", [Batched(q, -1, 4, d / h), graph.Number(0.5)]), kT]);
                (weights, v) = (graph.Node("Softmax", [scores], ("axis", -1)), Batched(v, -1, 4, d / h));
                break;
            case "queries scaled per channel as learned":
                q = graph.Node("Mul", [q, graph.Constant(learned)]);
                kT = Heads(1, 0, 2, 3, 1);
                weights = graph.Node("Softmax", [graph.Node("Div", [graph.Node("MatMul", [q, kT]), graph.Number(2)])], ("axis", -1));
                break;
            default:
                string length = graph.Node("Cast", [graph.Node("Slice", [graph.Node("Shape", [q]), graph.Whole(3), graph.Whole(4)])], ("to", 1));
                string scale = graph.Node("Sqrt", [graph.Node("Div", [graph.Number(1), graph.Node("Sqrt", [length])])]);
                kT = Heads(1, 0, 2, 3, 1);
                scores = graph.Node("MatMul", [graph.Node("Mul", [q, scale]), graph.Node("Mul", [kT, scale])]);
                weights = graph.Node("Softmax", [scores], ("axis", -1));
                break;
        }
        graph.Output(graph.Node("MatMul", [weights, v]), "last_hidden_state");
        // A softmax that is no attention: over classes.
        graph.Output(graph.Node("Softmax", [graph.Node("MatMul", [tokens, graph.Constant(W[0])])], ("axis", -1)), "classes", "n", "T", d);
        using Backbone backbone = Backbone.Load(Written(graph), new() { Inspected = [-1], BatchSize = 1 });
        Assert.Equal(1, backbone.AttentionLayers);
        AttentionMaps found = backbone.Inspect(x);
        Tensor t = x.permute(0, 3, 1, 2).reshape(2, 4, d);
        Tensor Part(int i) => t.matmul(W[i]).view(2, 4, h, d / h).transpose(1, 2) * (i == 0 && layout == "queries scaled per channel as learned" ? learned : 1);
        AssertClose(Part(0), found.Queries);
        AssertClose(Part(1), found.Keys);
        AssertClose(Part(2), found.Values);
        AssertClose((Part(0).matmul(Part(1).transpose(-2, -1)) / 2).softmax(-1), found.Weights);
    }

    [Fact]
    public void A_layer_that_there_is_not_is_answered_with_those_that_there_are()
    {
        string path = Exported();
        Assert.Contains("has no attention layer 3; there are 3: 0 (Softmax_", Assert.Throws<ArgumentException>(() => Backbone.Load(path, new() { Inspected = [3] })).Message, StringComparison.Ordinal);
        using Backbone backbone = Backbone.Load(path);
        using Tensor images = zeros(1, 3, 32, 32);
        Assert.Contains("name it in BackboneOptions.Inspected", Assert.Throws<ArgumentException>(() => backbone.Inspect(images)).Message, StringComparison.Ordinal);

        OnnxGraph fused = new();
        fused.Input("x", "n", 3, "H", "W");
        fused.Proto.Node.Add(new NodeProto { OpType = "MultiHeadAttention", Domain = "com.microsoft", Input = { "x" }, Output = { "y" } });
        Assert.Contains("in one piece (MultiHeadAttention)", Assert.Throws<ArgumentException>(() => Backbone.Load(Written(fused), new() { Inspected = [0] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_input_says_itself_how_it_wants_its_images()
    {
        using (Backbone own = Backbone.Load(Exported(ImageInput.ImageNet)))
        {
            Assert.Equal((32, 32, 8, 3, true), (own.Input.Height, own.Input.Width, own.Input.Multiple, own.Input.Channels, own.Input.AnySize));
            Assert.Equal([0.485f, 0.456f, 0.406f], own.Input.Mean);
            Assert.Equal([0.229f, 0.224f, 0.225f], own.Input.Deviation);
            Assert.Contains("any size in multiples of 8 px, 3 attention layers, outputs cls, patches, on CPU", own.ToString(), StringComparison.Ordinal);
        }
        string path = Written(Copying("n", 20, 30, 3));
        using (Backbone last = Backbone.Load(path))
        {
            Assert.Equal((20, 30, 3, true, false), (last.Input.Height, last.Input.Width, last.Input.Channels, last.Input.ChannelsLast, last.Input.AnySize));
            Assert.Empty(last.Input.Mean);
        }
        File.WriteAllText(Path.ChangeExtension(path, ".json"), """{"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}""");
        using (Backbone beside = Backbone.Load(path))
        {
            Assert.Equal([0.5f, 0.5f, 0.5f], beside.Input.Mean);
            using var scope = NewDisposeScope();
            Tensor prepared = beside.Input.Prepare(ones(3, 40, 60));
            Assert.Equal([1, 20, 30, 3], prepared.shape);
            Assert.Equal(2, prepared.min().ToSingle(), 1e-6);
            AssertClose(prepared, beside.Run(prepared)["copy"]);
        }
        File.WriteAllText(Path.ChangeExtension(path, ".json"), """{"size": {"shortest_edge": 480}, "image_mean": [0.5, 0.5]}""");
        Assert.Contains("gives 2 numbers for the images' mean; 1 or 3 are wanted", Assert.Throws<InvalidDataException>(() => Backbone.Load(path)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.ChangeExtension(path, ".json"), """{"mean": """);
        Assert.Contains("says nothing sensible", Assert.Throws<InvalidDataException>(() => Backbone.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Odd_sizes_grey_and_alpha_are_handled()
    {
        using var scope = NewDisposeScope();
        ImageInput rgb = new() { Multiple = 8 };
        Assert.Equal([1, 3, 48, 64], rgb.Prepare(rand([3, 45, 67], generator: new Generator(1))).shape);
        Assert.Equal([2, 3, 8, 8], rgb.Prepare(zeros(2, 1, 1, 3)).shape);
        Assert.Equal([1, 3, 104, 24], rgb.Prepare(zeros(3, 45, 67), 100, 20).shape);
        // Half transparent black is grey; transparent anything is white.
        Tensor alpha = zeros(4, 8, 8);
        alpha[3] = tensor(0.5f);
        Assert.Equal(0.5, rgb.Prepare(alpha).mean().ToDouble(), 1e-6);
        Tensor red = zeros(1, 3, 8, 8);
        red[0, 0] = tensor(1f);
        Tensor grey = (rgb with { Channels = 1, Mean = [0.299f], Deviation = [2] }).Prepare(red);
        Assert.Equal([1, 1, 8, 8], grey.shape);
        Assert.Equal(0, grey.abs().max().ToDouble(), 1e-6);
        // Down by means, so that nothing aliases: one white pixel of sixteen.
        Tensor point = zeros(1, 3, 32, 32);
        point[0, .., 1, 1] = tensor(1f);
        Assert.Equal(1.0 / 16, rgb.Prepare(point, 8, 8).max().ToDouble(), 1e-6);
        Assert.Contains("[2, 8, 8], wanted", Assert.Throws<ArgumentException>(() => rgb.Prepare(zeros(2, 8, 8))).Message, StringComparison.Ordinal);
        Assert.Contains("224 × 224 px alone", Assert.Throws<ArgumentException>(() => (rgb with { AnySize = false }).Prepare(red, 64)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_channel_has_its_own_mean_and_deviation()
    {
        using var scope = NewDisposeScope();
        Tensor colour = tensor(new[] { 0.2f, 0.5f, 0.9f }).view(3, 1, 1).expand(3, 8, 8);
        Tensor prepared = (ImageInput.ImageNet with { Multiple = 8 }).Prepare(colour);
        AssertClose(tensor(new[] { (0.2f - 0.485f) / 0.229f, (0.5f - 0.456f) / 0.224f, (0.9f - 0.406f) / 0.225f }).view(1, 3, 1, 1).expand(1, 3, 8, 8), prepared);
    }

    // No token before the patches; [CLS] and a distillation token; [CLS] and four registers that have positions.
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(5)]
    public void Positions_of_patches_are_interpolated_whatever_tokens_go_before(int others)
    {
        using var scope = NewDisposeScope();
        const int d = 6;
        Generator generator = new(6);
        Tensor positions = randn([1, others + 16, d], generator: generator), kernel = randn([d, 3, 8, 8], generator: generator), first = randn([1, Math.Max(1, others), d], generator: generator);
        OnnxGraph graph = new();
        graph.Input("x", 1, 3, "H", "W");
        string map = graph.Node("Conv", ["x", graph.Constant(kernel)], ("strides", new long[] { 8, 8 }), ("kernel_shape", new long[] { 8, 8 }));
        string tokens = graph.Node("Transpose", [graph.Node("Reshape", [map, graph.Whole(0, d, -1)])], ("perm", new long[] { 0, 2, 1 }));
        string all = others == 0 ? tokens : graph.Node("Concat", [graph.Constant(first), tokens], ("axis", 1));
        graph.Output(graph.Node("Add", [all, graph.Constant(positions)]), "tokens", 1, "T", d);
        using Backbone backbone = Backbone.Load(Written(graph));
        Assert.Equal((32, 32, 8, true), (backbone.Input.Height, backbone.Input.Width, backbone.Input.Multiple, backbone.Input.AnySize));
        Tensor image = rand([1, 3, 40, 24], generator: generator);
        Tensor grid = nn.functional.interpolate(
            positions.narrow(1, others, 16).view(1, 4, 4, d).permute(0, 3, 1, 2), size: [5, 3], mode: InterpolationMode.Bicubic, align_corners: false).flatten(2).transpose(1, 2);
        Tensor patches = nn.functional.conv2d(image, kernel, strides: [8, 8]).flatten(2).transpose(1, 2) + grid;
        AssertClose(others == 0 ? patches : cat([first + positions.narrow(1, 0, others), patches], 1), backbone.Run(image)["tokens"]);
    }

    [Fact]
    public void A_file_that_is_no_vision_model_is_refused_in_one_sentence()
    {
        string good = Exported(), bad = Path.Combine(folder, "bad.onnx");
        byte[] bytes = File.ReadAllBytes(good);
        void Refused(string sentence) => Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => Backbone.Load(bad)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(bad, bytes[..(bytes.Length / 2)]);
        Refused("is truncated or no ONNX file");
        File.WriteAllText(bad, "<html>404</html>");
        Refused("no ONNX file");
        File.WriteAllBytes(bad, []);
        Refused("is no ONNX file: it is empty.");
        File.WriteAllText(bad, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 88459888\n");
        Refused("it is a Git LFS pointer, the address of a file and not the file itself; 'git lfs pull' fetches that.");
        File.WriteAllText(bad, "\ufeff  <!doctype html>");
        Refused("it is a web page.");
        File.WriteAllText(bad, "{\"error\": \"Repository not found\"}");
        Refused("it is JSON text.");
        File.WriteAllBytes(bad, File.ReadAllBytes(DataFolder.File("photos", "chelsea.png")));
        Refused("it is a PNG image.");
        File.WriteAllBytes(bad, File.ReadAllBytes(DataFolder.File("photos", "rocket.jpg")));
        Refused("it is a JPEG image.");
        File.WriteAllBytes(bad, [0x50, 0x4b, 3, 4, 0]);
        Refused("it is a ZIP archive");
        for (int length = 1; length < bytes.Length; length = length * 3 / 2 + 1)
        {
            File.WriteAllBytes(bad, bytes[..length]);
            Refused("is truncated or no ONNX file");
        }
        OnnxGraph two = Copying("n", 3, "H", "W"), more = Copying("n", 3, "H", "W");
        two.Input("depth", "n", 1, "H", "W");
        File.Copy(Written(two), bad, overwrite: true);
        Refused("has 2 inputs that could take images (x, depth); one is wanted.");
        more.Input("prompt", "n", 77);
        File.Copy(Written(more), bad, overwrite: true);
        Refused("wants more than images: its inputs are x [n, 3, H, W], prompt [n, 77].");
        using (ProjectionHead head = new(5, new() { Hidden = 4, Output = 3 }, new Generator(1)))
        {
            OnnxExport.Save(head, bad);
        }
        Refused("has no image input: its inputs are features [batch, 5]");
        ModelProto future = ModelProto.Parser.ParseFrom(bytes);
        future.OpsetImport[0].Version = 99;
        File.WriteAllBytes(bad, future.ToByteArray());
        Refused("wants operator set 99; at most");
        ModelProto unknown = ModelProto.Parser.ParseFrom(bytes);
        unknown.Graph.Node[0].OpType = "Convolute";
        File.WriteAllBytes(bad, unknown.ToByteArray());
        Refused("ONNX Runtime cannot run");
        Assert.Throws<FileNotFoundException>(() => Backbone.Load(Path.Combine(folder, "absent.onnx")));
        using Backbone backbone = Backbone.Load(good);
        using Tensor four = zeros(1, 4, 32, 32), odd = zeros(1, 3, 20, 32);
        Assert.Contains("wanted [n, 3, H, W]", Assert.Throws<ArgumentException>(() => backbone.Run(four)).Message, StringComparison.Ordinal);
        Assert.Contains("images are 32 × 20 px, wanted sides in multiples of 8 px", Assert.Throws<ArgumentException>(() => backbone.Run(odd)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_edited_file_keeps_what_the_schema_does_not_declare()
    {
        // model_version (5) and functions (25) of a ModelProto are not declared.
        byte[] bytes = [.. File.ReadAllBytes(Exported()), 0x28, 0x2a, 0xca, 0x01, 0x02, 0x0a, 0x00];
        Assert.Equal(bytes.Order(), ModelProto.Parser.ParseFrom(bytes).ToByteArray().Order());
    }

    [Fact]
    public void The_device_is_chosen_by_name_and_a_wrong_name_is_refused()
    {
        using SessionOptions session = new();
        Assert.Equal("CPU", ExecutionDevice.Choose(session, "cpu"));
        Assert.Contains("'tpu'; auto, cpu or cuda is wanted", Assert.Throws<InvalidOperationException>(() => ExecutionDevice.Choose(session, "tpu")).Message, StringComparison.Ordinal);
        if (!OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider"))
        {
            Assert.StartsWith("CPU (this build", ExecutionDevice.Choose(session, null), StringComparison.Ordinal);
            Assert.Contains("-p:Gpu=true", Assert.Throws<InvalidOperationException>(() => ExecutionDevice.Choose(session, "CUDA")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_models_run_on_is_told_once()
    {
        List<string> told = [];
        Action<string>? before = ExecutionDevice.Report;
        try
        {
            ExecutionDevice.Report = told.Add;
            ExecutionDevice.Tell("a test's device");
            ExecutionDevice.Tell("a test's device");
        }
        finally
        {
            ExecutionDevice.Report = before;
        }
        Assert.Single(told, "ONNX models run on a test's device.");
    }

    private static OnnxGraph Copying(params object[] dimensions)
    {
        OnnxGraph graph = new();
        graph.Input("x", dimensions);
        graph.Output("x", "copy", dimensions);
        return graph;
    }

    private string Written(OnnxGraph graph)
    {
        string path = Path.Combine(folder, "made.onnx");
        ModelProto model = new() { IrVersion = 8, Graph = graph.Proto, OpsetImport = { new OperatorSetIdProto { Version = 17 } } };
        File.WriteAllBytes(path, model.ToByteArray());
        return path;
    }

    private static void AssertClose(Tensor wanted, Tensor found)
    {
        Assert.Equal(wanted.shape, found.shape);
        Assert.True((wanted - found).abs().max().ToDouble() < 1e-4);
    }
}
