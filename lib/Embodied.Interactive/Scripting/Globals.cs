using System.Diagnostics.CodeAnalysis;
using Embodied.Interactive.Display;
using Microsoft.AspNetCore.Html;

namespace Embodied.Interactive.Scripting;

/// <summary>What every cell can call without asking, named as in .NET Interactive so that notebooks run in both.</summary>
[SuppressMessage("Style", "IDE1006", Justification = "Notebooks know these names in lower case.")]
public static class Globals
{
    /// <summary>Displays a value.</summary>
    /// <param name="value">What to display.</param>
    /// <param name="mimeTypes">The representations wanted; none: those that its type prefers.</param>
    /// <returns>The display, to be updated.</returns>
    public static DisplayedValue display(object? value, params string[] mimeTypes) => DisplayedValue.Show(value, mimeTypes);

    /// <summary>Marks text as HTML, to be displayed as such.</summary>
    /// <param name="content">The HTML.</param>
    public static IHtmlContent HTML(string content) => new HtmlString(content);
}

/// <summary>What values can do in a cell.</summary>
public static class DisplayExtensions
{
    /// <summary>Displays a value.</summary>
    /// <param name="value">What to display.</param>
    /// <param name="mimeTypes">The representations wanted; none: those that its type prefers.</param>
    /// <returns>The display, to be updated.</returns>
    public static DisplayedValue Display(this object? value, params string[] mimeTypes) => DisplayedValue.Show(value, mimeTypes);

    /// <summary>Displays text as content of a MIME type, such as <c>text/markdown</c>.</summary>
    /// <param name="value">The content.</param>
    /// <param name="mimeType">Its MIME type.</param>
    /// <returns>The display; it takes updates of any kind of value.</returns>
    public static DisplayedValue DisplayAs(this string value, string mimeType)
    {
        System.Text.Json.Nodes.JsonNode content = mimeType.EndsWith("json", StringComparison.Ordinal)
            ? System.Text.Json.Nodes.JsonNode.Parse(value)! : System.Text.Json.Nodes.JsonValue.Create(value);
        System.Text.Json.Nodes.JsonObject data = new() { [mimeType] = content };
        data["text/plain"] ??= value;
        return DisplayedValue.Show(new MimeBundle(data));
    }
}
