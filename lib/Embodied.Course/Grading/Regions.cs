using System.Text;
using Microsoft.CodeAnalysis.CSharp;

namespace Embodied.Course.Grading;

/// <summary>The parts of a cell between <c>// BEGIN …</c> and <c>// END …</c> that students do not get.</summary>
internal static class Regions
{
    private const string BeginSolution = "// BEGIN SOLUTION", EndSolution = "// END SOLUTION";
    private const string BeginHidden = "// BEGIN HIDDEN CHECKS", EndHidden = "// END HIDDEN CHECKS";

    /// <summary>A solution cell with a body that throws in place of each solution; what follows a colon after BEGIN SOLUTION is the hint.</summary>
    public static string Stub(string source) => Replace(source, BeginSolution, EndSolution, begin =>
    {
        int colon = begin.IndexOf(':', begin.IndexOf(BeginSolution, StringComparison.Ordinal));
        string hint = colon < 0 ? "" : begin[(colon + 1)..].Trim();
        string indent = begin[..(begin.Length - begin.TrimStart().Length)];
        return $"{indent}throw new NotImplementedException({SymbolDisplay.FormatLiteral(hint.Length > 0 ? Sentence(hint) : "Write your solution here.", quote: true)});";
    });

    /// <summary>A check cell without its hidden checks.</summary>
    public static string Visible(string source) => Replace(source, BeginHidden, EndHidden, _ => null);

    /// <summary>Wants at least one solution, each closed before the next begins.</summary>
    /// <exception cref="AssignmentException">It is not so.</exception>
    public static void Check(string source, string cell)
    {
        if (Count(source, BeginSolution, EndSolution, cell) == 0)
        {
            throw new AssignmentException($"Cell '{cell}' is a solution without '{BeginSolution}' and '{EndSolution}'.");
        }
    }

    /// <summary>Wants every region of hidden checks closed.</summary>
    /// <exception cref="AssignmentException">It is not so.</exception>
    public static void CheckHidden(string source, string cell) => Count(source, BeginHidden, EndHidden, cell);

    private static int Count(string source, string begin, string end, string cell)
    {
        bool open = false;
        int count = 0;
        foreach (string line in source.Split('\n'))
        {
            bool begins = line.TrimStart().StartsWith(begin, StringComparison.Ordinal), ends = line.TrimStart().StartsWith(end, StringComparison.Ordinal);
            if ((begins && open) || (ends && !open))
            {
                throw new AssignmentException($"Cell '{cell}' has a '{(begins ? begin : end)}' too many.");
            }
            count += begins ? 1 : 0;
            open = begins || (open && !ends);
        }
        return open ? throw new AssignmentException($"Cell '{cell}' has a '{begin}' without '{end}'.") : count;
    }

    private static string Replace(string source, string begin, string end, Func<string, string?> replacement)
    {
        StringBuilder kept = new();
        bool within = false;
        foreach (string line in source.Split('\n'))
        {
            string text = line.TrimStart();
            if (text.StartsWith(begin, StringComparison.Ordinal))
            {
                within = true;
                string carriage = line.EndsWith('\r') ? "\r" : "";
                kept.Append(replacement(line.TrimEnd('\r')) is { } instead ? instead + carriage + "\n" : "");
            }
            else if (!within)
            {
                kept.Append(line).Append('\n');
            }
            within &= !text.StartsWith(end, StringComparison.Ordinal);
        }
        return kept.Length > 0 ? kept.ToString(0, kept.Length - 1) : "";
    }

    private static string Sentence(string hint) => $"{char.ToUpperInvariant(hint[0])}{hint[1..]}{(hint[^1] is '.' or '?' or '!' ? "" : ".")}";
}
