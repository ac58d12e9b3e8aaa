namespace Embodied.Backbones.Onnx;

/// <summary>Where a graph computes one self-attention, softmax(s Q Kᵀ) V.</summary>
/// <param name="Queries">The value that is Q, perhaps scaled, [n, h, T, d'].</param>
/// <param name="KeysTransposed">Kᵀ, perhaps scaled, [n, h, d', T].</param>
/// <param name="Values">V, [n, h, T, d'].</param>
/// <param name="Weights">The softmax, [n, h, T, T].</param>
internal sealed record AttentionPlace(string Queries, string KeysTransposed, string Values, string Weights);

/// <summary>
/// Finds self-attention by its structure and not by names, which every exporter chooses differently: a Softmax whose input comes, through scaling and
/// masking, from the product of two computed values, and whose output goes, through dropout, into the product with a third.
/// </summary>
internal static class AttentionSearch
{
    private static readonly HashSet<string> Harmless = ["Identity", "Dropout", "Cast"];
    private static readonly HashSet<string> Fused = ["Attention", "MultiHeadAttention", "GroupQueryAttention", "QAttention"];

    /// <summary>All places, in the order in which the graph computes them.</summary>
    public static IReadOnlyList<AttentionPlace> Find(GraphProto graph)
    {
        Dictionary<string, NodeProto> makers = [];
        Dictionary<string, List<NodeProto>> users = [];
        HashSet<string> constants = [.. graph.Initializer.Select(tensor => tensor.Name)];
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
                        string? main = maker.Input.FirstOrDefault(input => !IsConstant(input) && Reaches(input, "MatMul"));
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
                if (Harmless.Contains(user.OpType) && Consumer(user.Output[0]) is { } further)
                {
                    return further;
                }
            }
            return null;
        }

        // Q or K before it was multiplied by a number.
        string Unscaled(string value)
        {
            while (makers.TryGetValue(value, out NodeProto? maker))
            {
                if (Harmless.Contains(maker.OpType))
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
                    break;
                }
            }
            return value;
        }

        bool IsConstant(string value) => constants.Contains(value) || (makers.TryGetValue(value, out NodeProto? maker) && maker.OpType == "Constant");

        // A constant, or a number computed from constants and shapes: 1/√d' as some exporters write it.
        bool IsNumber(string value) => IsConstant(value) || (makers.TryGetValue(value, out NodeProto? maker)
            && (maker.OpType == "Shape"
                || (maker.OpType is "Sqrt" or "Cast" or "Div" or "Mul" or "Slice" or "Gather" or "Squeeze" or "Unsqueeze" or "Reciprocal" or "Pow" && maker.Input.Where(input => input.Length > 0).All(IsNumber))));

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
