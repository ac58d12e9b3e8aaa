using Embodied.Backbones.Onnx;
using Embodied.Networks;
using Google.Protobuf;
using static TorchSharp.torch;

namespace Embodied.Tests.Backbones;

/// <summary>
/// A vision transformer as Hugging Face's transformers and PyTorch's exporter write it: separate queries, keys and values, norms in single steps, positions for
/// one size; for DINOv2 register tokens after the positions are added, and layer scales.
/// </summary>
internal static class TransformersGraph
{
    public static void Save(string path, VisionTransformer network, int opset, int registers = 0, double layerScale = 1)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        VisionTransformerOptions size = network.Options;
        Dictionary<string, Tensor> weights = network.state_dict();
        OnnxGraph graph = new();
        long d = size.Width, h = size.Heads, P = size.PatchSize;
        graph.Input("pixel_values", "batch_size", size.Channels, "height", "width");
        string map = graph.Node("Conv", ["pixel_values", Of("patch_embed.proj.weight"), Of("patch_embed.proj.bias")], ("strides", new[] { P, P }), ("kernel_shape", new[] { P, P }));
        string patches = graph.Node("Transpose", [graph.Node("Reshape", [map, graph.Whole(0, d, -1)])], ("perm", new long[] { 0, 2, 1 }));
        string batch = graph.Node("Slice", [graph.Node("Shape", ["pixel_values"]), graph.Whole(0), graph.Whole(1)]);
        string Each(Tensor token) => graph.Node("Expand", [graph.Constant(token), graph.Node("Concat", [batch, graph.Whole(token.shape[1], d)], ("axis", 0))]);
        string x = Add(graph.Node("Concat", [Each(weights["cls_token"]), patches], ("axis", 1)), Of("pos_embed"));
        if (registers > 0)
        {
            string last = graph.Whole(long.MaxValue);
            string Part(long from, string to) => graph.Node("Slice", [x, graph.Whole(from), to, graph.Whole(1)]);
            x = graph.Node("Concat", [Part(0, graph.Whole(1)), Each(randn([1, registers, d], generator: new Generator(7))), Part(1, last)], ("axis", 1));
        }
        for (int l = 0; l < size.Depth; l++)
        {
            string at = $"blocks.{l}.";
            string y = Norm(x, at + "norm1");
            string Heads(int part, params long[] order)
            {
                Tensor W = weights[at + "attn.qkv.weight"].narrow(0, part * d, d), b = weights[at + "attn.qkv.bias"].narrow(0, part * d, d);
                string linear = Add(graph.Node("MatMul", [y, graph.Constant(W.t())]), graph.Constant(b));
                return graph.Node("Transpose", [graph.Node("Reshape", [linear, graph.Whole(0, 0, h, d / h)])], ("perm", order));
            }
            string scores = graph.Node("Div", [graph.Node("MatMul", [Heads(0, 0, 2, 1, 3), Heads(1, 0, 2, 3, 1)]), graph.Number(Math.Sqrt((double)d / h))]);
            string attended = graph.Node("MatMul", [graph.Node("Softmax", [scores], ("axis", opset < 13 ? 3 : -1)), Heads(2, 0, 2, 1, 3)]);
            string merged = graph.Node("Reshape", [graph.Node("Transpose", [attended], ("perm", new long[] { 0, 2, 1, 3 })), graph.Whole(0, 0, d)]);
            x = Add(x, Scaled(Linear(merged, at + "attn.proj")));
            string hidden = Linear(Norm(x, at + "norm2"), at + "mlp.fc1");
            string gelu = graph.Node("Mul", [graph.Node("Mul", [hidden, Add(graph.Node("Erf", [graph.Node("Div", [hidden, graph.Number(Math.Sqrt(2))])]), graph.Number(1))]), graph.Number(0.5)]);
            x = Add(x, Scaled(Linear(gelu, at + "mlp.fc2")));
        }
        graph.Output(Norm(x, "norm"), "last_hidden_state", "batch_size", "sequence_length", (int)d);
        File.WriteAllBytes(path, new ModelProto
        {
            IrVersion = 7, ProducerName = "pytorch", ProducerVersion = "2.0.1", Graph = graph.Proto, OpsetImport = { new OperatorSetIdProto { Version = opset } },
        }.ToByteArray());

        string Of(string name) => graph.Constant(weights[name]);
        string Add(string a, string b) => graph.Node("Add", [a, b]);
        string Linear(string value, string name) => Add(graph.Node("MatMul", [value, graph.Constant(weights[name + ".weight"].t())]), Of(name + ".bias"));
        string Scaled(string value) => layerScale == 1 ? value : graph.Node("Mul", [value, graph.Constant(full([d], layerScale))]);
        string Norm(string value, string name)
        {
            string centred = graph.Node("Sub", [value, Mean(value)]);
            string deviation = graph.Node("Sqrt", [Add(Mean(graph.Node("Pow", [centred, graph.Number(2)])), graph.Number(1e-6))]);
            return Add(graph.Node("Mul", [graph.Node("Div", [centred, deviation]), Of(name + ".weight")]), Of(name + ".bias"));
        }
        string Mean(string value) => graph.Node("ReduceMean", [value], ("axes", new long[] { -1 }));
    }
}
