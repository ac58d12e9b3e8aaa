namespace Embodied.Backbones.Onnx;

/// <summary>Finds which input of a graph takes images, and what the graph itself says about them.</summary>
internal static class ImageInputSearch
{
    /// <summary>The input's name, and how it wants images.</summary>
    /// <exception cref="InvalidDataException">There is none, or there are several.</exception>
    public static (string Name, ImageInput Input) Find(ModelProto model, string path)
    {
        ValueInfoProto[] inputs = [.. OnnxFile.Inputs(model.Graph)];
        (string Name, ImageInput Input)[] fitting = [.. inputs.Select(input => (input.Name, Of(input))).Where(pair => pair.Item2 is not null)!];
        if (fitting is not [var (name, input)])
        {
            string all = string.Join(", ", inputs.Select(Describe));
            throw new InvalidDataException(fitting.Length == 0
                ? $"'{path}' has no image input: its inputs are {(all.Length > 0 ? all : "none")}, and one of [n, 3, height, width] or [n, height, width, 3] numbers is wanted."
                : $"'{path}' has {fitting.Length} inputs that could take images ({string.Join(", ", fitting.Select(pair => pair.Name))}); one is wanted.");
        }
        if (inputs.Length > 1)
        {
            throw new InvalidDataException($"'{path}' wants more than images: its inputs are {string.Join(", ", inputs.Select(Describe))}.");
        }
        int patch = Patch(model.Graph, name);
        input = input with { Multiple = patch };
        if (input.AnySize && FixedPositions.Find(model.Graph) is { } positions)
        {
            input = input with { AnySize = positions.Editable(OnnxFile.Opset(model)), Height = positions.Side * patch, Width = positions.Side * patch };
        }
        return (name, input.With(model.MetadataProps, path));
    }

    private static ImageInput? Of(ValueInfoProto input)
    {
        if (input.Type?.TensorType is not { ElemType: OnnxGraph.Float32, Shape.Dim: { Count: 4 } dimensions })
        {
            return null;
        }
        long[] sizes = [.. dimensions.Select(dimension => dimension.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue ? dimension.DimValue : 0)];
        bool first = sizes[1] is 0 or 1 or 3, last = sizes[1] is not (1 or 3) && sizes[3] is 1 or 3;
        if (!first && !last)
        {
            return null;
        }
        (long channels, long height, long width) = last ? (sizes[3], sizes[1], sizes[2]) : (sizes[1], sizes[2], sizes[3]);
        ImageInput image = new() { Channels = channels == 1 ? 1 : 3, ChannelsLast = last, AnySize = height == 0 || width == 0 };
        return image.AnySize ? image : image with { Height = (int)height, Width = (int)width };
    }

    // The stride of the convolution that cuts the image into patches; 1 when the image goes elsewhere first.
    private static int Patch(GraphProto graph, string input)
    {
        HashSet<string> same = [input];
        foreach (NodeProto node in graph.Node)
        {
            if (!node.Input.Any(same.Contains))
            {
                continue;
            }
            if (node.OpType is "Identity" or "Cast" or "Transpose" or "Sub" or "Div" or "Mul" or "Add")
            {
                same.Add(node.Output[0]);
            }
            else if (node.OpType == "Conv" && Ints(node, "strides") is [var down, var right] && down == right && Ints(node, "kernel_shape") is { } kernel && (kernel.Length == 0 || kernel.All(size => size == down)) && down > 1)
            {
                return Ints(node, "pads").All(pad => pad == 0) && KernelFills(graph, node, down) ? (int)down : 1;
            }
        }
        return 1;
    }

    private static bool KernelFills(GraphProto graph, NodeProto conv, long stride) =>
        graph.Initializer.FirstOrDefault(tensor => tensor.Name == conv.Input[1]) is not { } weight || (weight.Dims.Count == 4 && weight.Dims[2] == stride && weight.Dims[3] == stride);

    private static long[] Ints(NodeProto node, string name) => [.. node.Attribute.Where(attribute => attribute.Name == name).SelectMany(attribute => attribute.Ints)];

    /// <summary>A value's name and shape.</summary>
    public static string Describe(ValueInfoProto input) => input.Type?.TensorType is { } type
        ? $"{input.Name} [{string.Join(", ", (type.Shape?.Dim ?? []).Select(d => d.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue ? d.DimValue.ToString(System.Globalization.CultureInfo.InvariantCulture) : d.DimParam.Length > 0 ? d.DimParam : "?"))}]{(type.ElemType == OnnxGraph.Float32 ? "" : " (not float32)")}"
        : input.Name;
}
