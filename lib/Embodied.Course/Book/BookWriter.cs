using System.Net;
using System.Text;
using Embodied.Interactive.Documents;

namespace Embodied.Course.Book;

/// <summary>An executed notebook of the book.</summary>
/// <param name="Name">Its file name without extension, such as <c>08-normalized-cuts</c>.</param>
/// <param name="Document">The notebook with its outputs.</param>
/// <param name="Folder">Where its relative links and images begin.</param>
public sealed record BookChapter(string Name, NotebookDocument Document, string Folder);

/// <summary>Makes a static site of executed notebooks: it works from the file system, without a network.</summary>
public static class BookWriter
{
    /// <summary>The file to open.</summary>
    public const string Index = "index.html";

    // How a folder is known to be a book, and not something of a person's that must not be replaced.
    private static readonly string Mark = Path.Combine("assets", "book.css");

    /// <summary>Writes the book beside <paramref name="folder"/> and moves it into place; an older book there is replaced as a whole.</summary>
    /// <param name="chapters">The chapters, in order.</param>
    /// <param name="folder">Where the book shall be.</param>
    /// <returns>The path of the file to open.</returns>
    /// <exception cref="BookException">A chapter cannot be shown: an unknown TeX command, a missing image; or <paramref name="folder"/> holds something else.</exception>
    /// <exception cref="IOException">The book cannot be written; the older one stays.</exception>
    public static string Write(IReadOnlyList<BookChapter> chapters, string folder)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any() && !File.Exists(Path.Combine(folder, Mark)))
        {
            throw new BookException($"The folder '{folder}' holds something that is no book; move it away, or choose another folder with --out.");
        }
        MathTypesetter math = new();
        SourcePages sources = new();
        ChapterPage[] pages = [.. chapters.Select(chapter => ChapterPage.Of(chapter, math, sources))];

        string beside = $"{folder}.{Environment.ProcessId}.partial", old = $"{folder}.{Environment.ProcessId}.old.partial";
        try
        {
            Directory.CreateDirectory(beside);
            BookAssets.Write(Path.Combine(beside, "assets"));
            File.WriteAllText(Path.Combine(beside, Index), PageTemplate.Fill("Embodied Learning and Vision", ContentsPage.Body(pages), root: "", hasCharts: false));
            for (int i = 0; i < pages.Length; i++)
            {
                File.WriteAllText(
                    Path.Combine(beside, pages[i].File), pages[i].Html(i > 0 ? pages[i - 1] : null, i + 1 < pages.Length ? pages[i + 1] : null));
            }
            sources.Write(beside);
            if (Directory.Exists(folder))
            {
                Directory.Move(folder, old);
            }
            Directory.Move(beside, folder);
        }
        finally
        {
            Remove(beside);
            if (!Directory.Exists(folder) && Directory.Exists(old))
            {
                Directory.Move(old, folder);
            }
            Remove(old);
        }
        return Path.Combine(folder, Index);
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>Pages that show the library's source files to which chapters link.</summary>
internal sealed class SourcePages
{
    private const string Folder = "source";
    private readonly Dictionary<string, string> pages = [];

    /// <summary>The address of the page that shows the file at <paramref name="path"/>.</summary>
    public string Link(string path)
    {
        string full = Path.GetFullPath(path);
        if (!pages.TryGetValue(full, out string? page))
        {
            page = pages[full] = $"{Folder}/{Path.GetFileName(Path.GetDirectoryName(full))}-{Path.GetFileName(full)}.html";
        }
        return page;
    }

    /// <summary>Writes the pages into the book's folder.</summary>
    public void Write(string book)
    {
        Directory.CreateDirectory(Path.Combine(book, Folder));
        foreach ((string file, string page) in pages)
        {
            string name = WebUtility.HtmlEncode($"{Path.GetFileName(Path.GetDirectoryName(file))}/{Path.GetFileName(file)}");
            StringBuilder body = new($"<main id=\"main\" class=\"source\"><h1><code>{name}</code></h1>");
            body.Append($"<pre class=\"code\"><code>{CSharpHighlighter.ToHtml(File.ReadAllText(file), isFile: true)}</code></pre></main>");
            File.WriteAllText(Path.Combine(book, page), PageTemplate.Fill(name, body.ToString(), root: "../", hasCharts: false));
        }
    }
}
