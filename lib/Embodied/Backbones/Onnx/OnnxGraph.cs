using Google.Protobuf;
using static TorchSharp.torch;

namespace Embodied.Backbones.Onnx;

/// <summary>A graph under construction: every operation gets a fresh name and returns that of its output.</summary>
/// <param name="prefix">What names begin with, for nodes that go into a graph of someone else's.</param>
internal sealed class OnnxGraph(string prefix = "")
{
    /// <summary>ONNX's element types.</summary>
    public const int Float32 = 1, Int64 = 7;

    private int names;

    /// <summary>What was built.</summary>
    public GraphProto Proto { get; } = new() { Name = "embodied" };

    /// <summary>A constant.</summary>
    /// <param name="values">Any shape; kept as float32.</param>
    public string Constant(Tensor values)
    {
        using var scope = NewDisposeScope();
        Tensor kept = values.detach().to(float32).cpu().contiguous();
        return Add(new TensorProto { DataType = Float32, RawData = ByteString.CopyFrom(kept.bytes), Dims = { kept.shape } });
    }

    /// <summary>A constant vector of whole numbers.</summary>
    public string Whole(params long[] values) => Add(new TensorProto { DataType = Int64, Int64Data = { values }, Dims = { values.Length } });

    /// <summary>A constant number.</summary>
    public string Number(double value) => Add(new TensorProto { DataType = Float32, FloatData = { (float)value } });

    /// <summary>A node of one output.</summary>
    /// <param name="operation">ONNX's name of it.</param>
    /// <param name="inputs">Names; "" for one that is left out.</param>
    /// <param name="attributes">Its attributes: numbers, lists of whole numbers, or strings.</param>
    public string Node(string operation, string[] inputs, params (string Name, object Value)[] attributes)
    {
        string output = Fresh(operation);
        Proto.Node.Add(new NodeProto { Name = output, OpType = operation, Input = { inputs }, Output = { output }, Attribute = { attributes.Select(Attribute) } });
        return output;
    }

    /// <summary>Declares an input.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dimensions">Sizes, and names of sizes that may vary.</param>
    public void Input(string name, params object[] dimensions) => Proto.Input.Add(Value(name, dimensions));

    /// <summary>Declares an output and gives it a name of its own.</summary>
    /// <param name="value">What it is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="dimensions">Sizes, and names of sizes that may vary.</param>
    public void Output(string value, string name, params object[] dimensions)
    {
        Proto.Node.Add(new NodeProto { Name = name, OpType = "Identity", Input = { value }, Output = { name } });
        Proto.Output.Add(Value(name, dimensions));
    }

    /// <summary>An attribute from a number, a list of whole numbers or a string.</summary>
    public static AttributeProto Attribute((string Name, object Value) named) => named.Value switch
    {
        int whole => new() { Name = named.Name, I = whole, Type = AttributeProto.Types.AttributeType.Int },
        double number => new() { Name = named.Name, F = (float)number, Type = AttributeProto.Types.AttributeType.Float },
        long[] list => new() { Name = named.Name, Ints = { list }, Type = AttributeProto.Types.AttributeType.Ints },
        string text => new() { Name = named.Name, S = ByteString.CopyFromUtf8(text), Type = AttributeProto.Types.AttributeType.String },
        _ => throw new ArgumentException($"An attribute cannot be a {named.Value.GetType().Name}.", nameof(named)),
    };

    private static ValueInfoProto Value(string name, object[] dimensions) => new()
    {
        Name = name,
        Type = new()
        {
            TensorType = new()
            {
                ElemType = Float32,
                Shape = new() { Dim = { dimensions.Select(size => size is string varying ? new TensorShapeProto.Types.Dimension { DimParam = varying } : new() { DimValue = (int)size }) } },
            },
        },
    };

    private string Add(TensorProto constant)
    {
        constant.Name = Fresh("constant");
        Proto.Initializer.Add(constant);
        return constant.Name;
    }

    private string Fresh(string kind) => $"{prefix}{kind}_{names++}";
}
