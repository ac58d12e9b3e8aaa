using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Embodied.Course.Kernel.Wire;

/// <summary>
/// The frames of a message: identities, a delimiter, the HMAC-SHA256 of what follows, header, parent header, metadata, content, buffers.
/// </summary>
/// <param name="key">The connection's secret; empty: nothing is signed.</param>
public sealed class WireFormat(string key)
{
    private static readonly byte[] Delimiter = "<IDS|MSG>"u8.ToArray();
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 256 };
    private readonly byte[] secret = Encoding.UTF8.GetBytes(key);

    /// <summary>The frames of <paramref name="message"/>.</summary>
    public IReadOnlyList<byte[]> Encode(KernelMessage message)
    {
        byte[][] parts = [Bytes(message.Header.ToJson()), Bytes(message.Parent ?? []), Bytes(message.Metadata), Bytes(message.Content)];
        return [.. message.Identities, Delimiter, Encoding.ASCII.GetBytes(Sign(parts)), .. parts, .. message.Buffers];
    }

    /// <summary>The message in <paramref name="frames"/>.</summary>
    /// <exception cref="WireException">They are no message, or are not signed with this connection's key.</exception>
    public KernelMessage Decode(IReadOnlyList<byte[]> frames)
    {
        int delimiter = 0;
        while (delimiter < frames.Count && !frames[delimiter].AsSpan().SequenceEqual(Delimiter))
        {
            delimiter++;
        }
        if (frames.Count < delimiter + 6)
        {
            throw new WireException($"A message of {frames.Count} frames has no delimiter followed by signature, header, parent header, metadata and content.");
        }
        byte[][] parts = [.. frames.Skip(delimiter + 2).Take(4)];
        byte[] expected = Encoding.ASCII.GetBytes(Sign(parts));
        if (secret.Length > 0 && !CryptographicOperations.FixedTimeEquals(expected, frames[delimiter + 1]))
        {
            throw new WireException("A message is not signed with this connection's key.");
        }
        JsonObject parent = Parse(parts[1], "parent header");
        return new KernelMessage(
            [.. frames.Take(delimiter)], MessageHeader.From(Parse(parts[0], "header")), parent.Count > 0 ? parent : null,
            Parse(parts[2], "metadata"), Parse(parts[3], "content"), [.. frames.Skip(delimiter + 6)]);
    }

    private string Sign(byte[][] parts)
    {
        if (secret.Length == 0)
        {
            return "";
        }
        using IncrementalHash hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        foreach (byte[] part in parts)
        {
            hmac.AppendData(part);
        }
        return Convert.ToHexStringLower(hmac.GetHashAndReset());
    }

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString(Compact));

    private static JsonObject Parse(byte[] frame, string name)
    {
        try
        {
            return JsonNode.Parse(frame, documentOptions: Strict) as JsonObject ?? throw new WireException($"A message's {name} is no JSON object.");
        }
        catch (JsonException)
        {
            throw new WireException($"A message's {name} is no valid JSON.");
        }
    }
}
