using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Embodied.Course.Grading;

/// <summary>Finds solutions that are the same but for names, spaces and comments. They are for a person to look at: short solutions are alike by themselves.</summary>
internal static class Similarity
{
    private const int FewestTokens = 40;

    /// <summary>Groups of students whose solutions of an exercise are alike.</summary>
    /// <param name="exercise">The exercise; what is like its own solution or stub is left out.</param>
    /// <param name="solutions">Each student's solution.</param>
    public static IReadOnlyList<IReadOnlyList<string>> Groups(Exercise exercise, IEnumerable<(string Student, string Source)> solutions)
    {
        string[] own = [Shape(exercise.Solution), Shape(exercise.Stub)];
        return [.. solutions.Select(solution => (solution.Student, Shape: Shape(solution.Source)))
            .Where(solution => solution.Shape.Count(c => c == ' ') >= FewestTokens && !own.Contains(solution.Shape))
            .GroupBy(solution => solution.Shape, solution => solution.Student).Where(group => group.Count() > 1)
            .Select(group => (IReadOnlyList<string>)[.. group.Order(StringComparer.Ordinal)])];
    }

    // The tokens, names by the order in which they first come.
    private static string Shape(string source)
    {
        Dictionary<string, int> names = [];
        return string.Concat(CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(kind: SourceCodeKind.Script)).GetRoot().DescendantTokens().Select(token =>
        {
            if (!token.IsKind(SyntaxKind.IdentifierToken))
            {
                return token.Text + " ";
            }
            names.TryAdd(token.ValueText, names.Count);
            return $"#{names[token.ValueText]} ";
        }));
    }
}
