using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Embodied.Course.Grading;
using Embodied.Interactive.Documents;

namespace Embodied.Notebooks.Tests.Grading;

/// <summary>A class that hands in one assignment: every way of answering, combined by a seeded draw, and every way of handing in what is no answer.</summary>
/// <param name="assignment">The assignment.</param>
/// <param name="folder">Where the submissions go.</param>
/// <param name="stranger">A notebook of another course.</param>
internal sealed class MadeClass(Assignment assignment, string folder, NotebookDocument stranger)
{
    private readonly Random random = new(20);
    private readonly List<string> rows = [];

    /// <summary>What the gradebook has to say, a row for each student: name, points of each exercise, what to look at.</summary>
    public IReadOnlyList<string> Expected => [.. rows.Order(StringComparer.Ordinal)];

    /// <summary>Writes the submissions of a class.</summary>
    /// <param name="size">How many.</param>
    public MadeClass Write(int size)
    {
        Action<string>[] layouts = [Folder, Zip, Single, Attempt];
        Action<string>[] spoiled =
        [
            student => Raw(student, ""), student => Raw(student, "{\"cells\": ["), student => Raw(student, "[1, 2]"), student => Raw(student, "{\"cells\": [], \"nbformat\": 3}"),
            student => Raw(student, "\0\u0001 not a notebook"), student => Raw(student, new string('[', 100_000)), student => Raw(student, "{\"cells\": [], \"pad\": \"" + new string('x', 65 << 20) + "\"}"),
            Nothing, Strangers, Torn, Bomb,
        ];
        for (int i = 0; i < size; i++)
        {
            string student = $"student{i:000}";
            (i % 6 == 5 ? spoiled[i / 6 % spoiled.Length] : layouts[random.Next(layouts.Length)])(student);
        }
        return this;
    }

    private sealed record Answer(string? Source, double Points, ExerciseOutcome Outcome = ExerciseOutcome.Graded, Action<NotebookDocument>? Edit = null);

    private void Folder(string student)
    {
        string place = Path.Combine(folder, student, assignment.Name);
        Directory.CreateDirectory(place);
        File.WriteAllText(Path.Combine(place, assignment.Name + ".ipynb"), Notebook(student));
    }

    private void Single(string student) => File.WriteAllText(Path.Combine(folder, student + ".ipynb"), Notebook(student));

    // As Canvas names them; an earlier attempt lies beside it.
    private void Attempt(string student)
    {
        string place = Path.Combine(folder, student);
        Directory.CreateDirectory(place);
        File.WriteAllText(Path.Combine(place, "answers.ipynb"), Release.Of(assignment.Document, assignment.Name).ToJson());
        File.WriteAllText(Path.Combine(place, "answers-2.ipynb"), Release.Of(assignment.Document, assignment.Name).ToJson());
        File.WriteAllText(Path.Combine(place, "answers-3.ipynb"), Notebook(student));
    }

    private void Zip(string student) => Zip(student, Notebook(student));

    private void Zip(string student, string text)
    {
        using ZipArchive zip = ZipFile.Open(Path.Combine(folder, student + ".zip"), ZipArchiveMode.Create);
        using Stream entry = zip.CreateEntry($"work/{assignment.Name}.ipynb", CompressionLevel.Fastest).Open();
        entry.Write(Encoding.UTF8.GetBytes(text));
    }

    private void Raw(string student, string text)
    {
        File.WriteAllText(Path.Combine(folder, student + ".ipynb"), text);
        Expect(student, ExerciseOutcome.Unreadable);
    }

    private void Nothing(string student)
    {
        Directory.CreateDirectory(Path.Combine(folder, student));
        File.WriteAllText(Path.Combine(folder, student, "answers.pdf"), "%PDF");
        Expect(student, ExerciseOutcome.Unreadable);
    }

    private void Strangers(string student)
    {
        File.WriteAllText(Path.Combine(folder, student + ".ipynb"), stranger.ToJson());
        Expect(student, ExerciseOutcome.Unreadable);
    }

    private void Torn(string student)
    {
        Zip(student, stranger.ToJson());
        byte[] whole = File.ReadAllBytes(Path.Combine(folder, student + ".zip"));
        File.WriteAllBytes(Path.Combine(folder, student + ".zip"), whole[..(whole.Length / 2)]);
        Expect(student, ExerciseOutcome.Unreadable);
    }

    private void Bomb(string student)
    {
        Zip(student, new string(' ', 100 << 20));
        Expect(student, ExerciseOutcome.Unreadable);
    }

    private void Expect(string student, ExerciseOutcome outcome) =>
        rows.Add(Row(student, [.. assignment.Exercises.Select(_ => new Answer(null, 0, outcome))]));

    private string Row(string student, IReadOnlyList<Answer> answers)
    {
        IEnumerable<string> attention = assignment.Exercises.Zip(answers).Where(one => one.Second.Outcome != ExerciseOutcome.Graded).Select(one => $"{one.First.Id}:{one.Second.Outcome}");
        return string.Join(',', [student, .. answers.Select(answer => FormattableString.Invariant($"{answer.Points:0.##}")), string.Join(' ', attention)]);
    }

    private string Notebook(string student)
    {
        NotebookDocument document = Release.Of(assignment.Document, assignment.Name);
        Answer[] answers = [.. assignment.Exercises.Select(Draw)];
        foreach ((Exercise exercise, Answer answer) in assignment.Exercises.Zip(answers))
        {
            if (answer.Source is not null)
            {
                Cell(document, exercise.SolutionId).Source = answer.Source;
            }
            answer.Edit?.Invoke(document);
        }
        Disturb(document);
        rows.Add(Row(student, answers));
        return random.Next(5) == 0 ? document.ToJson().ReplaceLineEndings("\r\n") : document.ToJson();
    }

    private Answer Draw(Exercise exercise)
    {
        string signature = exercise.Solution[..exercise.Solution.IndexOf('{', StringComparison.Ordinal)];
        Answer[] all =
        [
            new(exercise.Solution, exercise.Points),
            new("// My own.\n" + exercise.Solution.Replace("//", "// so:", StringComparison.Ordinal), exercise.Points),
            new("Console.Error.WriteLine(\"stray\");\n" + exercise.Solution, exercise.Points),
            .. exercise.Wrong.Select(wrong => new Answer(wrong.Source, wrong.Points)),
            new(null, 0),
            new(signature + "{ throw new InvalidOperationException(\"no idea\"); }", 0),
            new(signature + "{ return ", 0, ExerciseOutcome.DoesNotCompile),
            new(signature + "{ Environment.Exit(0); throw null; }", 0),
            new("Environment.Exit(0);\n" + exercise.Solution, 0, ExerciseOutcome.Lost),
            new($"var answer = typeof({exercise.Forbidden[0]}{(exercise.Forbidden[0].Split('.').Length < 3 ? ".NormalizedCut" : "")});\n" + exercise.Solution, 0, ExerciseOutcome.Forbidden),
            new("", 0),
            new(null, 0, ExerciseOutcome.Missing, document => document.Cells.Remove(Cell(document, exercise.SolutionId))),
            new(exercise.Solution, 0, ExerciseOutcome.Duplicate, document => document.Cells.Add(Copy(Cell(document, exercise.SolutionId)))),
        ];
        return random.Next(3) == 0 ? all[0] : all[random.Next(all.Length)];
    }

    // None of this may cost or earn a point.
    private void Disturb(NotebookDocument document)
    {
        string check = assignment.Exercises[random.Next(assignment.Exercises.Count)].Checks[0].Id;
        switch (random.Next(10))
        {
            case 0:
                document.Cells.Remove(Cell(document, check));
                break;
            case 1:
                Cell(document, check).Source = "Check.Steps(Check.Step(\"mine\", 99, () => { }))";
                break;
            case 2:
                document.Cells.Add(Copy(Cell(document, check)));
                break;
            case 3:
                Cell(document, check).Metadata["nbgrader"]!["points"] = 1000;
                break;
            case 4:
                document.Cells.Insert(1, new NotebookCell(CellKind.Code, "mine", "throw new Exception(\"stray\");"));
                break;
            case 5:
                document.Cells.Insert(1, new NotebookCell(CellKind.Code, "mine", "while (true) { }"));
                break;
            case 6:
                Cell(document, check).Outputs.Add(JsonNode.Parse("""{"output_type": "stream", "name": "stdout", "text": "2 of 2"}""")!);
                break;
            case 7:
                document.Cells.First(cell => cell.Kind == CellKind.Code).Source = "";
                break;
        }
    }

    private static NotebookCell Cell(NotebookDocument document, string mark) => document.Cells.First(cell => GraderMark.Of(cell)?.Id == mark);

    private static NotebookCell Copy(NotebookCell cell)
    {
        NotebookCell copy = new(cell.Kind, cell.Id + "-copy", cell.Source);
        copy.Metadata["nbgrader"] = cell.Metadata["nbgrader"]!.DeepClone();
        return copy;
    }
}
