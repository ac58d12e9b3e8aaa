namespace Embodied.Backbones.Onnx;

/// <summary>A value of a graph, perhaps with its dimensions in another order.</summary>
/// <param name="Name">The value.</param>
/// <param name="Permutation">The order to bring its dimensions into; null for its own.</param>
internal sealed record AttentionPart(string Name, long[]? Permutation = null);

/// <summary>
/// Where a graph computes one self-attention, softmax(s Q Kᵀ) V. Heads stand in a dimension of their own, [n, h, T, d'], or together with the images,
/// [n h, T, d'], as torch's batched products have them.
/// </summary>
/// <param name="Queries">Q before any scaling, [n, h, T, d'].</param>
/// <param name="KeysTransposed">Kᵀ before any scaling, [n, h, d', T].</param>
/// <param name="Values">V, [n, h, T, d'].</param>
/// <param name="Weights">The softmax, [n, h, T, T].</param>
internal sealed record AttentionPlace(AttentionPart Queries, AttentionPart KeysTransposed, string Values, string Weights);

/// <summary>
/// Finds self-attention by its structure and not by names, which every exporter chooses differently: a Softmax whose input comes, through scaling and
/// masking, from the product of two computed values, and whose output goes, through dropout, into the product with a third.
/// </summary>
internal static class AttentionSearch
{
    private static readonly HashSet<string> Harmless = ["Identity", "Dropout", "Cast", "Reshape", "Expand"];
    private static readonly HashSet<string> Fused = ["Attention", "MultiHeadAttention", "GroupQueryAttention", "QAttention"];

    /// <summary>All places, in the order in which the graph computes them.</summary>
    public static IReadOnlyList<AttentionPlace> Find(GraphProto graph)
    {
        Dictionary<string, NodeProto> makers = [];
        Dictionary<string, List<NodeProto>> users = [];
        Dictionary<string, TensorProto> constants = [];
        foreach (TensorProto tensor in graph.Initializer)
        {
            constants[tensor.Name] = tensor;
        }
        foreach (NodeProto node in graph.Node)
        {
            foreach (string output in node.Output)
            {
                makers[output] = node;
            }
            foreach (string input in node.Input.Distinct())
            {
                (users.TryGetValue(input, out List<NodeProto>? list) ? list : users[input] = []).Add(node);
            }
        }

        List<AttentionPlace> places = [];
        foreach (NodeProto softmax in graph.Node.Where(node => node.OpType == "Softmax"))
        {
            if (Product(softmax.Input[0]) is { } scores && Consumer(softmax.Output[0]) is { } mixing)
            {
                places.Add(new(Unscaled(scores.Input[0]), Unscaled(scores.Input[1]), mixing.Input[1], softmax.Output[0]));
            }
        }
        return places;

        // The MatMul behind a value, with scaling, masking and casts in between.
        NodeProto? Product(string value)
        {
            while (makers.TryGetValue(value, out NodeProto? maker))
            {
                switch (maker.OpType)
                {
                    case "MatMul":
                        return maker.Input.Any(IsConstant) ? null : maker;
                    case "Mul" or "Div" or "Add" or "Sub" or "Where":
                        string? main = maker.Input.Skip(maker.OpType == "Where" ? 1 : 0).FirstOrDefault(input => !IsConstant(input) && Reaches(input, "MatMul"));
                        if (main is null)
                        {
                            return null;
                        }
                        value = main;
                        break;
                    case var kind when Harmless.Contains(kind):
                        value = maker.Input[0];
                        break;
                    default:
                        return null;
                }
            }
            return null;
        }

        // The MatMul that the weights go into on the left.
        NodeProto? Consumer(string value)
        {
            foreach (NodeProto user in users.GetValueOrDefault(value) ?? [])
            {
                if (user.OpType == "MatMul" && user.Input[0] == value && !IsConstant(user.Input[1]))
                {
                    return user;
                }
                // Rows that are masked throughout are set to 0 by some exporters.
                bool passes = Harmless.Contains(user.OpType) ? user.Input[0] == value : user.OpType == "Where" && user.Input.Skip(1).Contains(value);
                if (passes && Consumer(user.Output[0]) is { } further)
                {
                    return further;
                }
            }
            return null;
        }

        // Q or K before it was multiplied by a number; where the heads were brought into place after that, the same is done to what came before.
        AttentionPart Unscaled(string value)
        {
            while (makers.TryGetValue(value, out NodeProto? maker))
            {
                if (maker.OpType is "Identity" or "Dropout" or "Cast")
                {
                    value = maker.Input[0];
                }
                else if (maker.OpType is "Mul" or "Div" && IsNumber(maker.Input[1]))
                {
                    value = maker.Input[0];
                }
                else if (maker.OpType is "Mul" && IsNumber(maker.Input[0]))
                {
                    value = maker.Input[1];
                }
                else
                {
                    return maker.OpType == "Transpose" && maker.Attribute.FirstOrDefault(attribute => attribute.Name == "perm") is { } order
                        && Unscaled(maker.Input[0]) is { Permutation: null } inner && inner.Name != maker.Input[0]
                        ? new(inner.Name, [.. order.Ints]) : new(value);
                }
            }
            return new(value);
        }

        bool IsConstant(string value) => constants.ContainsKey(value) || (makers.TryGetValue(value, out NodeProto? maker) && maker.OpType == "Constant");

        // One constant number, and not a learned scale per channel, or one computed from such and from shapes: 1/√d' as some exporters write it.
        bool IsNumber(string value) => constants.TryGetValue(value, out TensorProto? constant) ? constant.Dims.All(extent => extent == 1)
            : makers.TryGetValue(value, out NodeProto? written) && written.OpType == "Constant" ? written.Attribute.All(attribute => attribute.T is not { } tensor || tensor.Dims.All(extent => extent == 1))
            : IsComputedNumber(value);

        bool IsComputedNumber(string value) => (makers.TryGetValue(value, out NodeProto? maker)
            && (maker.OpType == "Shape"
                || (maker.OpType is "Slice" or "Gather" && IsNumber(maker.Input[0]))
                || (maker.OpType is "Sqrt" or "Cast" or "Div" or "Mul" or "Squeeze" or "Unsqueeze" or "Reciprocal" or "Pow" && maker.Input.Where(input => input.Length > 0).All(IsNumber))));

        bool Reaches(string value, string operation)
        {
            for (int steps = 0; steps < 6 && makers.TryGetValue(value, out NodeProto? maker); steps++)
            {
                if (maker.OpType == operation)
                {
                    return true;
                }
                if (maker.Input.Count == 0)
                {
                    return false;
                }
                value = maker.Input.FirstOrDefault(input => !IsConstant(input)) ?? maker.Input[0];
            }
            return false;
        }
    }

    /// <summary>Operators that compute attention in one piece, so that nothing within can be seen.</summary>
    public static IReadOnlyList<string> FusedIn(GraphProto graph) => [.. graph.Node.Select(node => node.OpType).Where(Fused.Contains).Distinct()];
}
