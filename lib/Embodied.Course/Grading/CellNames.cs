using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Embodied.Course.Grading;

/// <summary>The names that a cell declares for later cells, and those that it mentions.</summary>
/// <param name="Declared">Variables, functions and types at the top of the cell.</param>
/// <param name="Used">Every name that may mean one of those: no parameter, no local variable, no member of something.</param>
/// <param name="Prepares">Whether it has using directives, <c>#r</c> or <c>#load</c>, which change how later cells are read.</param>
internal sealed record CellNames(IReadOnlySet<string> Declared, IReadOnlySet<string> Used, bool Prepares)
{
    private const string Extension = "this.";
    private static readonly CSharpParseOptions Script = new(LanguageVersion.Preview, kind: SourceCodeKind.Script);

    /// <summary>Reads a cell; one that does not parse gives what can be made out.</summary>
    public static CellNames Of(string source)
    {
        CompilationUnitSyntax root = (CompilationUnitSyntax)CSharpSyntaxTree.ParseText(source, Script).GetRoot();
        HashSet<string> declared = [.. root.Members.SelectMany(Declares)];
        HashSet<string> used = [.. root.DescendantNodes().OfType<SimpleNameSyntax>().Where(name => !IsMember(name) && !IsLocal(name)).Select(name => name.Identifier.ValueText)];
        // A member may also be an extension method; its own name tells which are.
        used.UnionWith(root.DescendantNodes().OfType<SimpleNameSyntax>().Where(IsMember).Select(name => Extension + name.Identifier.ValueText));
        return new CellNames(declared, used, root.Usings.Count > 0 || root.GetReferenceDirectives().Count > 0 || root.GetLoadDirectives().Count > 0);
    }

    /// <summary>The cells that some of them need, directly or through others, with those themselves, in order.</summary>
    /// <param name="sources">All cells' sources, in order.</param>
    /// <param name="wanted">Indices of the cells that shall run.</param>
    public static IReadOnlyList<int> Needed(IReadOnlyList<string> sources, IEnumerable<int> wanted)
    {
        CellNames[] names = [.. sources.Select(Of)];
        SortedSet<int> needed = [];
        Stack<int> open = new(wanted.Concat(Enumerable.Range(0, names.Length).Where(i => names[i].Prepares)));
        while (open.TryPop(out int cell))
        {
            if (!needed.Add(cell))
            {
                continue;
            }
            foreach (string name in names[cell].Used)
            {
                // The last cell before that declares it; failing that, one after: functions may be told of ahead.
                int source = Enumerable.Range(0, cell).LastOrDefault(i => names[i].Declared.Contains(name), -1);
                if (source >= 0)
                {
                    open.Push(source);
                }
            }
        }
        return [.. needed];
    }

    private static bool IsMember(SimpleNameSyntax name) => name.Parent switch
    {
        MemberAccessExpressionSyntax access => access.Name == name,
        QualifiedNameSyntax qualified => qualified.Right == name,
        MemberBindingExpressionSyntax or NameColonSyntax => true,
        AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax } assignment => assignment.Left == name,
        _ => false,
    };

    // A parameter or variable of a function that the name stands in.
    private static bool IsLocal(SimpleNameSyntax name) => name.Ancestors()
        .Where(node => node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AnonymousFunctionExpressionSyntax)
        .SelectMany(function => function.DescendantNodes())
        .Any(node => node switch
        {
            ParameterSyntax parameter => parameter.Identifier.ValueText,
            VariableDeclaratorSyntax variable => variable.Identifier.ValueText,
            SingleVariableDesignationSyntax variable => variable.Identifier.ValueText,
            ForEachStatementSyntax loop => loop.Identifier.ValueText,
            _ => null,
        } == name.Identifier.ValueText);

    private static IEnumerable<string> Declares(MemberDeclarationSyntax member) => member switch
    {
        FieldDeclarationSyntax field => field.Declaration.Variables.Select(variable => variable.Identifier.ValueText),
        MethodDeclarationSyntax method when method.ParameterList.Parameters is [{ Modifiers: var modifiers }, ..] && modifiers.Any(SyntaxKind.ThisKeyword) =>
            [method.Identifier.ValueText, Extension + method.Identifier.ValueText],
        MethodDeclarationSyntax method => [method.Identifier.ValueText],
        PropertyDeclarationSyntax property => [property.Identifier.ValueText],
        BaseTypeDeclarationSyntax type => [type.Identifier.ValueText],
        DelegateDeclarationSyntax type => [type.Identifier.ValueText],
        // Deconstructions, patterns and out variables at the top are fields too.
        _ => member.DescendantNodes(node => node is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax))
            .SelectMany(node => node switch
            {
                SingleVariableDesignationSyntax variable => [variable.Identifier.ValueText],
                VariableDeclaratorSyntax variable => [variable.Identifier.ValueText],
                LocalFunctionStatementSyntax function => [function.Identifier.ValueText],
                _ => Array.Empty<string>(),
            }),
    };
}
