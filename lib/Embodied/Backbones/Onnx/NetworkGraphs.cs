using Embodied.Networks;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Backbones.Onnx;

/// <summary>The course's networks as ONNX operations, in evaluation mode. Batch normalisation is folded into the layer before it.</summary>
internal sealed class NetworkGraphs(OnnxGraph graph)
{
    private const double BatchNormEpsilon = 1e-5, LayerNormEpsilon = 1e-6;

    /// <summary>[CLS] and patch tokens of <see cref="VisionTransformer.Tokens"/>.</summary>
    public (string Class, string Patches) Append(VisionTransformer network, string images)
    {
        VisionTransformerOptions options = network.Options;
        Weights weights = Weights.Of(network);
        long d = options.Width, side = options.ImageSize / options.PatchSize, P = options.PatchSize;

        string stem = images;
        for (int s = 0; options.StemWidth > 0 && s < int.Log2(options.PatchSize); s++)
        {
            string padded = graph.Node("Pad", [stem, graph.Whole(0, 0, 1, 1, 0, 0, 1, 1)], ("mode", "edge"));
            stem = Relu(Conv(padded, weights.Below("patch_embed.stem"), $"{3 * s}", $"{3 * s + 1}", 2, 0));
        }
        long stride = options.StemWidth > 0 ? 1 : P;
        string map = graph.Node("Conv", [stem, Constant("patch_embed.proj.weight"), Constant("patch_embed.proj.bias")], ("strides", new[] { stride, stride })); // [n, d, h, w]
        string shape = graph.Node("Shape", [map]);
        string batch = graph.Node("Slice", [shape, graph.Whole(0), graph.Whole(1)]), sides = graph.Node("Slice", [shape, graph.Whole(2), graph.Whole(4)]);

        Tensor positions = weights["pos_embed"];
        string native = graph.Constant(positions.narrow(1, 1, side * side).view(1, side, side, d).permute(0, 3, 1, 2));
        string grid = graph.Node("Resize", [native, "", "", Join(0, graph.Whole(1, d), sides)],
            ("mode", "cubic"), ("coordinate_transformation_mode", "half_pixel"), ("cubic_coeff_a", -0.75)); // [1, d, h, w]
        string x = Add(Rows(map), Rows(grid)); // [n, p, d]
        for (int l = 0; l < options.Depth; l++)
        {
            if (l == options.ClassFrom)
            {
                string first = graph.Constant(weights["cls_token"] + positions.narrow(1, 0, 1));
                x = Join(1, graph.Node("Expand", [first, Join(0, batch, graph.Whole(1, d))]), x);
            }
            x = Block(x, weights.Below($"blocks.{l}"), options);
        }
        string y = LayerNorm(x, weights.Below("norm"));
        string last = graph.Whole(long.MaxValue);
        return (graph.Node("Reshape", [graph.Node("Slice", [y, graph.Whole(0), graph.Whole(1), graph.Whole(1)]), graph.Whole(0, d)]),
            graph.Node("Slice", [y, graph.Whole(1), last, graph.Whole(1)]));

        string Constant(string name) => graph.Constant(weights[name]);
        string Rows(string of) => graph.Node("Transpose", [graph.Node("Reshape", [of, graph.Whole(0, d, -1)])], ("perm", new long[] { 0, 2, 1 }));
    }

    /// <summary><see cref="ConvEncoder.forward"/>.</summary>
    public string Append(ConvEncoder network, string images)
    {
        Weights weights = Weights.Of(network);
        string x = Relu(Conv(images, weights, "stem.0", "stem.1", 2, 1));
        for (int s = 0; s < network.Options.Stages; s++)
        {
            Weights stage = weights.Below($"stages.{s}");
            string inner = Relu(Conv(x, stage, "first", "firstNorm", 2, 1));
            x = Relu(Add(Conv(inner, stage, "second", "secondNorm", 1, 1), Conv(x, stage, "shortcut", "shortcutNorm", 2, 0)));
        }
        return graph.Node("ReduceMean", [x], ("axes", new long[] { 2, 3 }), ("keepdims", 0));
    }

    /// <summary><see cref="ProjectionHead.forward"/>.</summary>
    public string Append(ProjectionHead network, string x)
    {
        Weights weights = Weights.Of(network).Below("layers");
        int[] layers = [.. weights.Layers().Where(layer => weights[$"{layer}.weight"] is { } weight && weight.dim() == 2)];
        foreach (int layer in layers)
        {
            bool normalised = weights.Has($"{layer + 1}.running_mean"), last = layer == layers[^1];
            (Tensor W, Tensor b) = normalised ? Folded(weights, $"{layer}", $"{layer + 1}") : (weights[$"{layer}.weight"], weights.Find($"{layer}.bias") ?? zeros(network.OutputWidth));
            x = graph.Node("Gemm", [x, graph.Constant(W), graph.Constant(b)], ("transB", 1));
            x = last ? x : Relu(x);
        }
        return x;
    }

    /// <summary><see cref="DinoHead.forward"/>.</summary>
    public string Append(DinoHead network, string x)
    {
        Weights weights = Weights.Of(network);
        foreach (int layer in (int[])[0, 2, 4])
        {
            x = graph.Node("Gemm", [x, graph.Constant(weights[$"mlp.{layer}.weight"]), graph.Constant(weights[$"mlp.{layer}.bias"])], ("transB", 1));
            x = layer == 4 ? x : Gelu(x);
        }
        string length = graph.Node("Max", [graph.Node("ReduceL2", [x], ("axes", new long[] { 1 }), ("keepdims", 1)), graph.Number(1e-12)]);
        return graph.Node("MatMul", [graph.Node("Div", [x, length]), graph.Constant(functional.normalize(weights["prototypes"], dim: 1).t())]);
    }

    private string Block(string x, Weights weights, VisionTransformerOptions options)
    {
        long d = options.Width, h = options.Heads;
        string all = Linear(LayerNorm(x, weights.Below("norm1")), weights.Below("attn.qkv"));
        string heads = graph.Node("Transpose", [graph.Node("Reshape", [all, graph.Whole(0, 0, 3, h, d / h)])], ("perm", new long[] { 2, 0, 3, 1, 4 })); // [3, n, h, T, d']
        string Part(int i) => graph.Node("Squeeze", [graph.Node("Slice", [heads, graph.Whole(i), graph.Whole(i + 1), graph.Whole(0)]), graph.Whole(0)]);
        string scores = graph.Node("MatMul", [Part(0), graph.Node("Transpose", [Part(1)], ("perm", new long[] { 0, 1, 3, 2 }))]);
        string attention = graph.Node("Softmax", [graph.Node("Mul", [scores, graph.Number(1 / Math.Sqrt((double)d / h))])], ("axis", -1));
        string merged = graph.Node("Transpose", [graph.Node("MatMul", [attention, Part(2)])], ("perm", new long[] { 0, 2, 1, 3 }));
        x = Add(x, Linear(graph.Node("Reshape", [merged, graph.Whole(0, 0, d)]), weights.Below("attn.proj")));
        string hidden = Gelu(Linear(LayerNorm(x, weights.Below("norm2")), weights.Below("mlp.fc1")));
        return Add(x, Linear(hidden, weights.Below("mlp.fc2")));
    }

    private string Linear(string x, Weights weights) => Add(graph.Node("MatMul", [x, graph.Constant(weights["weight"].t())]), graph.Constant(weights["bias"]));

    private string LayerNorm(string x, Weights weights) =>
        graph.Node("LayerNormalization", [x, graph.Constant(weights["weight"]), graph.Constant(weights["bias"])], ("axis", -1), ("epsilon", LayerNormEpsilon));

    // x Φ(x); the operator Gelu came with opset 20 only.
    private string Gelu(string x)
    {
        string erf = graph.Node("Erf", [graph.Node("Div", [x, graph.Number(Math.Sqrt(2))])]);
        return graph.Node("Mul", [graph.Node("Mul", [x, graph.Node("Add", [erf, graph.Number(1)])]), graph.Number(0.5)]);
    }

    private string Conv(string x, Weights weights, string layer, string norm, long stride, long padding)
    {
        (Tensor W, Tensor b) = Folded(weights, layer, norm);
        return graph.Node("Conv", [x, graph.Constant(W), graph.Constant(b)],
            ("strides", new[] { stride, stride }), ("pads", new[] { padding, padding, padding, padding }));
    }

    // γ (W x + b − μ) / √(σ² + ε) + β as a layer of its own; computed in float64, since running variances may be small.
    private static (Tensor Weight, Tensor Bias) Folded(Weights weights, string layer, string norm)
    {
        Tensor variance = weights[$"{norm}.running_var"].to(float64);
        Tensor scale = (weights.Find($"{norm}.weight")?.to(float64) ?? ones_like(variance)) / (variance + BatchNormEpsilon).sqrt();
        Tensor shift = (weights.Find($"{layer}.bias")?.to(float64) ?? zeros_like(variance)) - weights[$"{norm}.running_mean"].to(float64);
        Tensor W = weights[$"{layer}.weight"].to(float64);
        return (W * scale.view([-1, .. Enumerable.Repeat(1L, (int)W.dim() - 1)]), shift * scale + (weights.Find($"{norm}.bias")?.to(float64) ?? zeros_like(variance)));
    }

    private string Add(string a, string b) => graph.Node("Add", [a, b]);

    private string Relu(string x) => graph.Node("Relu", [x]);

    private string Join(int axis, params string[] parts) => graph.Node("Concat", parts, ("axis", axis));

    /// <summary>Parameters and buffers by name, below some prefix.</summary>
    private sealed class Weights(IReadOnlyDictionary<string, Tensor> all, string prefix)
    {
        public static Weights Of(Module network) => new(network.state_dict(), "");

        public Tensor this[string name] => all[prefix + name];

        public bool Has(string name) => all.ContainsKey(prefix + name);

        public Tensor? Find(string name) => all.GetValueOrDefault(prefix + name);

        public Weights Below(string name) => new(all, prefix + name + ".");

        /// <summary>The numbers of the layers that have weights.</summary>
        public IEnumerable<int> Layers() => all.Keys
            .Where(key => key.StartsWith(prefix, StringComparison.Ordinal) && key.EndsWith(".weight", StringComparison.Ordinal))
            .Select(key => int.Parse(key[prefix.Length..].Split('.')[0], System.Globalization.CultureInfo.InvariantCulture)).Order();
    }
}
