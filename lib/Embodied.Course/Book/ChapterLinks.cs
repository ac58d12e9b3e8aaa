using System.Text.Json.Nodes;
using Embodied.Interactive.Documents;

namespace Embodied.Course.Book;

/// <summary>Where a chapter's links and images lead in the book, which carries everything it shows.</summary>
/// <param name="folder">Where the notebook's relative links begin.</param>
/// <param name="chapters">The names of the book's chapters.</param>
/// <param name="sources">Pages of files to which chapters link.</param>
internal sealed class ChapterLinks(string folder, IReadOnlySet<string> chapters, SourcePages sources)
{
    /// <summary>The address in the book; null where the book has nothing to lead to, so that only the words stay.</summary>
    /// <param name="target">The address in the notebook.</param>
    /// <param name="isImage">Whether it is shown in place; then its data come back, and never null.</param>
    /// <param name="cell">The cell, which may carry attachments.</param>
    /// <exception cref="BookException">There is no such file or attachment, or an image lies on the network.</exception>
    public string? Target(string target, bool isImage, NotebookCell cell)
    {
        if (target.StartsWith("attachment:", StringComparison.Ordinal))
        {
            return Attachment(Uri.UnescapeDataString(target["attachment:".Length..]), cell);
        }
        if (target.StartsWith('#') && !isImage)
        {
            return "#" + Anchor(target[1..]);
        }
        if (target.StartsWith("//", StringComparison.Ordinal) || (Uri.TryCreate(target, UriKind.Absolute, out Uri? absolute) && !absolute.IsFile))
        {
            return isImage && !target.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
                ? throw new BookException($"the image '{target}' lies on the network; the book has to work without one, so attach it to the cell.")
                : target;
        }
        string[] parts = target.Split('#', 2);
        string path = Path.GetFullPath(Path.Combine(folder, Uri.UnescapeDataString(parts[0])));
        if (isImage)
        {
            return File.Exists(path) ? Data(path) : throw new BookException($"there is no image '{target}'.");
        }
        if (path.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase))
        {
            // A notebook that was not executed, or is still to be written, is no mistake of this one.
            string name = Path.GetFileNameWithoutExtension(path);
            return chapters.Contains(name) ? $"{Uri.EscapeDataString(name)}.html{(parts.Length > 1 ? "#" + Anchor(parts[1]) : "")}" : null;
        }
        return File.Exists(path) ? sources.Link(path)
            : Directory.Exists(path) ? null
            : throw new BookException($"the link to '{target}' leads nowhere.");
    }

    // Notebook editors keep a heading's capitals in its anchor, the book does not.
    private static string Anchor(string fragment) => MarkdownRenderer.Slug(Uri.UnescapeDataString(fragment));

    private static string Attachment(string name, NotebookCell cell)
    {
        (string mime, JsonNode? data) = (cell.Attachments?[name] as JsonObject)?.FirstOrDefault() ?? default;
        return data is null
            ? throw new BookException($"the image 'attachment:{name}' is not attached to the cell.")
            : $"data:{mime};base64,{string.Concat(MultilineText.Join(data).Where(c => !char.IsWhiteSpace(c)))}";
    }

    private static string Data(string path)
    {
        string kind = Path.GetExtension(path).ToLowerInvariant() switch { ".svg" => "svg+xml", ".jpg" => "jpeg", var other => other.TrimStart('.') };
        return $"data:image/{kind};base64,{Convert.ToBase64String(File.ReadAllBytes(path))}";
    }
}
