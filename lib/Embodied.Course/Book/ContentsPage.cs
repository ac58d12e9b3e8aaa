using System.Text;

namespace Embodied.Course.Book;

/// <summary>The book's first page: what there is to read.</summary>
internal static class ContentsPage
{
    public static string Body(IReadOnlyList<ChapterPage> pages)
    {
        StringBuilder html = new(
            """
            <main id="main" class="contents">
            <h1>Embodied Learning and Vision</h1>
            <p class="lead">How agents learn to see, predict and act: every equation of the lectures runs here. Each chapter is an executed
            notebook: the math, the code, the figures, and the numbers that it promises.</p>
            <ol class="chapters">
            """);
        foreach (ChapterPage page in pages)
        {
            int held = page.Claims.Count(claim => claim.Held);
            string claims = page.Claims.Count == 0 ? "no claims"
                : held == page.Claims.Count ? $"<span class=\"good\">✓</span> {held} of {held} claims hold"
                : $"<span class=\"bad\">✗</span> {held} of {page.Claims.Count} claims hold";
            string stopped = page.Stopped ? "<span class=\"bad\">✗</span> stopped at an error · " : "";
            html.Append(
                $"""
                <li><article>
                <h2><a href="{page.File}"><span class="number">{page.Number}</span> {page.Title}</a></h2>
                {(page.Summary.Length > 0 ? $"<p>{page.Summary}</p>" : "")}
                <p class="facts">{(page.Ran ? $"{stopped}{claims} · ran in {page.Seconds:0} s" : "not executed yet")}</p>
                </article></li>
                """);
        }
        return html.Append("</ol></main>").ToString();
    }
}
