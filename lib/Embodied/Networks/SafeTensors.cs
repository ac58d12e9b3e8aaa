using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Embodied.Networks;

/// <summary>
/// The safetensors file format: the header's length as a little-endian 64-bit integer, a JSON header that gives every tensor's type, shape and place,
/// then the raw numbers. It holds no code, and other tools read it.
/// </summary>
/// <remarks>https://github.com/huggingface/safetensors, section Format.</remarks>
public static class SafeTensors
{
    private const string Metadata = "__metadata__";

    private static readonly Dictionary<ScalarType, string> TypeNames = new()
    {
        [ScalarType.Float64] = "F64", [ScalarType.Float32] = "F32", [ScalarType.Float16] = "F16", [ScalarType.BFloat16] = "BF16",
        [ScalarType.Int64] = "I64", [ScalarType.Int32] = "I32", [ScalarType.Int16] = "I16", [ScalarType.Int8] = "I8",
        [ScalarType.Byte] = "U8", [ScalarType.Bool] = "BOOL",
    };

    /// <summary>Writes the tensors beside the path and moves them into place when all are written: a reader never sees half a file.</summary>
    /// <param name="path">The file; an older one is replaced.</param>
    /// <param name="tensors">Names and tensors.</param>
    /// <param name="metadata">Text to keep with them.</param>
    /// <exception cref="ArgumentException">A name occurs twice, or a type is none that the format has.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<(string Name, Tensor Value)> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var scope = NewDisposeScope();
        List<Tensor> values = [];
        JsonObject header = [];
        if (metadata is { Count: > 0 })
        {
            header[Metadata] = new JsonObject(metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        }
        long offset = 0;
        foreach ((string name, Tensor value) in tensors)
        {
            if (!TypeNames.TryGetValue(value.dtype, out string? type))
            {
                throw new ArgumentException($"{name} is of type {value.dtype}, which the format does not have.", nameof(tensors));
            }
            long length = value.numel() * value.element_size();
            bool added = header.TryAdd(name, new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. value.shape.Select(extent => (JsonNode)extent)]),
                ["data_offsets"] = new JsonArray(offset, offset + length),
            });
            if (!added)
            {
                throw new ArgumentException($"The name {name} occurs twice.", nameof(tensors));
            }
            values.Add(value.detach().cpu().contiguous());
            offset += length;
        }

        byte[] text = JsonSerializer.SerializeToUtf8Bytes(header);
        int padding = (8 - text.Length % 8) % 8; // The numbers begin at a multiple of eight, so that a reader can map them.
        AtomicFile.Write(path, file =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, text.Length + padding);
            file.Write(length);
            file.Write(text);
            file.Write("        "u8[..padding]);
            foreach (Tensor value in values)
            {
                file.Write(value.bytes);
            }
            file.Flush(flushToDisk: true);
        });
    }

    /// <summary>Reads all tensors of a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Tensors by name, and the text that was kept with them.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is truncated or no safetensors file.</exception>
    public static (IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        byte[] file = System.IO.File.ReadAllBytes(path);
        long headerLength = file.Length >= 8 ? BinaryPrimitives.ReadInt64LittleEndian(file) : long.MaxValue - 8;
        if (headerLength < 2 || headerLength > file.Length - 8)
        {
            throw new InvalidDataException($"'{path}' is truncated or no safetensors file: of {file.Length} bytes, {(file.Length >= 8 ? string.Create(CultureInfo.InvariantCulture, $"its header should take {headerLength}") : "8 should give the header's length")}.");
        }
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = [];
        Dictionary<string, string> metadata = [];
        try
        {
            using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, (int)headerLength));
            ReadOnlySpan<byte> numbers = file.AsSpan(8 + (int)headerLength);
            foreach (JsonProperty entry in header.RootElement.EnumerateObject())
            {
                if (entry.Name == Metadata)
                {
                    foreach (JsonProperty text in entry.Value.EnumerateObject())
                    {
                        metadata[text.Name] = text.Value.GetString()!;
                    }
                    continue;
                }
                tensors[entry.Name] = Tensor(path, entry, numbers);
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{path}' has a damaged header: {e.Message}", e);
        }
        foreach (Tensor tensor in tensors.Values)
        {
            tensor.MoveToOuterDisposeScope();
        }
        return (tensors, metadata);
    }

    private static Tensor Tensor(string path, JsonProperty entry, ReadOnlySpan<byte> numbers)
    {
        string typeName = entry.Value.GetProperty("dtype").GetString()!;
        long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt64())];
        long[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        if (offsets is not [var from, var to] || from < 0 || to < from || shape.Any(extent => extent < 0))
        {
            throw new InvalidDataException($"'{path}' has a damaged header: the place of {entry.Name} makes no sense.");
        }
        if (to > numbers.Length)
        {
            throw new InvalidDataException($"'{path}' is truncated: {entry.Name} should end {to} bytes after the header, where {numbers.Length} are left.");
        }
        if (!TypeNames.ContainsValue(typeName))
        {
            throw new InvalidDataException($"'{path}' has {entry.Name} of the unknown type {typeName}.");
        }
        ScalarType type = TypeNames.Single(pair => pair.Value == typeName).Key;
        Tensor tensor = empty(shape, type);
        if (tensor.numel() * tensor.element_size() != to - from)
        {
            throw new InvalidDataException($"'{path}' has a damaged header: {entry.Name} has {to - from} bytes, its shape wants {tensor.numel() * tensor.element_size()}.");
        }
        if (to > from)
        {
            tensor.bytes = numbers[(int)from..(int)to].ToArray();
        }
        return tensor;
    }
}
