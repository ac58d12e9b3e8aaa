using Microsoft.CodeAnalysis;

namespace Embodied.Interactive.Grading;

/// <summary>Names of symbols that mean the same in every compilation; symbols themselves are equal only within a chain of cells.</summary>
internal static class SymbolKeys
{
    private static readonly SymbolDisplayFormat Plain = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces,
        memberOptions: SymbolDisplayMemberOptions.IncludeContainingType);

    private static readonly SymbolDisplayFormat Brief = Plain.WithGenericsOptions(SymbolDisplayGenericsOptions.None)
        .RemoveMemberOptions(SymbolDisplayMemberOptions.IncludeContainingType);

    public static string Of(ISymbol symbol) => $"{symbol.ContainingAssembly?.Name}!{symbol.OriginalDefinition.GetDocumentationCommentId()}";

    /// <summary>The symbol as it was declared: no accessor, no type arguments, no reduced extension.</summary>
    public static ISymbol Declared(ISymbol symbol)
    {
        ISymbol declared = symbol is IMethodSymbol method
            ? method.ReducedFrom ?? (method.AssociatedSymbol as ISymbol) ?? method.AssociatedExtensionImplementation ?? method
            : symbol;
        return declared.OriginalDefinition;
    }

    /// <summary>Whether cells, not libraries, declare it.</summary>
    public static bool IsOfCell(ISymbol symbol) => symbol.ContainingAssembly is ISourceAssemblySymbol or null;

    /// <summary>Namespaces, types and member, dots between.</summary>
    public static string FullName(ISymbol symbol) => symbol is INamedTypeSymbol or INamespaceSymbol or null
        ? symbol?.ToDisplayString(Plain) ?? ""
        : $"{symbol.ContainingType?.ToDisplayString(Plain)}.{symbol.MetadataName}";

    /// <summary>What a sentence calls it: type and member.</summary>
    public static string ShortName(ISymbol symbol) => symbol switch
    {
        INamedTypeSymbol type => type.Name,
        IMethodSymbol { MethodKind: MethodKind.Constructor } constructor => $"the constructor of {constructor.ContainingType.Name}",
        IMethodSymbol { MethodKind: MethodKind.Conversion } conversion => $"a conversion of {conversion.ContainingType.Name}",
        IMethodSymbol { MethodKind: MethodKind.UserDefinedOperator } op => $"an operator of {op.ContainingType.Name} ({op.Name[3..]})",
        IPropertySymbol { IsIndexer: true } indexer => $"the indexer of {indexer.ContainingType.Name}",
        _ => $"{symbol.ContainingType?.Name}.{symbol.ToDisplayString(Brief)}",
    };

    public static IEnumerable<INamedTypeSymbol> SelfAndBases(ITypeSymbol? type)
    {
        for (ITypeSymbol? at = type; at is not null; at = at.BaseType)
        {
            if (at is INamedTypeSymbol named)
            {
                yield return named;
            }
        }
    }

    public static IEnumerable<INamedTypeSymbol> SelfAndOuter(INamedTypeSymbol? type)
    {
        for (INamedTypeSymbol? at = type; at is not null; at = at.ContainingType)
        {
            yield return at;
        }
    }

    /// <summary>The members that <paramref name="member"/> overrides, the nearest first.</summary>
    public static IEnumerable<ISymbol> Overridden(ISymbol member)
    {
        for (ISymbol? at = Next(member); at is not null; at = Next(at))
        {
            yield return at.OriginalDefinition;
        }

        static ISymbol? Next(ISymbol symbol) => symbol switch
        {
            IMethodSymbol method => method.OverriddenMethod,
            IPropertySymbol property => property.OverriddenProperty,
            IEventSymbol @event => @event.OverriddenEvent,
            _ => null,
        };
    }

    /// <summary>The members of interfaces that <paramref name="member"/> implements for its own type.</summary>
    public static IEnumerable<ISymbol> Implemented(ISymbol member) => member is IMethodSymbol or IPropertySymbol or IEventSymbol && member.ContainingType is { } type
        ? type.AllInterfaces.SelectMany(implemented => implemented.GetMembers())
            .Where(slot => SymbolEqualityComparer.Default.Equals(type.FindImplementationForInterfaceMember(slot), member))
            .Select(slot => slot.OriginalDefinition)
        : [];
}
