namespace Embodied.Course.Book;

/// <summary>What all pages of the book share.</summary>
internal static class PageTemplate
{
    /// <summary>The whole page around <paramref name="body"/>.</summary>
    /// <param name="title">The title, as HTML text.</param>
    /// <param name="body">The content, with its main landmark.</param>
    /// <param name="root">The way to the book's folder: empty, or <c>../</c>.</param>
    /// <param name="hasCharts">Whether plotly.js is needed.</param>
    public static string Fill(string title, string body, string root, bool hasCharts) =>
        $"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{title}</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="{root}assets/temml.css">
        <link rel="stylesheet" href="{root}assets/book.css">
        <script>try {"{"} const t = localStorage.getItem("theme"); if (t) document.documentElement.dataset.theme = t; {"}"} catch {"{}"}</script>
        </head>
        <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="bar"><a href="{root}index.html">Embodied Learning and Vision</a><button type="button" id="theme">Dark</button></header>
        {(hasCharts ? "<noscript><p class=\"no-script\">A script draws the charts of this page; they appear once it is allowed.</p></noscript>" : "")}
        {body}
        {(hasCharts ? $"<script src=\"{root}assets/plotly.min.js\" defer></script>" : "")}
        <script src="{root}assets/book.js" defer></script>
        </body>
        </html>

        """;
}
