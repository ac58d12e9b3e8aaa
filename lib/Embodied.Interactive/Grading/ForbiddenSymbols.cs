using Microsoft.CodeAnalysis;

namespace Embodied.Interactive.Grading;

/// <summary>A symbol of a cell that is forbidden.</summary>
/// <param name="Entry">What the instructor wrote.</param>
/// <param name="Symbol">The forbidden symbol itself: of a call through an interface, what implements it.</param>
internal sealed record ForbiddenMatch(string Entry, ISymbol Symbol);

/// <summary>What an exercise forbids, found in the libraries that its setup cell loads.</summary>
internal sealed class ForbiddenSymbols
{
    private readonly List<(string Name, string Entry)> namespaces = [];
    private readonly Dictionary<string, (string Entry, bool Itself)> types = [];
    private readonly Dictionary<(string Type, string Name), string> members = [];
    private readonly Dictionary<string, List<(ForbiddenMatch Match, HashSet<string> Family)>> slots = [];
    private readonly Dictionary<string, ForbiddenMatch> names = new(StringComparer.OrdinalIgnoreCase);
    private bool anyInterface;

    /// <summary>Finds <paramref name="written"/> in <paramref name="libraries"/>.</summary>
    /// <exception cref="ForbiddenSymbolException">One of them is not there.</exception>
    public ForbiddenSymbols(IEnumerable<string> written, Compilation libraries)
    {
        foreach (string entry in written)
        {
            Add(entry, libraries);
        }
    }

    /// <summary>Whether a use of <paramref name="symbol"/> is forbidden, directly or through what it overrides or implements.</summary>
    /// <param name="symbol">What is used.</param>
    /// <param name="receiver">The type of the object whose member is used, before conversions; null when there is none.</param>
    /// <param name="byName">Whether only the name is known, not the object: what it could override or implement does not count then.</param>
    public ForbiddenMatch? Find(ISymbol symbol, ITypeSymbol? receiver = null, bool byName = false)
    {
        ISymbol declared = SymbolKeys.Declared(symbol);
        if (declared is INamespaceSymbol or ILocalSymbol or IParameterSymbol or ITypeParameterSymbol or ILabelSymbol or IRangeVariableSymbol || SymbolKeys.IsOfCell(declared))
        {
            return null;
        }
        if (declared is INamedTypeSymbol type)
        {
            return SymbolKeys.SelfAndOuter(type).Select((outer, depth) => OfType(outer, depth == 0)).FirstOrDefault(entry => entry is not null) is { } entry
                ? new ForbiddenMatch(entry, declared) : null;
        }
        return Direct(declared)
            ?? (byName ? null : Through(declared, receiver))
            ?? SymbolKeys.Overridden(declared).Select(Direct).FirstOrDefault(match => match is not null)
            ?? (anyInterface ? SymbolKeys.Implemented(declared).Select(Direct).FirstOrDefault(match => match is not null) : null)
            ?? OfReceiver(declared, receiver);
    }

    /// <summary>Whether <paramref name="text"/>, given to reflection, names something forbidden.</summary>
    public ForbiddenMatch? Named(string text)
    {
        string name = text.Split(',')[0].Split('`')[0].Replace('+', '.').Trim();
        return names.GetValueOrDefault(name)
            ?? names.GetValueOrDefault(name.Replace("get_", "", StringComparison.Ordinal).Replace("set_", "", StringComparison.Ordinal));
    }

    /// <summary>The forbidden member that <paramref name="name"/> finds in <paramref name="type"/> when it is looked up while the program runs.</summary>
    public ForbiddenMatch? Late(string name, ITypeSymbol? type) => type is null or IDynamicTypeSymbol or { SpecialType: SpecialType.System_Object }
        ? names.GetValueOrDefault(name) is { Symbol: not INamedTypeSymbol } match ? match : null
        : SymbolKeys.SelfAndBases(type).SelectMany(at => at.GetMembers(name)).Select(member => Find(member, type)).FirstOrDefault(found => found is not null);

    private ForbiddenMatch? Direct(ISymbol member)
    {
        if (member.ContainingType is not { } type || SymbolKeys.IsOfCell(member))
        {
            return null;
        }
        string? entry = members.GetValueOrDefault((SymbolKeys.Of(type), member.Name))
            ?? SymbolKeys.SelfAndOuter(type).Select(outer => OfType(outer, itself: false)).FirstOrDefault(found => found is not null);
        return entry is null ? null : new ForbiddenMatch(entry, member);
    }

    private string? OfType(INamedTypeSymbol type, bool itself)
    {
        if (types.TryGetValue(SymbolKeys.Of(type), out (string Entry, bool Itself) found) && (found.Itself || !itself))
        {
            return found.Entry;
        }
        string name = namespaces.Count == 0 ? "" : type.ContainingNamespace.ToDisplayString();
        return namespaces.Find(at => name == at.Name || name.StartsWith(at.Name + ".", StringComparison.Ordinal)).Entry;
    }

    // A base's or an interface's member may be the forbidden one, unless the object is known to be something else.
    private ForbiddenMatch? Through(ISymbol member, ITypeSymbol? receiver) =>
        slots.Count > 0 && slots.TryGetValue(SymbolKeys.Of(member), out List<(ForbiddenMatch Match, HashSet<string> Family)>? found)
            ? found.Find(slot => receiver is not { TypeKind: TypeKind.Class or TypeKind.Struct or TypeKind.Array }
                || SymbolKeys.SelfAndBases(receiver).Any(at => SymbolKeys.Of(at) == SymbolKeys.Of(slot.Match.Symbol.ContainingType))
                || slot.Family.Contains(SymbolKeys.Of(receiver))).Match
            : null;

    // What a forbidden type inherits is its member too.
    private ForbiddenMatch? OfReceiver(ISymbol member, ITypeSymbol? receiver) =>
        types.Count + namespaces.Count > 0 && member.ContainingType is { SpecialType: not SpecialType.System_Object }
        && SymbolKeys.SelfAndBases(receiver).Where(type => !SymbolKeys.IsOfCell(type)).Select(type => OfType(type, itself: false)).FirstOrDefault(entry => entry is not null) is { } entry
            ? new ForbiddenMatch(entry, member) : null;

    private void Add(string entry, Compilation libraries)
    {
        string path = entry.Trim();
        bool every = path.EndsWith(".*", StringComparison.Ordinal);
        bool constructor = !every && path.EndsWith(".ctor", StringComparison.Ordinal);
        string name = every ? path[..^2] : constructor ? path[..^5].TrimEnd('.') : path;
        ISymbol[] found = [libraries.GlobalNamespace];
        foreach (string part in name.Split('.'))
        {
            found = [.. found.OfType<INamespaceOrTypeSymbol>().SelectMany(at => Members(at, part.Split('`', '<')[0]))];
        }
        found = [.. found.Where(symbol => symbol is not INamespaceSymbol || HasTypes((INamespaceSymbol)symbol))];
        if (constructor)
        {
            found = [.. found.OfType<INamedTypeSymbol>().SelectMany(type => type.InstanceConstructors)];
        }
        if (every)
        {
            found = [.. found.OfType<INamespaceOrTypeSymbol>()];
        }
        if (found.Length == 0)
        {
            throw new ForbiddenSymbolException($"The exercise forbids '{entry}', which is not a namespace, a type or a type's own member in any library that the setup cell loads.");
        }
        foreach (ISymbol symbol in found)
        {
            Add(entry, symbol, every);
        }
    }

    private void Add(string entry, ISymbol symbol, bool every)
    {
        switch (symbol)
        {
            case INamespaceSymbol space:
                namespaces.Add((space.ToDisplayString(), entry));
                foreach (INamedTypeSymbol type in TypesIn(space))
                {
                    names.TryAdd(SymbolKeys.FullName(type), new ForbiddenMatch(entry, type));
                }
                break;
            case INamedTypeSymbol type:
                types[SymbolKeys.Of(type)] = (entry, !every);
                anyInterface |= type.TypeKind == TypeKind.Interface;
                if (!every)
                {
                    names.TryAdd(SymbolKeys.FullName(type), new ForbiddenMatch(entry, type));
                    names.TryAdd(type.Name, new ForbiddenMatch(entry, type));
                }
                foreach (ISymbol member in type.GetMembers().Where(member => !member.IsImplicitlyDeclared && member is not IMethodSymbol { AssociatedSymbol: not null } && !IsOfObject(member)))
                {
                    AddNames(entry, member);
                }
                break;
            default:
                members[(SymbolKeys.Of(symbol.ContainingType), symbol.Name)] = entry;
                anyInterface |= symbol.ContainingType.TypeKind == TypeKind.Interface;
                AddNames(entry, symbol);
                AddSlots(new ForbiddenMatch(entry, symbol.OriginalDefinition));
                break;
        }
    }

    private void AddNames(string entry, ISymbol member)
    {
        names.TryAdd(member.Name, new ForbiddenMatch(entry, member));
        names.TryAdd(member.MetadataName, new ForbiddenMatch(entry, member));
        names.TryAdd(SymbolKeys.FullName(member), new ForbiddenMatch(entry, member));
    }

    private void AddSlots(ForbiddenMatch match)
    {
        HashSet<string> family = [.. SymbolKeys.SelfAndBases(match.Symbol.ContainingType).Select(SymbolKeys.Of)];
        foreach (ISymbol slot in SymbolKeys.Overridden(match.Symbol).Concat(SymbolKeys.Implemented(match.Symbol)))
        {
            string key = SymbolKeys.Of(slot);
            if (!slots.TryGetValue(key, out List<(ForbiddenMatch Match, HashSet<string> Family)>? list))
            {
                slots[key] = list = [];
            }
            list.Add((match, family));
        }
    }

    private static IEnumerable<ISymbol> Members(INamespaceOrTypeSymbol at, string name)
    {
        IEnumerable<ISymbol> own = at.GetMembers(name).Where(member => !SymbolKeys.IsOfCell(member) || member is INamespaceSymbol);
        return at is INamedTypeSymbol type
            ? own.Concat(type.GetMembers().Where(member => member.Name.EndsWith("." + name, StringComparison.Ordinal) && !member.Name.StartsWith('.'))
                .Concat(name == "this" || (name == "Item" && !own.Any()) ? type.GetMembers().Where(member => member is IPropertySymbol { IsIndexer: true }) : []))
            : own;
    }

    private static bool IsOfObject(ISymbol member) =>
        member.Name is "ToString" or "Equals" or "GetHashCode" or "GetType" || SymbolKeys.Overridden(member).Any(slot => slot.ContainingType.SpecialType == SpecialType.System_Object);

    private static bool HasTypes(INamespaceSymbol space) => TypesIn(space).Any();

    private static IEnumerable<INamedTypeSymbol> TypesIn(INamespaceSymbol space) => space.GetTypeMembers().Where(type => !SymbolKeys.IsOfCell(type))
        .Concat(space.GetNamespaceMembers().SelectMany(TypesIn));
}
