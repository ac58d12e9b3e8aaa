using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Embodied.Course.Grading;

/// <summary>What stands in for a solution cell in the session that checks: its functions with bodies that call the student's process.</summary>
internal static class StandIn
{
    private static readonly CSharpParseOptions Script = new(LanguageVersion.Preview, kind: SourceCodeKind.Script);

    /// <summary>The stand-in's source.</summary>
    /// <param name="solution">The instructor's solution cell.</param>
    /// <exception cref="FormatException">The cell declares anything but functions that take and return values.</exception>
    public static string Of(string solution)
    {
        CompilationUnitSyntax root = (CompilationUnitSyntax)CSharpSyntaxTree.ParseText(solution, Script).GetRoot();
        MethodDeclarationSyntax[] functions = [.. Functions(root)];
        if (functions.Length == 0)
        {
            throw new FormatException("it declares no function; the checks call functions that the student writes");
        }
        return string.Join('\n', functions.Select(Of));
    }

    /// <summary>The names of the functions that a solution cell declares.</summary>
    public static IReadOnlyList<string> Names(string solution) =>
        [.. Functions((CompilationUnitSyntax)CSharpSyntaxTree.ParseText(solution, Script).GetRoot()).Select(function => function.Identifier.ValueText)];

    private static IEnumerable<MethodDeclarationSyntax> Functions(CompilationUnitSyntax root) => root.Members.OfType<MethodDeclarationSyntax>();

    private static string Of(MethodDeclarationSyntax function)
    {
        string name = function.Identifier.ValueText;
        if (function.TypeParameterList is not null || function.ParameterList.Parameters.Any(parameter => parameter.Modifiers.Any(modifier => !modifier.IsKind(SyntaxKind.ThisKeyword))))
        {
            throw new FormatException($"its function {name} is generic or has ref, out or params parameters; checks call functions of plain values");
        }
        string arguments = string.Concat(function.ParameterList.Parameters.Select(parameter => $", {parameter.Identifier.ValueText}"));
        string type = function.ReturnType.ToString();
        string call = type == "void"
            ? $"global::Embodied.Interactive.Grading.StudentCalls.Run(\"{name}\"{arguments})"
            : $"global::Embodied.Interactive.Grading.StudentCalls.Call<{type}>(\"{name}\"{arguments})";
        return $"{type} {name}{function.ParameterList} => {call};";
    }
}
