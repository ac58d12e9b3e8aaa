using System.Text.RegularExpressions;

namespace Embodied.Course.Book;

/// <summary>
/// Puts formulas that run over several lines on one. Notebooks' own renderers find formulas before they read Markdown; Markdig reads lines
/// first, and would take a line that begins with a plus sign for a list.
/// </summary>
internal static partial class MathLines
{
    /// <summary>The same Markdown with every formula on one line, except those between lines of <c>$$</c> alone.</summary>
    public static string Join(string markdown) => Formula().Replace(
        markdown.ReplaceLineEndings("\n"),
        match => match.Groups["math"].Success ? LineBreak().Replace(match.Value, " ") : match.Value);

    // Code comes first, so that dollars in it are passed over.
    [GeneratedRegex(
        """
        ^[ \t>]*(?<fence>```+|~~~+)[\s\S]*?(^[ \t>]*\k<fence>|\z)
        | (?<tick>`+)(?!`)[\s\S]*?(?<!`)\k<tick>(?!`)
        | \\\$
        | \$\$[ \t]*\n[\s\S]*?\$\$
        | (?<math>\$\$[^$]+\$\$)
        | (?<math>(?<![\w$])\$(?![\s$])[^$`\n]*(\n(?![ \t]*\n)[^$`\n]*){1,3}(?<!\s)\$(?![\w$]))
        """,
        RegexOptions.Multiline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Formula();

    [GeneratedRegex(@"\s*\n\s*")]
    private static partial Regex LineBreak();
}
