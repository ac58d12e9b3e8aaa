using System.Text.Json;
using System.Text.Json.Nodes;

namespace Embodied.Interactive.Running;

/// <summary>Thrown when a message is longer than it may be.</summary>
internal sealed class MessageTooLongException : Exception;

/// <summary>Reads JSON objects, one a line, from a process that may send anything at all.</summary>
/// <param name="stream">Where they come from.</param>
/// <param name="limit">The longest line, in bytes.</param>
/// <param name="count">Is told how many bytes came.</param>
internal sealed class MessageReader(Stream stream, int limit, Action<int> count)
{
    // Each becomes an object in this process, many times the size of its text. Tables of numbers, a chart's for instance, need some eight bytes for one.
    private readonly int mostTokens = limit / 8;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };
    private readonly byte[] buffer = new byte[1 << 16];
    private int begin;
    private int end;

    /// <summary>The next object; null at the end of the stream, where half a line is what a killed process leaves.</summary>
    /// <exception cref="MessageTooLongException">The line is longer than the limit.</exception>
    /// <exception cref="JsonException">The line is no JSON object.</exception>
    public JsonObject? Read()
    {
        using MemoryStream line = new();
        while (true)
        {
            int newline = buffer.AsSpan(begin, end - begin).IndexOf((byte)'\n');
            int length = newline < 0 ? end - begin : newline;
            if (line.Length + length > limit)
            {
                throw new MessageTooLongException();
            }
            line.Write(buffer, begin, length);
            if (newline >= 0)
            {
                begin += newline + 1;
                return Parse(line.GetBuffer().AsMemory(0, (int)line.Length));
            }
            (begin, end) = (0, stream.Read(buffer));
            if (end == 0)
            {
                return null;
            }
            count(end);
        }
    }

    private JsonObject Parse(ReadOnlyMemory<byte> line)
    {
        Check(line.Span);
        return JsonNode.Parse(line.Span, null, Strict) as JsonObject ?? throw new JsonException("The line is no JSON object.");
    }

    // Nodes are made when they are asked for. What would fail then, far from here, shall fail now.
    private void Check(ReadOnlySpan<byte> line)
    {
        Utf8JsonReader reader = new(line);
        for (int tokens = 0; reader.Read(); tokens++)
        {
            if (tokens == mostTokens)
            {
                throw new JsonException("The line has too many parts.");
            }
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
            {
                _ = reader.GetString(); // Half a surrogate pair is valid JSON, but no string.
            }
        }
    }
}
