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

    /// <summary>Whether it has been executed.</summary>
    public bool Ran => Chapter.Document.Cells.Any(cell => cell.Kind == CellKind.Code && (cell.ExecutionCount is not null || cell.Outputs.Count > 0));

    /// <summary>Whether it ended at an error that it did not announce.</summary>
    public bool Stopped => Chapter.Document.Cells.Any(cell =>
        !cell.Tags.Contains("raises-exception") && cell.Outputs.OfType<JsonObject>().Any(output => output["output_type"]?.ToString() == "error"));

    /// <summary>The notebook's number in the course, as in its file's name; empty when it has none.</summary>
    public string Number => Chapter.Name.Split('-')[0] is { } first && first.All(char.IsAsciiDigit) ? first : "";

    public string File => Chapter.Name + ".html";

    /// <summary>Renders the cells.</summary>
    /// <param name="chapter">The notebook.</param>
    /// <param name="math">Typesets its math.</param>
    /// <param name="links">Where its links lead.</param>
    /// <exception cref="BookException">A formula or an image in it cannot be shown, or a link leads nowhere.</exception>
    public static ChapterPage Of(BookChapter chapter, MathTypesetter math, ChapterLinks links)
    {
        MarkdownRenderer markdown = new(math, links.Target);
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
                    title = Anchors().Replace(title, ""); // It becomes a link itself.
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
                : cell.Tags.Contains("hide-input") || (cell.Metadata["jupyter"] as JsonObject)?["source_hidden"]?.ToString() == "true" ? "Code" : null;
            html.Append(folded is null ? code : $"<details class=\"folded\"><summary>{folded}</summary>{code}</details>");
        }
        string shown = outputs.Render(cell);
        if (shown.Length > 0)
        {
            html.Append($"<div class=\"outputs\">{shown}</div>");
        }
        if (Elapsed(cell) is { TotalSeconds: >= 1 } elapsed)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"time\"><span class=\"unseen\">Ran in </span>{elapsed.TotalSeconds:0.0} s</p>");
        }
        return html.Append("</section>\n").ToString();
    }

    private static TimeSpan? Elapsed(NotebookCell cell) =>
        cell.Metadata["execution"] is JsonObject times
        && DateTimeOffset.TryParse(times["iopub.execute_input"]?.ToString(), CultureInfo.InvariantCulture, out DateTimeOffset begun)
        && DateTimeOffset.TryParse(times["shell.execute_reply"]?.ToString(), CultureInfo.InvariantCulture, out DateTimeOffset ended)
            ? ended - begun : null;

    [GeneratedRegex("</?a\\b[^>]*>")]
    private static partial Regex Anchors();

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tags();
}
