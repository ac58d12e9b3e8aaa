using System.Globalization;
using System.Text.Json.Nodes;

namespace Embodied.Course.Kernel.Wire;

/// <summary>Who sent a message, and what it is.</summary>
/// <param name="Id">Unique to the message.</param>
/// <param name="Type">Such as <c>execute_request</c>.</param>
/// <param name="Session">The sender's.</param>
/// <param name="User">The sender's user name.</param>
/// <param name="Date">When it was made, ISO 8601.</param>
/// <param name="Version">Of the protocol.</param>
public sealed record MessageHeader(string Id, string Type, string Session, string User, string Date, string Version)
{
    /// <summary>The version of Jupyter's messaging protocol that this kernel speaks.</summary>
    public const string Protocol = "5.4";

    /// <summary>A header for a message that this process makes now.</summary>
    public static MessageHeader New(string type, string session) => new(
        Guid.NewGuid().ToString(), type, session, "kernel", DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture), Protocol);

    /// <summary>Reads a header.</summary>
    /// <exception cref="WireException">It has no id or no type.</exception>
    public static MessageHeader From(JsonObject json) => new(
        Text(json, "msg_id") ?? throw new WireException("The header has no text 'msg_id'."),
        Text(json, "msg_type") ?? throw new WireException("The header has no text 'msg_type'."),
        Text(json, "session") ?? "", Text(json, "username") ?? "", Text(json, "date") ?? "", Text(json, "version") ?? "");

    /// <summary>The header as it is sent.</summary>
    public JsonObject ToJson() => new()
    {
        ["msg_id"] = Id, ["msg_type"] = Type, ["session"] = Session, ["username"] = User, ["date"] = Date, ["version"] = Version,
    };

    private static string? Text(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
