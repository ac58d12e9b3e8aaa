using System.Text;
using System.Text.Json.Nodes;
using Embodied.Course.Kernel.Wire;

namespace Embodied.Notebooks.Tests.Kernel;

public sealed class WireFormatTests
{
    private static readonly KernelMessage Sample = new(
        [[7, 8]], new MessageHeader("id-1", "stream", "s", "kernel", "2026-01-02T03:04:05.000000Z", "5.4"), null, [],
        new JsonObject { ["name"] = "stdout", ["text"] = "é" }, [[1, 2, 3]]);

    [Fact]
    public void A_message_looks_on_the_wire_as_the_protocol_says()
    {
        IReadOnlyList<byte[]> frames = new WireFormat("key").Encode(Sample);
        Assert.Equal(
            [
                "<IDS|MSG>",
                // printf '%s' HEADER '{}' '{}' CONTENT | openssl dgst -sha256 -hmac key
                Hmac("key", frames.Skip(3).Take(4)),
                """{"msg_id":"id-1","msg_type":"stream","session":"s","username":"kernel","date":"2026-01-02T03:04:05.000000Z","version":"5.4"}""",
                "{}", "{}", """{"name":"stdout","text":"é"}""",
            ],
            frames.Skip(1).Take(6).Select(Encoding.UTF8.GetString));
        Assert.Equal([7, 8], frames[0]);
        Assert.Equal([1, 2, 3], frames[^1]);
        KernelMessage back = new WireFormat("key").Decode(frames);
        Assert.Equal(Sample.Header, back.Header);
        Assert.Equal(Sample.Content.ToJsonString(), back.Content.ToJsonString());
        Assert.Null(back.Parent);
    }

    [Fact]
    public void A_wrong_signature_and_broken_frames_are_refused()
    {
        WireFormat wire = new("key");
        IReadOnlyList<byte[]> frames = wire.Encode(Sample);
        Assert.Throws<WireException>(() => new WireFormat("other").Decode(frames));
        Assert.Throws<WireException>(() => wire.Decode([.. frames.Take(5)]));
        Assert.Throws<WireException>(() => wire.Decode([]));
        Assert.Throws<WireException>(() => new WireFormat("").Decode([.. frames.Take(3), "{"u8.ToArray(), .. frames.Skip(4)]));
        Assert.Throws<WireException>(() => new WireFormat("").Decode([.. frames.Take(3), "[]"u8.ToArray(), .. frames.Skip(4)]));
        Assert.Equal("id-1", new WireFormat("").Decode(frames).Header.Id);
    }

    private static string Hmac(string key, IEnumerable<byte[]> parts) => Convert.ToHexStringLower(
        System.Security.Cryptography.HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), parts.SelectMany(part => part).ToArray()));
}
