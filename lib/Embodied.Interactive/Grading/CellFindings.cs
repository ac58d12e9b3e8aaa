using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Embodied.Interactive.Grading;

/// <summary>Collects what is found in one cell: of one rule's findings on a line, one.</summary>
/// <param name="cell">The cell's name.</param>
internal sealed class CellFindings(string cell)
{
    private readonly List<(string Rule, int Rank, ForbiddenCall Finding)> all = [];

    /// <summary>A forbidden symbol is used.</summary>
    /// <param name="match">Which.</param>
    /// <param name="node">Where.</param>
    /// <param name="how">What happens to it; null for what its kind suggests.</param>
    public void Add(ForbiddenMatch match, SyntaxNode node, string? how = null) => Add(
        match.Entry, match.Symbol is INamedTypeSymbol ? 1 : 0, ForbiddenCallKind.Symbol, node, SymbolKeys.FullName(match.Symbol),
        $"{how ?? (match.Symbol is IMethodSymbol { MethodKind: MethodKind.Ordinary or MethodKind.Constructor } ? "calls" : "uses")} {SymbolKeys.ShortName(match.Symbol)}, "
        + "which this exercise asks you to write yourself.");

    /// <summary>A way past the compiler is used.</summary>
    public void AddReflection(ISymbol symbol, SyntaxNode node) => AddReflection(
        SymbolKeys.FullName(symbol), SymbolKeys.ShortName(symbol), node, symbol is INamedTypeSymbol ? 1 : 0, ReflectionRule.IsProper(symbol));

    /// <summary>A way past the compiler is used that has no symbol.</summary>
    public void AddReflection(string name, string shortName, SyntaxNode node, int rank, bool proper) => Add(
        "reflection", rank, ForbiddenCallKind.Reflection, node, name,
        proper ? $"uses {shortName}; reflection is not allowed in graded exercises."
            : $"uses {shortName}; like reflection, it is not allowed in graded exercises.");

    /// <summary>A library or a file is loaded.</summary>
    public void AddReference(string directive, string written, SyntaxNode node) => Add(
        written, 0, ForbiddenCallKind.Reference, node, written,
        $"has {directive} \"{written}\", which the setup cell does not load; a graded exercise uses only what its setup loads.");

    /// <summary>The findings in the order of the source.</summary>
    public IEnumerable<ForbiddenCall> InOrder() => all
        .GroupBy(found => (found.Rule, found.Finding.Kind, found.Finding.Line))
        .Select(group => group.OrderBy(found => found.Rank).ThenBy(found => found.Finding.Column).First().Finding)
        .OrderBy(finding => finding.Line).ThenBy(finding => finding.Column);

    private void Add(string rule, int rank, ForbiddenCallKind kind, SyntaxNode node, string symbol, string what)
    {
        // Not the mapped place: #line is the student's.
        Microsoft.CodeAnalysis.Text.LinePosition at = Named(node).GetLocation().GetLineSpan().StartLinePosition;
        string message = FormattableString.Invariant($"Line {at.Line + 1} {what}");
        all.Add((rule, rank, new ForbiddenCall(cell, at.Line + 1, at.Character + 1, kind, symbol, message)));
    }

    // The name in a call, so that a call over several lines is found where it is named.
    private static SyntaxNode Named(SyntaxNode node) => node switch
    {
        InvocationExpressionSyntax invocation => Named(invocation.Expression),
        MemberAccessExpressionSyntax access => access.Name,
        MemberBindingExpressionSyntax binding => binding.Name,
        QualifiedNameSyntax name => name.Right,
        AliasQualifiedNameSyntax name => name.Name,
        ParenthesizedExpressionSyntax inner => Named(inner.Expression),
        _ => node,
    };
}
