using System.Text.Json.Nodes;

namespace Embodied.Interactive.Display;

/// <summary>One value in several representations, keyed by MIME type; there is always a <c>text/plain</c> among them.</summary>
public sealed class MimeBundle
{
    /// <summary>The representations: a string for text and base64, an object for types that end in <c>+json</c>.</summary>
    public JsonObject Data { get; }

    /// <summary>Metadata, keyed by MIME type, such as an image's width and height in CSS pixels.</summary>
    public JsonObject Metadata { get; }

    /// <summary>Makes a bundle of <paramref name="data"/>.</summary>
    /// <exception cref="ArgumentException"><paramref name="data"/> has no <c>text/plain</c>.</exception>
    public MimeBundle(JsonObject data, JsonObject? metadata = null)
    {
        if (!data.ContainsKey("text/plain"))
        {
            throw new ArgumentException("A MIME bundle needs a text/plain representation beside its others.", nameof(data));
        }
        Data = data;
        Metadata = metadata ?? [];
    }

    /// <summary>The plain-text representation.</summary>
    public string PlainText => Data["text/plain"]!.GetValue<string>();
}
