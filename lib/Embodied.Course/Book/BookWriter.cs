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
    /// <param name="cancellation">Gives up; an older book stays.</param>
    /// <returns>The path of the file to open.</returns>
    /// <exception cref="BookException">A chapter cannot be shown: an unknown TeX command, a missing image, a link that leads nowhere; or <paramref name="folder"/> holds something else.</exception>
    /// <exception cref="IOException">The book cannot be written; the older one stays.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static string Write(IReadOnlyList<BookChapter> chapters, string folder, CancellationToken cancellation = default)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any() && !File.Exists(Path.Combine(folder, Mark)))
        {
            throw new BookException($"The folder '{folder}' holds something that is no book; move it away, or choose another folder with --out.");
        }
        Distinguish(chapters);
        MathTypesetter math = new();
        SourcePages sources = new();
        HashSet<string> names = [.. chapters.Select(chapter => chapter.Name)];
        ChapterPage[] pages =
        [
            .. chapters.Select(chapter =>
            {
                cancellation.ThrowIfCancellationRequested();
                return ChapterPage.Of(chapter, math, new ChapterLinks(chapter.Folder, names, sources));
            }),
        ];

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
            cancellation.ThrowIfCancellationRequested();
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

    // File systems that ignore case hold one page for both.
    private static void Distinguish(IReadOnlyList<BookChapter> chapters)
    {
        Dictionary<string, string> pages = new(StringComparer.OrdinalIgnoreCase) { [Path.GetFileNameWithoutExtension(Index)] = "the contents" };
        foreach (BookChapter chapter in chapters)
        {
            if (!pages.TryAdd(chapter.Name, $"{chapter.Name}.ipynb"))
            {
                throw new BookException($"{chapter.Name}.ipynb and {pages[chapter.Name]} would be the same page of the book; rename the notebook.");
            }
        }
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
