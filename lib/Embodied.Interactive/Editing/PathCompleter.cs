using System.Text.RegularExpressions;

namespace Embodied.Interactive.Editing;

/// <summary>Completes the paths of <c>#r</c> and <c>#load</c>.</summary>
internal static partial class PathCompleter
{
    /// <summary>Files and folders that fit what is typed; null when the place is in no such directive.</summary>
    public static CompletionList? Complete(string text, int position, string folder)
    {
        int lineStart = text.LastIndexOf('\n', Math.Max(0, position - 1)) + 1;
        Match directive = Directive().Match(text[lineStart..position]);
        if (!directive.Success)
        {
            return null;
        }
        string typed = directive.Groups["path"].Value.Replace('\\', '/');
        int slash = typed.LastIndexOf('/');
        string parent = Path.GetFullPath(slash < 0 ? folder : Path.Combine(folder, typed[..(slash + 1)])), name = typed[(slash + 1)..];
        string extension = directive.Groups["kind"].Value == "r" ? ".dll" : ".csx";
        int start = position - name.Length;
        if (!Directory.Exists(parent))
        {
            return new CompletionList(start, position, []);
        }
        IEnumerable<Completion> found = new DirectoryInfo(parent).EnumerateFileSystemInfos()
            .Where(entry => entry.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase) && !entry.Name.StartsWith('.'))
            .Where(entry => entry is DirectoryInfo || entry.Extension.Equals(extension, StringComparison.OrdinalIgnoreCase))
            .OrderBy(entry => entry.Name, StringComparer.OrdinalIgnoreCase)
            .Select(entry => new Completion(entry is DirectoryInfo ? entry.Name + "/" : entry.Name, "path", ""));
        return new CompletionList(start, position, [.. found]);
    }

    [GeneratedRegex("^\\s*#(?<kind>r|load)\\s+\"(?<path>[^\"]*)$")]
    private static partial Regex Directive();
}
