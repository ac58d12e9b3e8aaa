using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Embodied.Interactive.Editing;

/// <summary>What is known of the symbol at a place.</summary>
/// <param name="Signature">Its declaration, as the compiler writes it.</param>
/// <param name="Documentation">Its XML documentation as text; empty when it has none.</param>
public sealed record Inspection(string Signature, string Documentation);

/// <summary>Finds the symbol under the cursor and its documentation.</summary>
internal static class Inspector
{
    private static readonly SymbolDisplayFormat Full = SymbolDisplayFormat.CSharpErrorMessageFormat
        .WithMemberOptions(SymbolDisplayMemberOptions.IncludeContainingType | SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeModifiers)
        .WithParameterOptions(SymbolDisplayParameterOptions.IncludeName | SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeDefaultValue | SymbolDisplayParameterOptions.IncludeParamsRefOut)
        .WithLocalOptions(SymbolDisplayLocalOptions.IncludeType)
        .WithKindOptions(SymbolDisplayKindOptions.IncludeTypeKeyword | SymbolDisplayKindOptions.IncludeNamespaceKeyword);

    /// <summary>Inspects at <paramref name="position"/> of a draft; null when there is no symbol.</summary>
    public static Inspection? Inspect(CSharpCompilation compilation, SyntaxTree tree, int position)
    {
        SyntaxNode root = tree.GetRoot();
        SyntaxToken token = root.FindToken(Math.Clamp(position, 0, Math.Max(0, root.FullSpan.End - 1)));
        if (!token.IsKind(SyntaxKind.IdentifierToken) && position > 0)
        {
            token = root.FindToken(position - 1);
        }
        if (token.Parent is not { } node)
        {
            return null;
        }
        SemanticModel model = compilation.GetSemanticModel(tree);
        SymbolInfo info = model.GetSymbolInfo(node);
        ISymbol? symbol = info.Symbol ?? info.CandidateSymbols.FirstOrDefault() ?? model.GetDeclaredSymbol(node)
            ?? (node is ArgumentListSyntax { Parent: InvocationExpressionSyntax call } ? model.GetSymbolInfo(call).CandidateSymbols.FirstOrDefault() ?? model.GetSymbolInfo(call).Symbol : null);
        if (symbol is null or INamespaceSymbol { IsGlobalNamespace: true })
        {
            return null;
        }
        int overloads = symbol is IMethodSymbol method ? method.ContainingType.GetMembers(method.Name).Length - 1 : 0;
        string more = overloads > 0 ? $" (+{overloads} more)" : "";
        string xml = symbol.GetDocumentationCommentXml(expandIncludes: true) ?? "";
        return new Inspection(symbol.ToDisplayString(Full) + more, Plain(xml));
    }

    private static string Plain(string xml)
    {
        if (xml.Length == 0)
        {
            return "";
        }
        XElement root;
        try
        {
            root = XElement.Parse(xml.TrimStart().StartsWith("<member", StringComparison.Ordinal) ? xml : $"<member>{xml}</member>");
        }
        catch (XmlException)
        {
            return "";
        }
        StringBuilder text = new(Text(root.Element("summary")));
        foreach (XElement parameter in root.Elements("param"))
        {
            text.Append($"\n  {parameter.Attribute("name")?.Value}: {Text(parameter)}");
        }
        if (root.Element("returns") is { } returns)
        {
            text.Append($"\nReturns {Text(returns)}");
        }
        foreach (XElement exception in root.Elements("exception"))
        {
            text.Append($"\nThrows {Name(exception.Attribute("cref")?.Value)}: {Text(exception)}");
        }
        if (root.Element("remarks") is { } remarks)
        {
            text.Append($"\n\n{Text(remarks)}");
        }
        return text.ToString().Trim();
    }

    private static string Text(XElement? element)
    {
        if (element is null)
        {
            return "";
        }
        IEnumerable<string> parts = element.Nodes().Select(node => node switch
        {
            XText text => text.Value,
            XElement { Name.LocalName: "see" or "seealso" or "paramref" or "typeparamref" } reference =>
                reference.Value.Length > 0 ? reference.Value
                : Name(reference.Attribute("cref")?.Value) is { Length: > 0 } name ? name
                : reference.Attribute("name")?.Value ?? reference.Attribute("langword")?.Value ?? reference.Attribute("href")?.Value ?? "",
            XElement { Name.LocalName: "para" } paragraph => $" {Text(paragraph)} ",
            XElement other => Text(other),
            _ => "",
        });
        return string.Join(' ', string.Concat(parts).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    // T:Name.Space.Type or M:Name.Space.Type.Method(parameters): the last one or two names say enough.
    private static string Name(string? cref)
    {
        string bare = (cref ?? "").Split('(')[0];
        string[] names = bare[(bare.IndexOf(':') + 1)..].Split('.');
        return string.Join('.', names.TakeLast(bare.StartsWith("T:", StringComparison.Ordinal) ? 1 : 2));
    }
}
