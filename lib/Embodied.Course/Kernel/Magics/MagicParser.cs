using Embodied.Course.Commands;

namespace Embodied.Course.Kernel.Magics;

/// <summary>A part of a cell.</summary>
internal abstract record CellPart;

/// <summary>C# to run; empty lines stand for what precedes it, so that errors name the cell's own lines.</summary>
internal sealed record CSharpPart(string Code) : CellPart;

/// <summary>Text to show as what it is.</summary>
internal sealed record ShowPart(string Mime, string Text) : CellPart;

/// <summary>A list of the session's variables, with their values or without.</summary>
internal sealed record WhoPart(bool Values) : CellPart;

/// <summary>A notebook or file of C# to run here.</summary>
internal sealed record ImportPart(string File) : CellPart;

/// <summary>A list of the magics.</summary>
internal sealed record HelpPart : CellPart;

/// <summary>What follows is timed.</summary>
internal sealed record TimePart : CellPart;

/// <summary>Thrown when a line begins with <c>#!</c> and means nothing here.</summary>
/// <param name="message">One sentence.</param>
internal sealed class MagicException(string message) : Exception(message);

/// <summary>Takes a cell apart at the lines that begin with <c>#!</c>, as .NET Interactive's users write them.</summary>
internal static class MagicParser
{
    /// <summary>The magics, with what they do.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>
    {
        ["#!csharp"] = "the lines that follow are C# (as is everything by default); #!c# is the same",
        ["#!time"] = "show how long the rest of the cell takes",
        ["#!who"] = "list the session's variables",
        ["#!whos"] = "list the session's variables with types and values",
        ["#!html"] = "show the lines that follow as HTML",
        ["#!markdown"] = "show the lines that follow as Markdown",
        ["#!mermaid"] = "show the lines that follow as a Mermaid diagram",
        ["#!javascript"] = "run the lines that follow in the browser; #!js is the same",
        ["#!import"] = "run a notebook or a file of C#: #!import path",
        ["#r"] = "use a package: #r \"nuget: Package, Version\"; or a library: #r \"path.dll\"",
        ["#!lsmagic"] = "list the magics",
    };

    /// <summary>The parts of a cell, in order.</summary>
    /// <exception cref="MagicException">A magic is unknown, or lacks what it needs; the message names the line.</exception>
    public static IReadOnlyList<CellPart> Parse(string code)
    {
        if (!code.Contains("#!", StringComparison.Ordinal))
        {
            return [new CSharpPart(code)];
        }
        List<CellPart> parts = [];
        string[] lines = code.ReplaceLineEndings("\n").Split('\n');
        string? mime = null;
        int from = 0;
        for (int i = 0; i <= lines.Length; i++)
        {
            if (i < lines.Length && !lines[i].StartsWith("#!", StringComparison.Ordinal))
            {
                continue;
            }
            Add(parts, lines, from, i, mime);
            if (i < lines.Length)
            {
                mime = Magic(parts, lines[i], i + 1);
            }
            from = i + 1;
        }
        return parts;
    }

    private static void Add(List<CellPart> parts, string[] lines, int from, int to, string? mime)
    {
        string text = string.Join('\n', lines[from..to]);
        if (text.Trim().Length > 0)
        {
            parts.Add(mime is null ? new CSharpPart(new string('\n', from) + text) : new ShowPart(mime, text));
        }
    }

    // Returns the MIME type of the lines that follow; null for C#.
    private static string? Magic(List<CellPart> parts, string line, int number)
    {
        string[] words = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries);
        string argument = words.Length > 1 ? words[1].Trim().Trim('"') : "";
        switch (words[0].ToLowerInvariant())
        {
            case "#!csharp" or "#!c#":
                return null;
            case "#!html":
                return "text/html";
            case "#!markdown":
                return "text/markdown";
            case "#!mermaid":
                return "text/vnd.mermaid";
            case "#!javascript" or "#!js":
                return "application/javascript";
            case "#!time":
                parts.Add(new TimePart());
                return null;
            case "#!who":
                parts.Add(new WhoPart(Values: false));
                return null;
            case "#!whos":
                parts.Add(new WhoPart(Values: true));
                return null;
            case "#!lsmagic":
                parts.Add(new HelpPart());
                return null;
            case "#!import":
                parts.Add(argument.Length > 0 ? new ImportPart(argument) : throw new MagicException($"Line {number}: #!import needs the path of a notebook or of a file of C#."));
                return null;
            case "#!share" or "#!set" or "#!value":
                throw new MagicException($"Line {number}: {words[0]} moves values between languages, and this kernel has one, C#; variables are shared by all cells.");
            default:
                throw new MagicException($"Line {number}: there is no magic '{words[0]}'{Nearest.Suggestion(words[0], All.Keys)} #!lsmagic lists them.");
        }
    }
}
