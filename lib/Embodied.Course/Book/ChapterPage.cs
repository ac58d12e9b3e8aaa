using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Running;

namespace Embodied.Course.Book;

/// <summary>One notebook as a page.</summary>
internal sealed partial class ChapterPage
{
    private readonly string cells;
    private readonly IReadOnlyList<Heading> headings;

    private ChapterPage(BookChapter chapter, string title, string summary, string cells, IReadOnlyList<Heading> headings)
    {
        (Chapter, Title, Summary, this.cells, this.headings) = (chapter, title, summary, cells, headings);
        Claims = NotebookClaim.In(chapter.Document);
        Seconds = chapter.Document.Cells.Sum(cell => Elapsed(cell)?.TotalSeconds ?? 0);
    }

    public BookChapter Chapter { get; }

    /// <summary>The notebook's title, as HTML.</summary>
    public string Title { get; }

    /// <summary>Its first paragraph, as HTML.</summary>
    public string Summary { get; }

    public IReadOnlyList<NotebookClaim> Claims { get; }

    /// <summary>How long its cells ran.</summary>
    public double Seconds { get; }

    /// <summary>The notebook's number in the course, as in its file's name; empty when it has none.</summary>
    public string Number => Chapter.Name.Split('-')[0] is { } first && first.All(char.IsAsciiDigit) ? first : "";

    public string File => Chapter.Name + ".html";

    /// <summary>Renders the cells.</summary>
    /// <exception cref="BookException">A formula or an image in it cannot be shown.</exception>
    public static ChapterPage Of(BookChapter chapter, MathTypesetter math, SourcePages sources)
    {
        MarkdownRenderer markdown = new(math, (target, isImage, cell) => Target(target, isImage, cell, chapter, sources));
        OutputRenderer outputs = new(markdown, math);
        StringBuilder html = new();
        string title = "", summary = "";
        for (int i = 0; i < chapter.Document.Cells.Count; i++)
        {
            NotebookCell cell = chapter.Document.Cells[i];
            try
            {
                if (title.Length == 0 && cell.Kind == CellKind.Markdown)
                {
                    (title, summary) = markdown.Opening(cell.Source, cell);
                }
                html.Append(cell.Kind switch
                {
                    CellKind.Markdown => $"<section class=\"prose\">{markdown.Render(cell.Source, cell)}</section>\n",
                    CellKind.Code => Code(cell, outputs),
                    _ => "",
                });
            }
            catch (TexException e)
            {
                throw new BookException($"{chapter.Name}.ipynb, cell {i + 1}{(cell.Id.Length > 0 ? $" (id '{cell.Id}')" : "")}: a formula cannot be typeset: {e.Message}");
            }
            catch (BookException e)
            {
                throw new BookException($"{chapter.Name}.ipynb, cell {i + 1}{(cell.Id.Length > 0 ? $" (id '{cell.Id}')" : "")}: {e.Message}");
            }
        }
        return new ChapterPage(chapter, title.Length > 0 ? title : WebUtility.HtmlEncode(chapter.Name), summary, html.ToString(), markdown.Headings);
    }

    /// <summary>The whole page.</summary>
    public string Html(ChapterPage? before, ChapterPage? after)
    {
        StringBuilder body = new("<div class=\"layout\">");
        Heading[] entries = [.. headings.Where(heading => heading.Level == 2)];
        if (entries.Length > 0)
        {
            body.Append("<nav class=\"toc\" aria-label=\"On this page\"><details open><summary>On this page</summary><ol>")
                .AppendJoin("", entries.Select(heading => $"<li><a href=\"#{heading.Id}\">{Anchors().Replace(heading.Html, "")}</a></li>"))
                .Append("</ol></details></nav>");
        }
        body.Append($"<main id=\"main\">{cells}</main></div>");
        body.Append("<nav class=\"pager\" aria-label=\"Chapters\">")
            .Append(before is null ? "<span></span>" : $"<a rel=\"prev\" href=\"{before.File}\">← {before.Number} {before.Title}</a>")
            .Append(after is null ? "<span></span>" : $"<a rel=\"next\" href=\"{after.File}\">{after.Number} {after.Title} →</a>")
            .Append("</nav>");
        return PageTemplate.Fill(Tags().Replace(Title, ""), body.ToString(), root: "", hasCharts: cells.Contains("class=\"book-plot\"", StringComparison.Ordinal));
    }

    private static string Code(NotebookCell cell, OutputRenderer outputs)
    {
        string source = cell.Source.TrimEnd();
        if (cell.Tags.Contains("hide-cell") || (source.Length == 0 && cell.Outputs.Count == 0))
        {
            return "";
        }
        StringBuilder html = new("<section class=\"cell\">");
        if (source.Length > 0)
        {
            string code = $"<pre class=\"code\"><code>{CSharpHighlighter.ToHtml(source)}</code></pre>";
            string? folded = cell.Metadata["nbgrader"] is JsonObject mark && mark["solution"]?.ToString() == "true" ? "A solution"
                : cell.Tags.Contains("hide-input") ? "Code" : null;
            html.Append(folded is null ? code : $"<details class=\"folded\"><summary>{folded}</summary>{code}</details>");
        }
        string shown = outputs.Render(cell);
        if (shown.Length > 0)
        {
            html.Append($"<div class=\"outputs\">{shown}</div>");
        }
        if (Elapsed(cell) is { TotalSeconds: >= 1 } elapsed)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"time\">{elapsed.TotalSeconds:0.0} s</p>");
        }
        return html.Append("</section>\n").ToString();
    }

    private static TimeSpan? Elapsed(NotebookCell cell) =>
        cell.Metadata["execution"] is JsonObject times
        && DateTimeOffset.TryParse(times["iopub.execute_input"]?.ToString(), CultureInfo.InvariantCulture, out DateTimeOffset begun)
        && DateTimeOffset.TryParse(times["shell.execute_reply"]?.ToString(), CultureInfo.InvariantCulture, out DateTimeOffset ended)
            ? ended - begun : null;

    private static string Target(string target, bool isImage, NotebookCell cell, BookChapter chapter, SourcePages sources)
    {
        if (target.StartsWith("attachment:", StringComparison.Ordinal))
        {
            string name = Uri.UnescapeDataString(target["attachment:".Length..]);
            (string mime, JsonNode? data) = (cell.Attachments?[name] as JsonObject)?.FirstOrDefault() ?? default;
            return data is null
                ? throw new BookException($"the image 'attachment:{name}' is not attached to the cell.")
                : $"data:{mime};base64,{string.Concat(MultilineText.Join(data).Where(c => !char.IsWhiteSpace(c)))}";
        }
        if (target.StartsWith('#') || Uri.TryCreate(target, UriKind.Absolute, out Uri? absolute) && !absolute.IsFile)
        {
            return isImage && target.StartsWith("http", StringComparison.OrdinalIgnoreCase)
                ? throw new BookException($"the image '{target}' lies on the network; the book has to work without one, so attach it to the cell.")
                : target;
        }
        string path = Path.GetFullPath(Path.Combine(chapter.Folder, Uri.UnescapeDataString(target.Split('#')[0])));
        if (isImage)
        {
            string mime = Path.GetExtension(path).ToLowerInvariant() switch { ".svg" => "svg+xml", ".jpg" => "jpeg", var other => other.TrimStart('.') };
            return System.IO.File.Exists(path)
                ? $"data:image/{mime};base64,{Convert.ToBase64String(System.IO.File.ReadAllBytes(path))}"
                : throw new BookException($"there is no image '{target}'.");
        }
        return path.EndsWith(".ipynb", StringComparison.Ordinal) ? Path.GetFileNameWithoutExtension(path) + ".html"
            : path.EndsWith(".cs", StringComparison.Ordinal) && System.IO.File.Exists(path) ? sources.Link(path)
            : target;
    }

    [GeneratedRegex("</?a\\b[^>]*>")]
    private static partial Regex Anchors();

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tags();
}
