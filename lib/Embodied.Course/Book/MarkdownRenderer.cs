using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Embodied.Interactive.Documents;
using Markdig;
using Markdig.Extensions.Mathematics;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Embodied.Course.Book;

/// <summary>A heading of a page.</summary>
/// <param name="Level">1 to 6.</param>
/// <param name="Id">Its anchor.</param>
/// <param name="Html">Its text, math typeset.</param>
public sealed record Heading(int Level, string Id, string Html);

/// <summary>Turns a notebook's Markdown into HTML with typeset math, and keeps the headings for the page's table of contents.</summary>
/// <param name="math">Typesets the math.</param>
/// <param name="link">The new target of a link, or of an image when the flag is set, in the cell; null leaves the link's words without a link.</param>
internal sealed partial class MarkdownRenderer(MathTypesetter math, Func<string, bool, NotebookCell, string?> link)
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .UsePipeTables().UseMathematics().UseAutoLinks().UseEmphasisExtras().UseTaskLists().UseFootnotes().Build();

    private readonly List<Heading> headings = [];
    private readonly HashSet<string> ids = ["main", "theme"]; // The page's own.

    /// <summary>The headings met so far.</summary>
    public IReadOnlyList<Heading> Headings => headings;

    /// <summary>The HTML of a cell's Markdown.</summary>
    /// <exception cref="TexException">A formula cannot be typeset.</exception>
    public string Render(string markdown, NotebookCell cell) => Render(Parse(markdown, cell), Keep);

    /// <summary>The first heading's text and the first paragraph after it, without claiming anchors.</summary>
    public (string Title, string Summary) Opening(string markdown, NotebookCell cell)
    {
        MarkdownDocument document = Parse(markdown, cell);
        HeadingBlock? heading = document.OfType<HeadingBlock>().FirstOrDefault();
        ParagraphBlock? paragraph = document.SkipWhile(block => heading is not null && block != heading).OfType<ParagraphBlock>().FirstOrDefault();
        return (heading is null ? "" : Inlines(heading), paragraph is null ? "" : Inlines(paragraph));
    }

    private static MarkdownDocument Parse(string markdown) => Markdown.Parse(MathLines.Join(markdown), Pipeline);

    private MarkdownDocument Parse(string markdown, NotebookCell cell)
    {
        MarkdownDocument document = Parse(markdown);
        foreach (LinkInline inline in document.Descendants<LinkInline>().ToArray())
        {
            if (inline.Url is { } before)
            {
                inline.Url = link(before, inline.IsImage, cell);
                if (inline.Url is null)
                {
                    inline.ReplaceBy(new ContainerInline(), copyChildren: true);
                }
            }
        }
        return document;
    }

    private string Render(MarkdownDocument document, Action<MarkdownDocument> prepare)
    {
        prepare(document);
        StringWriter writer = new();
        Renderer(writer).Render(document);
        return writer.ToString();
    }

    private void Keep(MarkdownDocument document)
    {
        foreach (HeadingBlock heading in document.Descendants<HeadingBlock>())
        {
            string html = Inlines(heading);
            string id = Unique(Slug(html));
            heading.GetAttributes().Id = id;
            headings.Add(new Heading(heading.Level, id, html));
        }
    }

    private string Inlines(LeafBlock block)
    {
        StringWriter writer = new();
        HtmlRenderer renderer = Renderer(writer);
        renderer.WriteLeafInline(block);
        renderer.Writer.Flush();
        return writer.ToString();
    }

    private HtmlRenderer Renderer(TextWriter writer)
    {
        HtmlRenderer renderer = new(writer);
        Pipeline.Setup(renderer);
        renderer.ObjectRenderers.ReplaceOrAdd<HtmlMathInlineRenderer>(new InlineMath(math));
        renderer.ObjectRenderers.ReplaceOrAdd<HtmlMathBlockRenderer>(new BlockMath(math));
        renderer.ObjectRenderers.ReplaceOrAdd<CodeBlockRenderer>(new Code());
        return renderer;
    }

    private string Unique(string slug)
    {
        string id = slug;
        for (int n = 2; !ids.Add(id); n++)
        {
            id = $"{slug}-{n}";
        }
        return id;
    }

    /// <summary>The anchor of a heading: lower-case ASCII letters and digits, with single dashes between.</summary>
    /// <param name="html">The heading's HTML.</param>
    public static string Slug(string html)
    {
        StringBuilder slug = new();
        foreach (char c in WebUtility.HtmlDecode(Tags().Replace(html, "")).ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                slug.Append(c);
            }
            else if (slug.Length > 0 && slug[^1] != '-')
            {
                slug.Append('-');
            }
        }
        return slug.ToString().Trim('-') is { Length: > 0 } text ? text : "section";
    }

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tags();

    private sealed class InlineMath(MathTypesetter math) : HtmlObjectRenderer<MathInline>
    {
        protected override void Write(HtmlRenderer renderer, MathInline inline)
        {
            bool display = inline.DelimiterCount > 1;
            string mathml = math.Typeset(inline.Content.ToString(), display);
            renderer.Write(display ? $"<span class=\"formula\">{mathml}</span>" : mathml);
        }
    }

    private sealed class BlockMath(MathTypesetter math) : HtmlObjectRenderer<MathBlock>
    {
        protected override void Write(HtmlRenderer renderer, MathBlock block) =>
            renderer.Write("<div class=\"formula\">").Write(math.Typeset(block.Lines.ToString(), display: true)).Write("</div>\n");
    }

    private sealed class Code : HtmlObjectRenderer<CodeBlock>
    {
        protected override void Write(HtmlRenderer renderer, CodeBlock block)
        {
            string language = (block as FencedCodeBlock)?.Info ?? "";
            string text = block.Lines.ToString();
            string html = language is "csharp" or "cs" or "c#" or "C#" ? CSharpHighlighter.ToHtml(text) : WebUtility.HtmlEncode(text);
            renderer.Write($"<pre class=\"code\"><code>{html}</code></pre>\n");
        }
    }
}
