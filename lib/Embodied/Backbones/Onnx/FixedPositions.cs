using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Embodied.Backbones.Onnx;

/// <summary>
/// Position embeddings [1, k + s², d] that a graph adds as they are, so that it takes images of one size alone, whatever its input's dimensions are called:
/// thus exporters leave Hugging Face's ViT and DINO. <see cref="Interpolate"/> edits the graph so that it takes others too.
/// </summary>
/// <param name="Embedding">The convolution that makes a token of each patch.</param>
/// <param name="Sum">Where the positions are added.</param>
/// <param name="Operand">Which input of the sum they are.</param>
/// <param name="Values">They themselves.</param>
/// <param name="Side">s, patches per side.</param>
/// <param name="Others">k, tokens before the patches: [CLS], a distillation token, registers.</param>
internal sealed record FixedPositions(NodeProto Embedding, NodeProto Sum, int Operand, TensorProto Values, int Side, int Others)
{
    private const long ResizeBySizes = 11, OptionalInputs = 13;

    /// <summary>Finds them; null when there are none, or several could be meant.</summary>
    public static FixedPositions? Find(GraphProto graph)
    {
        Dictionary<string, TensorProto> constants = graph.Initializer.GroupBy(tensor => tensor.Name).ToDictionary(group => group.Key, group => group.First());
        foreach (NodeProto node in graph.Node.Where(node => node.OpType == "Constant" && node.Attribute is [{ T: not null }]))
        {
            constants[node.Output[0]] = node.Attribute[0].T;
        }
        if (graph.Node.FirstOrDefault(node => node.OpType == "Conv") is not { } embedding || !constants.TryGetValue(embedding.Input[1], out TensorProto? kernel) || kernel.Dims.Count != 4)
        {
            return null;
        }
        FixedPositions[] found = [.. from sum in graph.Node
                                     where sum.OpType == "Add"
                                     from operand in (int[])[0, 1]
                                     let values = constants.GetValueOrDefault(sum.Input[operand])
                                     where values is { Dims: [1, > 3, _] } && values.Dims[2] == kernel.Dims[0] && !constants.ContainsKey(sum.Input[1 - operand])
                                     from others in ((int[])[1, 0, 2, 5]).Where(others => double.IsInteger(Math.Sqrt(values.Dims[1] - others))).Take(1)
                                     select new FixedPositions(embedding, sum, operand, values, (int)Math.Sqrt(values.Dims[1] - others), others)];
        return found is [var only] ? only : null;
    }

    /// <summary>Whether <see cref="Interpolate"/> can be called: the numbers are at hand, and the operators new enough.</summary>
    public bool Editable(long opset) => opset >= ResizeBySizes && Values is { DataType: OnnxGraph.Float32, ExternalData.Count: 0 };

    /// <summary>Interpolates them bicubically to the grid of patches that the image has; at the size of the export nothing changes.</summary>
    public void Interpolate(GraphProto graph, long opset)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        long d = Values.Dims[2];
        ReadOnlySpan<float> numbers = Values.RawData.Length > 0 ? MemoryMarshal.Cast<byte, float>(Values.RawData.Span) : Values.FloatData.ToArray();
        Tensor positions = tensor(numbers.ToArray(), [1, Others + Side * Side, d]);
        Tensor grid = positions.narrow(1, Others, Side * Side).view(1, Side, Side, d).permute(0, 3, 1, 2);

        OnnxGraph edit = new("embodied.positions.");
        string none = opset >= OptionalInputs ? "" : edit.Constant(empty(0));
        string sides = edit.Node("Slice", [edit.Node("Shape", [Embedding.Output[0]]), edit.Whole(2), edit.Whole(4)]);
        string size = edit.Node("Concat", [edit.Whole(1, d), sides], ("axis", 0));
        string resized = edit.Node("Resize", [edit.Constant(grid), none, none, size],
            ("mode", "cubic"), ("coordinate_transformation_mode", "half_pixel"), ("cubic_coeff_a", -0.75)); // [1, d, h, w]
        string rows = edit.Node("Transpose", [edit.Node("Reshape", [resized, edit.Whole(1, d, -1)])], ("perm", new long[] { 0, 2, 1 }));
        string all = Others == 0 ? rows : edit.Node("Concat", [edit.Constant(positions.narrow(1, 0, Others)), rows], ("axis", 1));

        graph.Initializer.AddRange(edit.Proto.Initializer);
        int at = graph.Node.IndexOf(Sum);
        foreach (NodeProto node in edit.Proto.Node)
        {
            graph.Node.Insert(at++, node);
        }
        Sum.Input[Operand] = all;
    }
}
