using System.Net;
using System.Text;

namespace Embodied.Course.Book;

/// <summary>Pages that show the files to which chapters link, mostly the library's source.</summary>
internal sealed class SourcePages
{
    private const string Folder = "source";

    private static readonly HashSet<string> Readable =
        new([".cs", ".csx", ".py", ".md", ".txt", ".json", ".csv", ".sh", ".yml", ".xml", ".props"], StringComparer.OrdinalIgnoreCase);

    private readonly Dictionary<string, string> pages = [];

    /// <summary>The address of the page that shows the file at <paramref name="path"/>; null when it is no text.</summary>
    public string? Link(string path)
    {
        string full = Path.GetFullPath(path);
        if (!Readable.Contains(Path.GetExtension(full)))
        {
            return null;
        }
        if (!pages.TryGetValue(full, out string? page))
        {
            string stem = $"{Folder}/{Path.GetFileName(Path.GetDirectoryName(full))}-{Path.GetFileName(full)}";
            page = $"{stem}.html";
            for (int n = 2; pages.ContainsValue(page); n++)
            {
                page = $"{stem}-{n}.html";
            }
            pages[full] = page;
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
            string text = File.ReadAllText(file);
            string code = Path.GetExtension(file) is ".cs" or ".csx" ? CSharpHighlighter.ToHtml(text, isFile: Path.GetExtension(file) == ".cs") : WebUtility.HtmlEncode(text);
            StringBuilder body = new($"<main id=\"main\" class=\"source\"><h1><code>{name}</code></h1>");
            body.Append($"<pre class=\"code\"><code>{code}</code></pre></main>");
            File.WriteAllText(Path.Combine(book, page), PageTemplate.Fill(name, body.ToString(), root: "../", hasCharts: false));
        }
    }
}
