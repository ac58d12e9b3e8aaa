using System.Text.Json.Nodes;

namespace Embodied.Course.Kernel.Wire;

/// <summary>A message of the Jupyter protocol.</summary>
/// <param name="Identities">The route back to the sender, or the topic of a broadcast.</param>
/// <param name="Header">What it is.</param>
/// <param name="Parent">The header of the message that it answers; null when it answers none.</param>
/// <param name="Metadata">What does not belong to the content.</param>
/// <param name="Content">What it says.</param>
/// <param name="Buffers">Binary attachments.</param>
public sealed record KernelMessage(
    IReadOnlyList<byte[]> Identities, MessageHeader Header, JsonObject? Parent, JsonObject Metadata, JsonObject Content, IReadOnlyList<byte[]> Buffers);

/// <summary>Thrown when frames are no message of the protocol.</summary>
/// <param name="message">One sentence.</param>
public sealed class WireException(string message) : Exception(message);
