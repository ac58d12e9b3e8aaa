using System.Text.Json;
using System.Text.Json.Nodes;
using Embodied.Interactive;

namespace Embodied.Course.Grading;

/// <summary>A submission with what came of it, as it is kept in the results folder.</summary>
/// <param name="Student">Who handed it in.</param>
/// <param name="Assignment">The assignment's name.</param>
/// <param name="Source">Where it was found.</param>
/// <param name="Digest">Stands for what was graded: another notebook, or other checks, have another.</param>
/// <param name="Solutions">What the student wrote, by exercise.</param>
/// <param name="Result">The result.</param>
internal sealed record GradedSubmission(string Student, string Assignment, string Source, string Digest, IReadOnlyDictionary<string, string> Solutions, SubmissionResult Result)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Everything, as JSON.</summary>
    public JsonObject ToJson() => new()
    {
        ["student"] = Student,
        ["assignment"] = Assignment,
        ["source"] = Source,
        ["digest"] = Digest,
        ["earned"] = Result.Earned,
        ["exercises"] = new JsonArray([.. Result.Exercises.Select(exercise => new JsonObject
        {
            ["id"] = exercise.Id,
            ["points"] = exercise.Points,
            ["earned"] = exercise.Earned,
            ["outcome"] = exercise.Outcome.ToString(),
            ["reason"] = exercise.Reason,
            ["solution"] = Solutions.GetValueOrDefault(exercise.Id),
            ["steps"] = new JsonArray([.. exercise.Steps.Select(step => new JsonObject { ["name"] = step.Name, ["points"] = step.Points, ["failure"] = step.Failure })]),
        })]),
    };

    /// <summary>Writes it beside its place and moves it there.</summary>
    public void Save(string file) => AtomicFile.Write(file, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(ToJson().ToJsonString(Readable) + "\n")));

    /// <summary>Reads what <see cref="Save"/> wrote; null when it is not whole.</summary>
    public static GradedSubmission? Load(string file)
    {
        try
        {
            JsonObject json = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
            JsonObject[] exercises = [.. json["exercises"]!.AsArray().Select(exercise => exercise!.AsObject())];
            return new GradedSubmission(
                Text(json, "student")!, Text(json, "assignment")!, Text(json, "source")!, Text(json, "digest")!,
                exercises.Where(exercise => exercise["solution"] is not null).ToDictionary(exercise => Text(exercise, "id")!, exercise => Text(exercise, "solution")!),
                new SubmissionResult([.. exercises.Select(exercise => new ExerciseResult(
                    Text(exercise, "id")!, exercise["points"]!.GetValue<double>(), Enum.Parse<ExerciseOutcome>(Text(exercise, "outcome")!), Text(exercise, "reason"),
                    [.. exercise["steps"]!.AsArray().Select(step => new CheckOutcome(step!["name"]!.GetValue<string>(), step["points"]!.GetValue<double>(), step["failure"]?.GetValue<string>()))]))]));
        }
        catch (Exception e) when (e is IOException or JsonException or InvalidOperationException or NullReferenceException or ArgumentException)
        {
            return null;
        }
    }

    private static string? Text(JsonObject json, string name) => json[name]?.GetValue<string>();
}
