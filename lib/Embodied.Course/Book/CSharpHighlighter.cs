using System.Net;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Embodied.Course.Book;

/// <summary>Colours C# by its syntax tree, so that strings, comments and contextual keywords are what the compiler takes them for.</summary>
internal static class CSharpHighlighter
{
    private static readonly CSharpParseOptions Script = new(LanguageVersion.Preview, DocumentationMode.None, SourceCodeKind.Script);
    private static readonly CSharpParseOptions File = new(LanguageVersion.Preview, DocumentationMode.None);

    /// <summary>The source as HTML: escaped text with spans of class <c>k</c> keyword, <c>s</c> string, <c>n</c> number, <c>c</c> comment, <c>t</c> type, <c>m</c> method, <c>d</c> directive.</summary>
    /// <param name="code">A cell's source, or a file's.</param>
    /// <param name="isFile">Whether it is a file of a project and not a script.</param>
    public static string ToHtml(string code, bool isFile = false)
    {
        StringBuilder html = new(2 * code.Length);
        foreach (SyntaxToken token in CSharpSyntaxTree.ParseText(code, isFile ? File : Script).GetRoot().DescendantTokens())
        {
            Trivia(token.LeadingTrivia, html);
            Span(Kind(token), token.Text, html);
            Trivia(token.TrailingTrivia, html);
        }
        return html.ToString();
    }

    private static void Trivia(SyntaxTriviaList list, StringBuilder html)
    {
        foreach (SyntaxTrivia trivia in list)
        {
            string? kind = trivia.Kind() switch
            {
                SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia or SyntaxKind.DisabledTextTrivia => "c",
                _ when trivia.IsDirective => "d",
                _ => null,
            };
            Span(kind, trivia.ToFullString(), html);
        }
    }

    private static string? Kind(SyntaxToken token) => token.Kind() switch
    {
        SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringTextToken
            or SyntaxKind.InterpolatedStringStartToken or SyntaxKind.InterpolatedStringEndToken or SyntaxKind.InterpolatedVerbatimStringStartToken
            or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken
            or SyntaxKind.InterpolatedSingleLineRawStringStartToken or SyntaxKind.InterpolatedMultiLineRawStringStartToken
            or SyntaxKind.InterpolatedRawStringEndToken => "s",
        SyntaxKind.NumericLiteralToken => "n",
        SyntaxKind.IdentifierToken => Identifier(token),
        SyntaxKind kind when SyntaxFacts.IsKeywordKind(kind) => "k",
        _ => null,
    };

    private static string? Identifier(SyntaxToken token) => token.Parent switch
    {
        IdentifierNameSyntax { IsVar: true } => "k",
        BaseTypeDeclarationSyntax => "t",
        MethodDeclarationSyntax or LocalFunctionStatementSyntax => "m",
        SimpleNameSyntax { Parent: InvocationExpressionSyntax } => "m",
        SimpleNameSyntax { Parent: MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax call } access } name
            when access.Name == name && call.Expression == access => "m",
        SimpleNameSyntax name when IsType(name) => "t",
        _ => null,
    };

    private static bool IsType(SimpleNameSyntax name) => name.Parent switch
    {
        ObjectCreationExpressionSyntax creation => creation.Type == name,
        VariableDeclarationSyntax declaration => declaration.Type == name,
        ParameterSyntax parameter => parameter.Type == name,
        MethodDeclarationSyntax method => method.ReturnType == name,
        LocalFunctionStatementSyntax function => function.ReturnType == name,
        PropertyDeclarationSyntax property => property.Type == name,
        CastExpressionSyntax cast => cast.Type == name,
        TypeArgumentListSyntax or ArrayTypeSyntax or NullableTypeSyntax or BaseTypeSyntax or TypeOfExpressionSyntax or TupleElementSyntax => true,
        _ => name is GenericNameSyntax,
    };

    private static void Span(string? kind, string text, StringBuilder html)
    {
        if (text.Length == 0)
        {
            return;
        }
        string escaped = WebUtility.HtmlEncode(text);
        html.Append(kind is null ? escaped : $"<span class=\"{kind}\">{escaped}</span>");
    }
}
