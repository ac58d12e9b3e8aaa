using Embodied.Backbones.Onnx;

namespace Embodied.Backbones;

/// <summary>What an ONNX file says of itself, read from its graph without running it.</summary>
public sealed record ModelDescription
{
    /// <summary>The file's length in bytes, without weights that it keeps in files of their own.</summary>
    public required long Bytes { get; init; }

    /// <summary>The program that wrote it; empty when it does not say.</summary>
    public required string Producer { get; init; }

    /// <summary>The version of ONNX's operators that it is written in.</summary>
    public required long Opset { get; init; }

    /// <summary>The image input's name and shape.</summary>
    public required string InputShape { get; init; }

    /// <summary>How it wants its images.</summary>
    public required ImageInput Input { get; init; }

    /// <summary>Names and shapes of its outputs.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }

    /// <summary>Every self-attention that was found, in order, by the name of its softmax.</summary>
    public required IReadOnlyList<string> AttentionLayers { get; init; }

    /// <summary>Operators that compute attention in one piece, so that nothing within can be seen.</summary>
    public required IReadOnlyList<string> FusedAttention { get; init; }

    /// <summary>Reads a description.</summary>
    /// <param name="path">An ONNX file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no ONNX file, or no vision model; the message says what is wrong.</exception>
    public static ModelDescription Read(string path)
    {
        ModelProto model = OnnxFile.Read(path);
        (string name, ImageInput input) = ImageInputSearch.Find(model, path);
        return new()
        {
            Bytes = new FileInfo(path).Length,
            Producer = $"{model.ProducerName} {model.ProducerVersion}".Trim(),
            Opset = OnnxFile.Opset(model),
            InputShape = ImageInputSearch.Describe(OnnxFile.Inputs(model.Graph).Single(value => value.Name == name)),
            Input = input,
            Outputs = [.. model.Graph.Output.Select(ImageInputSearch.Describe)],
            AttentionLayers = [.. AttentionSearch.Find(model.Graph).Select(place => place.Weights)],
            FusedAttention = AttentionSearch.FusedIn(model.Graph),
        };
    }
}
