using System.Globalization;
using System.Text.RegularExpressions;

namespace Embodied.Course.Grading;

/// <summary>An answer that is wrong on purpose, to see that checks tell.</summary>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Source">A solution cell.</param>
/// <param name="Points">What it earns.</param>
public sealed record WrongAnswer(string Name, string Source, double Points);

/// <summary>
/// The wrong answers to a notebook's exercises, in <c>wrong-answers/NOTEBOOK.csx</c> beside it: whatever makes students' versions of a
/// notebook, nothing of them gets into it. Each follows a line <c>// EXERCISE: what is wrong: POINTS</c>.
/// </summary>
internal static partial class WrongAnswers
{
    /// <summary>The exercises with their wrong answers.</summary>
    /// <param name="exercises">The exercises.</param>
    /// <param name="notebook">The notebook's file.</param>
    /// <exception cref="AssignmentException">The file names an exercise that does not exist, or more points than it has.</exception>
    public static IReadOnlyList<Exercise> Add(IReadOnlyList<Exercise> exercises, string notebook)
    {
        string file = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(notebook))!, "wrong-answers", Path.GetFileNameWithoutExtension(notebook) + ".csx");
        if (!File.Exists(file))
        {
            return exercises;
        }
        string text = File.ReadAllText(file).ReplaceLineEndings("\n");
        Match[] heads = [.. Head().Matches(text).Cast<Match>()];
        ILookup<string, WrongAnswer> answers = heads.Select((Match head, int i) =>
        {
            string name = head.Groups["exercise"].Value;
            double points = double.Parse(head.Groups["points"].Value, CultureInfo.InvariantCulture);
            Exercise exercise = exercises.FirstOrDefault(exercise => exercise.Id == name)
                ?? throw new AssignmentException($"wrong-answers/{Path.GetFileName(file)} has an answer to '{name}'; the exercises are {string.Join(", ", exercises.Select(exercise => exercise.Id))}.");
            return points < exercise.Points
                ? (Exercise: name, Answer: new WrongAnswer(head.Groups["name"].Value, text[(head.Index + head.Length)..(i + 1 < heads.Length ? heads[i + 1].Index : text.Length)].Trim(), points))
                : throw new AssignmentException(FormattableString.Invariant($"wrong-answers/{Path.GetFileName(file)} gives '{head.Groups["name"].Value}' {points:0.##} points; '{name}' is worth {exercise.Points:0.##}."));
        }).ToLookup(one => one.Exercise, one => one.Answer);
        return [.. exercises.Select(exercise => exercise with { Wrong = [.. answers[exercise.Id]] })];
    }

    [GeneratedRegex(@"^// (?<exercise>[\w-]+): (?<name>.+): (?<points>\d+(\.\d+)?)$", RegexOptions.Multiline)]
    private static partial Regex Head();
}
