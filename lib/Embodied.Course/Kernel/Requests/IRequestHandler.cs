using System.Text.Json.Nodes;
using Embodied.Course.Kernel.Wire;

namespace Embodied.Course.Kernel.Requests;

/// <summary>A request on its way through the kernel.</summary>
/// <param name="Message">What was asked.</param>
/// <param name="Channel">Where.</param>
/// <param name="Kernel">Who answers.</param>
internal sealed record Request(KernelMessage Message, RequestChannel Channel, KernelHost Kernel)
{
    /// <summary>What was asked, in the request's own terms.</summary>
    public JsonObject Content => Message.Content;

    /// <summary>A text of the content; null when there is none.</summary>
    public string? Text(string name) => Content[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>A flag of the content.</summary>
    public bool Flag(string name, bool otherwise) => Content[name] is JsonValue value && value.TryGetValue(out bool flag) ? flag : otherwise;

    /// <summary>A whole number of the content.</summary>
    public int? Number(string name) => Content[name] is JsonValue value && value.TryGetValue(out int number) ? number : null;

    /// <summary>Answers; the type follows from the request's.</summary>
    public void Reply(JsonObject content) => Kernel.Reply(this, content);

    /// <summary>Answers that all is well, with <paramref name="content"/>.</summary>
    public void ReplyOk(JsonObject? content = null)
    {
        JsonObject reply = content ?? [];
        reply["status"] = "ok";
        Reply(reply);
    }

    /// <summary>Tells all clients, as a consequence of this request.</summary>
    public void Publish(string type, JsonObject content, JsonObject? metadata = null) => Kernel.Publish(type, content, Message, metadata);
}

/// <summary>Answers one type of request.</summary>
internal interface IRequestHandler
{
    /// <summary>The request's type, such as <c>kernel_info_request</c>.</summary>
    string Type { get; }

    /// <summary>Whether the answer does not depend on the cells before it, so that it need not wait for them.</summary>
    bool AtOnce { get; }

    /// <summary>Answers.</summary>
    Task HandleAsync(Request request);
}
