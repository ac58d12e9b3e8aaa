using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Embodied.Interactive.Documents;

namespace Embodied.Course.Book;

/// <summary>Turns a cell's outputs into HTML, each in the richest form that a static page can show.</summary>
/// <param name="markdown">Renders Markdown.</param>
/// <param name="math">Typesets math.</param>
internal sealed partial class OutputRenderer(MarkdownRenderer markdown, MathTypesetter math)
{
    private const string Plotly = "application/vnd.plotly.v1+json";
    private static readonly JsonSerializerOptions ForScript = new(); // Escapes <, so that nothing in a figure ends its script element.
    private int figures;

    /// <summary>The HTML of all outputs of <paramref name="cell"/>; empty when there are none.</summary>
    public string Render(NotebookCell cell)
    {
        StringBuilder html = new();
        foreach (JsonObject output in cell.Outputs.OfType<JsonObject>())
        {
            html.Append(output["output_type"]?.ToString() switch
            {
                "stream" => Stream(MultilineText.Join(output["text"]), output["name"]?.ToString() == "stderr"),
                "error" => Error(output),
                _ => Bundle(output["data"] as JsonObject ?? [], output["metadata"] as JsonObject, cell),
            });
        }
        return html.ToString();
    }

    private string Bundle(JsonObject data, JsonObject? metadata, NotebookCell cell)
    {
        if (data[Plotly] is JsonObject figure)
        {
            return Chart(figure);
        }
        if (data["text/html"] is { } html)
        {
            return $"<div class=\"html\">{MultilineText.Join(html)}</div>\n";
        }
        foreach (string mime in (string[])["image/png", "image/jpeg", "image/gif", "image/webp"])
        {
            if (data[mime] is { } image)
            {
                JsonObject? size = metadata?[mime] as JsonObject;
                string base64 = string.Concat(MultilineText.Join(image).Where(c => !char.IsWhiteSpace(c)));
                string alt = Words(data, "Image");
                return $"<p class=\"image\"><img src=\"data:{mime};base64,{base64}\" alt=\"{alt}\"{Attribute("width", size)}{Attribute("height", size)}></p>\n";
            }
        }
        if (data["image/svg+xml"] is { } svg)
        {
            string base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(MultilineText.Join(svg)));
            string alt = Words(data, "Drawing");
            return $"<p class=\"image\"><img src=\"data:image/svg+xml;base64,{base64}\" alt=\"{alt}\"></p>\n";
        }
        if (data["text/markdown"] is { } prose)
        {
            return $"<div class=\"prose\">{markdown.Render(MultilineText.Join(prose), cell)}</div>\n";
        }
        if (data["text/latex"] is { } tex)
        {
            string formula = MultilineText.Join(tex).Trim().Trim('$').Trim();
            return $"<div class=\"formula\">{math.Typeset(formula, display: true)}</div>\n";
        }
        return data["text/plain"] is { } plain ? Stream(MultilineText.Join(plain), isError: false, "value") : "";
    }

    private static string Words(JsonObject data, string otherwise) =>
        WebUtility.HtmlEncode(MultilineText.Join(data["text/plain"]) is { Length: > 0 } text ? text : otherwise);

    // The title goes into the page, where it wraps on a narrow screen and is text for everyone.
    private string Chart(JsonObject figure)
    {
        JsonObject copy = figure.DeepClone().AsObject();
        JsonObject layout = copy["layout"] as JsonObject ?? [];
        string title = layout["title"] switch
        {
            JsonObject text => text["text"]?.ToString() ?? "",
            JsonValue text => text.ToString(),
            _ => "",
        };
        layout.Remove("title");
        string player = copy["frames"] is JsonArray { Count: > 0 } ? AnimationControls.Take(layout) : "";
        double top = Number(layout["margin"]?["t"]) ?? 40, height = Number(layout["height"]) ?? 420;
        if (title.Length > 0)
        {
            // What is left above the plot is room for the panels' captions and the tool bar.
            double titleRoom = 20 * title.Split("<br>").Length - (layout["annotations"] is JsonArray { Count: > 0 } ? 8 : 0);
            height -= Math.Min(titleRoom, top);
            if (layout["margin"] is JsonObject margin)
            {
                margin["t"] = Math.Max(0, top - titleRoom);
            }
            layout["height"] = height;
        }
        layout.Remove("width");
        layout["autosize"] = true;
        copy["layout"] = layout.Parent is null ? layout : layout.DeepClone();
        string words = title.Replace("<br>", " ", StringComparison.Ordinal), id = FormattableString.Invariant($"figure:{++figures}"); // No heading's anchor has a colon.
        string caption = words.Length > 0 ? $"<figcaption id=\"{id}\">{Rich(words)}</figcaption>" : "";
        string label = words.Length > 0 ? $"aria-labelledby=\"{id}\"" : "aria-label=\"Chart\"";
        return $"<figure class=\"chart\">{caption}<div class=\"chart-box\"><div class=\"book-plot\" role=\"img\" {label} style=\"height:{height.ToString(CultureInfo.InvariantCulture)}px\"></div></div>{player}"
            + $"<script type=\"application/json\">{copy.ToJsonString(ForScript)}</script></figure>\n";
    }

    private static string Stream(string text, bool isError, string? kind = null)
    {
        string plain = Overwritten().Replace(Ansi().Replace(text, "").Replace("\r\n", "\n", StringComparison.Ordinal), "").TrimEnd('\n', '\r');
        return plain.Length == 0 ? "" : $"<pre class=\"{kind ?? (isError ? "stderr" : "stdout")}\">{WebUtility.HtmlEncode(plain)}</pre>\n";
    }

    private static string Error(JsonObject error)
    {
        IEnumerable<string> lines = (error["traceback"] as JsonArray ?? []).Select(line => line?.ToString() ?? "");
        string text = string.Join('\n', lines);
        return $"<pre class=\"error\">{WebUtility.HtmlEncode(Ansi().Replace(text.Length > 0 ? text : $"{error["ename"]}: {error["evalue"]}", ""))}</pre>\n";
    }

    private static string Attribute(string name, JsonObject? size) => Number(size?[name]) is { } pixels ? FormattableString.Invariant($" {name}=\"{pixels:0}\"") : "";

    private static double? Number(JsonNode? node) => node?.GetValueKind() == JsonValueKind.Number ? double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture) : null;

    [GeneratedRegex("\u001b\\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Ansi();

    // What a terminal would have written over.
    [GeneratedRegex("[^\n\r]*\r(?=[^\n\r])")]
    private static partial Regex Overwritten();

    // Plotly's titles know few tags; what else looks like one is text.
    private static string Rich(string title) => Known().Replace(WebUtility.HtmlEncode(WebUtility.HtmlDecode(title)), "<$1>");

    [GeneratedRegex("&lt;(/?(?:b|i|sub|sup))&gt;")]
    private static partial Regex Known();
}
