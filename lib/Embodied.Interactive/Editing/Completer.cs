using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Embodied.Interactive.Editing;

/// <summary>Offers what could be typed, from the compiler's own knowledge of the session: members, locals, types, namespaces, keywords, paths.</summary>
internal static class Completer
{
    private const int Most = 400;
    private static readonly SymbolDisplayFormat Short = SymbolDisplayFormat.MinimallyQualifiedFormat;

    private static readonly string[] Keywords =
        [.. SyntaxFacts.GetReservedKeywordKinds().Concat([SyntaxKind.VarKeyword, SyntaxKind.AwaitKeyword, SyntaxKind.AsyncKeyword, SyntaxKind.RecordKeyword, SyntaxKind.WhenKeyword, SyntaxKind.WithKeyword, SyntaxKind.NameOfKeyword])
            .Select(SyntaxFacts.GetText)];

    /// <summary>Completes at <paramref name="position"/> of a draft.</summary>
    /// <param name="compilation">The draft after the session's cells.</param>
    /// <param name="tree">The draft's tree.</param>
    /// <param name="position">The cursor, in UTF-16 units.</param>
    /// <param name="folder">Where relative paths begin.</param>
    public static CompletionList Complete(CSharpCompilation compilation, SyntaxTree tree, int position, string folder)
    {
        string text = tree.ToString();
        position = Math.Clamp(position, 0, text.Length);
        if (PathCompleter.Complete(text, position, folder) is { } paths)
        {
            return paths;
        }
        int start = position;
        while (start > 0 && SyntaxFacts.IsIdentifierPartCharacter(text[start - 1]))
        {
            start--;
        }
        int end = position;
        while (end < text.Length && SyntaxFacts.IsIdentifierPartCharacter(text[end]))
        {
            end++;
        }
        string typed = text[start..position];
        SyntaxToken before = start > 0 ? tree.GetRoot().FindToken(start - 1) : default;
        if (IsInText(tree, start, before))
        {
            return new CompletionList(position, position, []);
        }
        SemanticModel model = compilation.GetSemanticModel(tree);
        (IEnumerable<ISymbol> symbols, bool members) = Candidates(model, before, start);
        IEnumerable<Completion> found = symbols
            .Where(symbol => symbol.CanBeReferencedByName && !IsHidden(symbol))
            .GroupBy(symbol => symbol.Name)
            .Select(group => Describe(group.First(), group.Count()));
        if (!members)
        {
            found = found.Concat(Keywords.Select(keyword => new Completion(keyword, "keyword", "")));
        }
        Completion[] items = [.. found
            .Where(item => Matches(item.Text, typed))
            .DistinctBy(item => item.Text)
            .OrderBy(item => !item.Text.StartsWith(typed, StringComparison.Ordinal))
            .ThenBy(item => !item.Text.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .ThenBy(item => item.Text, StringComparer.OrdinalIgnoreCase)
            .Take(Most)];
        return new CompletionList(start, end, items);
    }

    private static bool IsInText(SyntaxTree tree, int start, SyntaxToken before) =>
        before.Kind() is SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringTextToken
            or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken or SyntaxKind.NumericLiteralToken && before.Span.End >= start
        || (start > 0 && tree.GetRoot().FindTrivia(start - 1).Kind() is SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia);

    private static (IEnumerable<ISymbol> Symbols, bool Members) Candidates(SemanticModel model, SyntaxToken before, int position)
    {
        ExpressionSyntax? owner = before.IsKind(SyntaxKind.DotToken)
            ? before.Parent switch
            {
                MemberAccessExpressionSyntax access => access.Expression,
                QualifiedNameSyntax name => name.Left,
                MemberBindingExpressionSyntax { Parent: ConditionalAccessExpressionSyntax conditional } => conditional.Expression,
                MemberBindingExpressionSyntax { Parent.Parent: ConditionalAccessExpressionSyntax conditional } => conditional.Expression,
                _ => null,
            }
            : null;
        if (owner is null)
        {
            return before.IsKind(SyntaxKind.DotToken) ? ([], true) : (model.LookupSymbols(position), false);
        }
        switch (model.GetSymbolInfo(owner).Symbol)
        {
            case INamespaceSymbol space:
                return (model.LookupNamespacesAndTypes(position, space), true);
            case INamedTypeSymbol { TypeKind: TypeKind.Enum } enumeration:
                return (enumeration.GetMembers().OfType<IFieldSymbol>(), true);
            case ITypeSymbol type when model.GetTypeInfo(owner).Type is null || owner is TypeSyntax or MemberAccessExpressionSyntax:
                return (model.LookupStaticMembers(position, type).Concat(type.GetTypeMembers()), true);
        }
        return model.GetTypeInfo(owner).Type is { } instance and not IErrorTypeSymbol
            ? (model.LookupSymbols(position, instance, includeReducedExtensionMethods: true).Where(symbol => !symbol.IsStatic && symbol is not ITypeSymbol), true)
            : ([], true);
    }

    private static bool IsHidden(ISymbol symbol) =>
        symbol.Name.StartsWith('<') || symbol.Name.StartsWith("Submission", StringComparison.Ordinal)
        || symbol.GetAttributes().Any(attribute => attribute.AttributeClass?.Name == "EditorBrowsableAttribute"
            && attribute.ConstructorArguments is [{ Value: (int)System.ComponentModel.EditorBrowsableState.Never }])
        || symbol is IMethodSymbol { MethodKind: MethodKind.Constructor or MethodKind.PropertyGet or MethodKind.PropertySet or MethodKind.UserDefinedOperator };

    // What was typed begins the name, or gives the capitals of its words, as LS does for LookupSymbols.
    private static bool Matches(string name, string typed) =>
        name.StartsWith(typed, StringComparison.OrdinalIgnoreCase)
        || (typed.Length > 1 && typed.All(char.IsUpper) && string.Concat(name.Where(char.IsUpper)).StartsWith(typed, StringComparison.Ordinal));

    private static Completion Describe(ISymbol symbol, int overloads)
    {
        string kind = symbol switch
        {
            IMethodSymbol => "method",
            IPropertySymbol => "property",
            IFieldSymbol { ContainingType.TypeKind: TypeKind.Enum } => "enum member",
            IFieldSymbol { ContainingType.IsScriptClass: true } => "variable",
            IFieldSymbol => "field",
            IEventSymbol => "event",
            ILocalSymbol => "local",
            IParameterSymbol => "parameter",
            INamespaceSymbol => "namespace",
            ITypeSymbol type => type.TypeKind.ToString().ToLowerInvariant(),
            _ => symbol.Kind.ToString().ToLowerInvariant(),
        };
        string signature = symbol switch
        {
            IMethodSymbol method => $"({string.Join(", ", method.Parameters.Select(parameter => parameter.ToDisplayString(Short)))}) → {method.ReturnType.ToDisplayString(Short)}"
                + (overloads > 1 ? $" (+{overloads - 1})" : ""),
            IPropertySymbol property => property.Type.ToDisplayString(Short),
            IFieldSymbol field => field.Type.ToDisplayString(Short),
            ILocalSymbol local => local.Type.ToDisplayString(Short),
            IParameterSymbol parameter => parameter.Type.ToDisplayString(Short),
            _ => "",
        };
        return new Completion(symbol.Name, kind, signature);
    }
}
