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
        using (FileStream file = File.OpenRead(path))
        {
            if (Mistaken(file) is { } mistaken)
            {
                throw new InvalidDataException($"'{path}' is no ONNX file: it is {mistaken}.");
            }
            try
            {
                model = ModelProto.Parser.ParseFrom(file);
            }
            catch (InvalidProtocolBufferException e)
            {
                throw new InvalidDataException($"'{path}' is truncated or no ONNX file.", e);
            }
        }
        if (model.Graph is null || model.Graph.Node.Count == 0)
        {
            throw new InvalidDataException($"'{path}' is truncated or no ONNX file: it holds no graph.");
        }
        long opset = Opset(model);
        return opset <= NewestOpset
            ? model
            : throw new InvalidDataException($"'{path}' wants operator set {opset}; at most {NewestOpset} can be run. Export it anew with an older one.");
    }

    /// <summary>The version of ONNX's own operators that a model is written in.</summary>
    public static long Opset(ModelProto model) => model.OpsetImport.Where(set => set.Domain is "" or "ai.onnx").Select(set => set.Version).DefaultIfEmpty(1).Max();

    // What comes in a model's place: a failed download, a pointer to it, an image.
    private static string? Mistaken(FileStream file)
    {
        Span<byte> bytes = stackalloc byte[64];
        int read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        file.Position = 0;
        ReadOnlySpan<byte> start = bytes[..read];
        return read == 0 ? "empty"
            : start.StartsWith("version https://git-lfs"u8) ? "a Git LFS pointer, the address of a file and not the file itself; 'git lfs pull' fetches that"
            : start.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']) ? "a PNG image"
            : start.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff]) ? "a JPEG image"
            : start.StartsWith("PK\x03\x04"u8) ? "a ZIP archive, perhaps PyTorch's own format"
            : start.TrimStart(" \t\r\n\ufeff"u8).StartsWith("<"u8) ? "a web page"
            : start.StartsWith("{"u8) ? "JSON text"
            : null;
    }

    /// <summary>The inputs that a caller has to give: those that are not weights.</summary>
    public static IEnumerable<ValueInfoProto> Inputs(GraphProto graph)
    {
        HashSet<string> weights = [.. graph.Initializer.Select(tensor => tensor.Name)];
        return graph.Input.Where(input => !weights.Contains(input.Name));
    }
}
