using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Embodied.Interactive.Packages;

/// <summary>A package that a cell asks for by <c>#r "nuget: Package, Version"</c>.</summary>
/// <param name="Id">The package's name.</param>
/// <param name="Version">A version or a range as NuGet writes them; <c>*</c> is the newest release.</param>
internal sealed partial record PackageRequest(string Id, string Version)
{
    private const string Scheme = "nuget:";

    /// <summary>What messages call it.</summary>
    public string Title => Version == "*" ? Id : $"{Id} {Version}";

    /// <summary>Finds the requests of a cell.</summary>
    /// <param name="code">The cell's source.</param>
    /// <returns>The requests in order, and the source with their lines as comments: nothing else moves.</returns>
    /// <exception cref="PackageException">A request names no package or no version.</exception>
    public static (IReadOnlyList<PackageRequest> Requests, string Code) Take(string code)
    {
        if (!code.Contains(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return ([], code);
        }
        CSharpParseOptions script = new(kind: SourceCodeKind.Script);
        ReferenceDirectiveTriviaSyntax[] directives = [.. CSharpSyntaxTree.ParseText(code, script).GetRoot().DescendantNodes(descendIntoTrivia: true).OfType<ReferenceDirectiveTriviaSyntax>()
            .Where(directive => directive.File.ValueText.TrimStart().StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))];
        PackageRequest[] requests = [.. directives.Select(directive => Parse(directive.File.ValueText.Trim()))];
        // "//" is as long as "#r".
        return (requests, SourceText.From(code).WithChanges(directives.Select(directive => new TextChange(new TextSpan(directive.HashToken.SpanStart, 2), "//"))).ToString());
    }

    private static PackageRequest Parse(string written)
    {
        Match match = Form().Match(written[Scheme.Length..]);
        return match.Success
            ? new PackageRequest(match.Groups["id"].Value, match.Groups["version"] is { Success: true } version ? version.Value : "*")
            : throw new PackageException($"'#r \"{written}\"' names no package; it is written #r \"nuget: Package, Version\".");
    }

    [GeneratedRegex(@"^\s*(?<id>[A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(?:,\s*(?<version>[\[(]?\s*[0-9*][^""<>&\s]*(?:\s*,\s*[0-9][^""<>&\s]*)?\s*[\])]?)\s*)?$")]
    private static partial Regex Form();
}

/// <summary>Thrown when a package cannot be had.</summary>
/// <param name="message">One sentence: which package, and why.</param>
internal sealed class PackageException(string message) : Exception(message);
