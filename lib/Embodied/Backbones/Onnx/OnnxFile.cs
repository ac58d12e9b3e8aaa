using Google.Protobuf;

namespace Embodied.Backbones.Onnx;

/// <summary>ONNX files as they are, without running them.</summary>
internal static class OnnxFile
{
    /// <summary>The newest operator set that ONNX Runtime 1.31 runs.</summary>
    public const long NewestOpset = 25;

    /// <summary>Reads a file, and checks what has to hold before anything else makes sense.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is truncated, no ONNX file, or of an operator set that is too new.</exception>
    public static ModelProto Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no model '{path}'.", path);
        }
        ModelProto model;
        try
        {
            using FileStream file = File.OpenRead(path);
            model = ModelProto.Parser.ParseFrom(file);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"'{path}' is truncated or no ONNX file.", e);
        }
        if (model.Graph is null || model.Graph.Node.Count == 0)
        {
            throw new InvalidDataException($"'{path}' is no ONNX file: it holds no graph.");
        }
        long opset = model.OpsetImport.Where(set => set.Domain is "" or "ai.onnx").Select(set => set.Version).DefaultIfEmpty(1).Max();
        return opset <= NewestOpset
            ? model
            : throw new InvalidDataException($"'{path}' wants operator set {opset}; at most {NewestOpset} can be run. Export it anew with an older one.");
    }

    /// <summary>The inputs that a caller has to give: those that are not weights.</summary>
    public static IEnumerable<ValueInfoProto> Inputs(GraphProto graph)
    {
        HashSet<string> weights = [.. graph.Initializer.Select(tensor => tensor.Name)];
        return graph.Input.Where(input => !weights.Contains(input.Name));
    }
}
