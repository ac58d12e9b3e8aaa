using System.IO.Compression;
using Embodied.Course;
using Embodied.Course.Grading;
using Embodied.Interactive.Documents;
using Embodied.Notebooks.Tests.Commands;

namespace Embodied.Notebooks.Tests.Grading;

public sealed class GradingTests : IDisposable
{
    private static readonly CourseFolder Course = new(CourseTool.Root);
    private static readonly Assignment Cuts = Assignment.Load(Course.Resolve("08"));

    private readonly string folder = Directory.CreateTempSubdirectory("grading-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Exercises_need_none_of_the_notebooks_long_cells()
    {
        foreach (string file in Course.NotebookFiles())
        {
            Assignment assignment = Assignment.Load(file);
            NotebookCell[] cells = [.. assignment.Document.Cells.Where(cell => cell.Kind == CellKind.Code)];
            int[] marked = [.. Enumerable.Range(0, cells.Length).Where(i => GraderMark.Of(cells[i]) is not null)];
            int[] needed = [.. CellNames.Needed([.. cells.Select(cell => cell.Source)], marked).Except(marked)];
            Assert.True(needed.Length <= 3, $"{assignment.Name}: {string.Join(", ", needed.Select(i => cells[i].Source.Split('\n')[0]))}");
        }
    }

    [Theory]
    [InlineData("int a = 1;|int b = 2;|a", "0 2")]
    [InlineData("int a = 1;|int b = a;|int c = 3;|b", "0 1 3")]
    [InlineData("int a = 1;|int F(int a) => a;|F(2)", "1 2")]
    [InlineData("int a = 1;|a = 2; int a2 = a;|s.a", "2")]
    [InlineData("static int Twice(this int x) => 2 * x;|int b = 0;|3.Twice()", "0 2")]
    [InlineData("var (p, q) = (1, 2);|class T { }|new T(); q", "0 1 2")]
    [InlineData("using System.IO;|int b = 0;|1", "0 2")]
    [InlineData("int a = 1;|int a = 2;|a", "1 2")]
    public void A_cell_brings_along_the_cells_that_it_needs(string cells, string needed) =>
        Assert.Equal(needed, string.Join(' ', CellNames.Needed(cells.Split('|'), [cells.Split('|').Length - 1])));

    [Fact]
    public void A_stand_in_has_the_solutions_functions_and_none_of_their_code()
    {
        Assert.Equal(
            "Tensor F(Tensor x, int n = 2) => global::Embodied.Interactive.Grading.StudentCalls.Call<Tensor>(\"F\", x, n);\nvoid G() => global::Embodied.Interactive.Grading.StudentCalls.Run(\"G\");",
            StandIn.Of("Tensor F(Tensor x, int n = 2)\n{\n    return x * n;\n}\nvoid G() { }"));
        Assert.Contains("declares no function", Assert.Throws<FormatException>(() => StandIn.Of("int x = 1;")).Message, StringComparison.Ordinal);
        Assert.Contains("generic or has ref", Assert.Throws<FormatException>(() => StandIn.Of("T F<T>(T x) => x;")).Message, StringComparison.Ordinal);
        Assert.Contains("generic or has ref", Assert.Throws<FormatException>(() => StandIn.Of("void F(ref int x) { }")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_gets_the_marks_that_it_should_and_the_same_again()
    {
        RequiredTool.Find("bubblewrap", "bwrap");
        string submitted = Path.Combine(folder, "submitted");
        Dictionary<string, string> right = Cuts.Exercises.ToDictionary(exercise => exercise.Id, exercise => exercise.Solution);
        Hand("ada", right);
        Hand("bob", []);
        Hand("carl", new(right) { ["ncut"] = "double MyNcut(Tensor W, Tensor inA) => NormalizedCut.Value(new DenseAffinity(W), inA.data<bool>().ToArray());" });
        Hand("dora", new(right) { ["predict"] = "(double Lambda2, double Ratio) MyPrediction(int first, int second) { while (true) { } }" });
        Hand("emil", new(right) { ["predict"] = "(double Lambda2, double Ratio) MyPrediction(int first, int second) => (0, -1" });
        Hand("fay", new(right) { ["recursion"] = "int[] MyRecursiveCut(ISymmetricOperator w, double maxNcut) { Environment.Exit(0); return null; }" });
        Hand("gus", right, document => document.Cells.Remove(document.Cells.Single(cell => GraderMark.Of(cell)?.Id == "ncut-solution")));
        Hand("hugo", right, document =>
        {
            NotebookCell twin = new(CellKind.Code, "twin", right["ncut"]);
            twin.Metadata["nbgrader"] = document.Cells.Single(cell => GraderMark.Of(cell)?.Id == "ncut-solution").Metadata["nbgrader"]!.DeepClone();
            document.Cells.Add(twin);
        });
        // Points that the student's own process writes count for nothing, nor do checks that the student has rewritten.
        Hand("ivy", new() { ["ncut"] = "double MyNcut(Tensor W, Tensor inA) { Check.Steps(Check.Step(\"all\", 99, () => { })); Console.WriteLine(\"{\\\"earned\\\": 99}\"); return 0.5; }" }, document =>
        {
            document.Cells.Single(cell => GraderMark.Of(cell)?.Id == "ncut-check").Source = "99.0";
        });
        // Nor does it help to look for the checker's own state, which is in another process, or to send reports as a check does.
        const string Patch = """
            double MyNcut(Tensor W, Tensor inA)
            {
                foreach (var type in typeof(Check).Assembly.GetTypes().Where(type => type.Namespace?.Contains("Interactive") == true && !type.ContainsGenericParameters))
                    foreach (var field in type.GetFields((System.Reflection.BindingFlags)60))
                        try { if (field.IsStatic && !field.IsLiteral) field.SetValue(null, field.FieldType.IsValueType ? Activator.CreateInstance(field.FieldType) : null); } catch { }
                return 0.5;
            }
            """;
        const string Report = """
            double MyNcut(Tensor W, Tensor inA)
            {
                var report = System.Text.Json.Nodes.JsonNode.Parse("{\"application/vnd.embodied.check+json\": {\"steps\": [{\"name\": \"the library's value\", \"points\": 99, \"failure\": null}]}, \"text/plain\": \"99 of 99\"}");
                Embodied.Interactive.Display.DisplayedValue.Show(new Embodied.Interactive.Display.MimeBundle(report.AsObject()));
                return double.NaN;
            }
            """;
        // Overloads of nested lambdas: each level doubles the compiler's work.
        string bomb = "int Z(Func<int, int> f) => 0; int Z(Func<long, int> f) => 0; int Z(Func<short, int> f) => 0;\n"
            + string.Concat(Enumerable.Range(0, 24).Select(i => $"Z(x{i} => ")) + "x0" + new string(')', 24) + ";\n";
        Hand("max", new(right) { ["ncut"] = bomb + right["ncut"] });
        Hand("mia", new(right) { ["ncut"] = Patch });
        Hand("ned", new(right) { ["ncut"] = Report });
        // A wrong sign, and the same as ada's but for names.
        Hand("jon", new(right) { ["predict"] = Cuts.Exercises.Single(exercise => exercise.Id == "predict").Wrong.Single(wrong => wrong.Name == "the sign").Source });
        foreach ((string student, string name) in (ReadOnlySpan<(string, string)>)[("kim", "own"), ("lou", "mine")])
        {
            Hand(student, new(right) { ["ncut"] = "double MyNcut(Tensor W, Tensor inA)\n{\n    var " + name + " = 3;" + right["ncut"][(right["ncut"].IndexOf('{', StringComparison.Ordinal) + 1)..] });
        }
        File.WriteAllText(Path.Combine(submitted, "lee.ipynb"), "{\"cells\": [");

        string output = Path.Combine(folder, "graded");
        ToolResult first = CourseTool.Run("grade", submitted, "--out", output, "--jobs", "2", "--timeout", "10");
        Assert.True(first.ExitCode == 0, first.Error);
        string book = File.ReadAllText(Path.Combine(output, "gradebook.csv"));
        Assert.Equal(
            """
            student,ncut,predict,recursion,total,attention
            ada,2,2,3,7,
            bob,0,0,0,0,
            carl,0,2,3,5,ncut:Forbidden
            dora,2,0,3,5,
            emil,2,0,3,5,predict:DoesNotCompile
            fay,2,2,0,4,
            gus,0,2,3,5,ncut:Missing
            hugo,0,2,3,5,ncut:Duplicate
            ivy,0.5,0,0,0.5,
            jon,2,1,3,6,
            kim,2,2,3,7,
            lee,0,0,0,0,ncut:Unreadable predict:Unreadable recursion:Unreadable
            lou,2,2,3,7,
            max,0,2,3,5,ncut:Lost
            mia,0,2,3,5,ncut:Forbidden
            ned,0,2,3,5,
            """.ReplaceLineEndings("\n"),
            string.Join('\n', GradebookColumns.Of(book, "student", "ncut", "predict", "recursion", "total", "attention")));
        Assert.StartsWith("student,free-energy,cd,langevin,", book, StringComparison.Ordinal);
        string feedback = File.ReadAllText(Path.Combine(output, "feedback", "dora.html"));
        Assert.Contains("MyPrediction did not return within 10 s", feedback, StringComparison.Ordinal);
        Assert.Contains("What you wrote", feedback, StringComparison.Ordinal);
        Assert.Contains("NormalizedCut", File.ReadAllText(Path.Combine(output, "feedback", "carl.html")), StringComparison.Ordinal);
        Assert.Contains("<h4>Alike but for names and spaces</h4><ul><li>kim, lou</li></ul>", File.ReadAllText(Path.Combine(output, "index.html")), StringComparison.Ordinal);

        // One result is lost, one notebook handed in anew: these alone are graded again.
        File.WriteAllText(Path.Combine(output, "results", Cuts.Name, "ada.json"), "{\"student\": ");
        Hand("bob", right);
        DateTime kept = File.GetLastWriteTimeUtc(Path.Combine(output, "results", Cuts.Name, "carl.json"));
        Assert.Equal(0, CourseTool.Run("grade", submitted, "--out", output).ExitCode);
        string again = File.ReadAllText(Path.Combine(output, "gradebook.csv"));
        Assert.Equal("bob,2,2,3,7,", GradebookColumns.Of(again, "student", "ncut", "predict", "recursion", "total", "attention").Single(row => row.StartsWith("bob", StringComparison.Ordinal)));
        Assert.Equal(Others(book), Others(again));
        Assert.Equal(kept, File.GetLastWriteTimeUtc(Path.Combine(output, "results", Cuts.Name, "carl.json")));

        static IEnumerable<string> Others(string book) => book.Split('\n').Where(row => !row.StartsWith("bob", StringComparison.Ordinal));

        void Hand(string student, Dictionary<string, string> answers, Action<NotebookDocument>? edit = null)
        {
            NotebookDocument document = Release.Of(Cuts.Document, Cuts.Name);
            foreach (Exercise exercise in Cuts.Exercises.Where(exercise => answers.ContainsKey(exercise.Id)))
            {
                document.Cells.Single(cell => GraderMark.Of(cell)?.Id == exercise.SolutionId).Source = answers[exercise.Id];
            }
            edit?.Invoke(document);
            string place = Path.Combine(submitted, student, Cuts.Name);
            Directory.CreateDirectory(place);
            document.Save(Path.Combine(place, Cuts.Name + ".ipynb"));
        }
    }

    [Fact]
    public void Submissions_are_found_as_course_sites_lay_them_out()
    {
        string text = Release.Of(Cuts.Document, Cuts.Name).ToJson();
        Put("zoe/08-normalized-cuts/08-normalized-cuts.ipynb", text);
        Put("Ada Lovelace_17_assignsubmission_file_/my notebook.ipynb", text);
        Put("turingalan_12_345_hand in.ipynb", text);
        Put("a_b/work-10.ipynb", text);
        Put("a_b/work-9.ipynb", text);
        Put("a_b/work.ipynb", text);
        Put("zoe/.ipynb_checkpoints/08-normalized-cuts.ipynb", text);
        Put("zoe/notes.txt", "x");
        Put("yan/other.ipynb", Engine.Notebooks.Of("1").ToJson());
        using (ZipArchive zip = ZipFile.Open(Path.Combine(folder, "s", "zed_1_2_all.zip"), ZipArchiveMode.Create))
        {
            Add(zip, "../../../tmp/evil.ipynb", text);
            Add(zip, "__MACOSX/x.ipynb", text);
        }
        using (ZipArchive zip = ZipFile.Open(Path.Combine(folder, "s", "bomb.zip"), ZipArchiveMode.Create))
        {
            Add(zip, "bomb.ipynb", new string(' ', 70 << 20));
        }
        Put("xan.zip", "PK no");
        Put("wes/answers.txt", "1, 2");
        Put("zoe/draft.ipynb", "{");
        Put("a_b/zz-08-normalized-cuts.ipynb", "");
        File.CreateSymbolicLink(Path.Combine(folder, "s", "link.ipynb"), Path.Combine(folder, "s", "turingalan_12_345_hand in.ipynb"));
        List<string> strange = [];
        IReadOnlyList<Submission> found = Submissions.Find(Path.Combine(folder, "s"), [Cuts], strange.Add);
        Assert.Equal(["Ada Lovelace_17", "a_b", "bomb", "link", "turingalan_12", "wes", "xan", "yan", "zed_1", "zoe"], found.Select(one => one.Student));
        Assert.Contains("is larger than 64 MB", Complaint("bomb"), StringComparison.Ordinal);
        Assert.Contains("It is a link", Complaint("link"), StringComparison.Ordinal);
        Assert.Contains("The zip cannot be read", Complaint("xan"), StringComparison.Ordinal);
        Assert.Contains("no notebook", Complaint("wes"), StringComparison.Ordinal);
        Assert.False(File.Exists("/tmp/evil.ipynb"));
        // What else somebody hands in, torn files included, does not cost what can be read.
        Assert.All((string[])["zoe", "a_b"], student => Assert.NotNull(found.Single(one => one.Student == student).Document));
        Assert.Contains(strange, line => line.Contains("zoe handed in 08-normalized-cuts 2 times; ", StringComparison.Ordinal) && line.Contains("08-normalized-cuts.ipynb' counts", StringComparison.Ordinal));
        Assert.Contains(strange, line => line.Contains("a_b handed in 08-normalized-cuts 4 times; ", StringComparison.Ordinal) && line.Contains("work-10.ipynb' counts", StringComparison.Ordinal));

        string Complaint(string student) => found.Single(one => one.Student == student).Complaint!;

        void Put(string path, string content)
        {
            string file = Path.Combine(folder, "s", path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, content);
        }

        static void Add(ZipArchive zip, string name, string content)
        {
            using StreamWriter writer = new(zip.CreateEntry(name, CompressionLevel.Fastest).Open());
            writer.Write(content);
        }
    }

    [Fact]
    public void Names_cannot_become_formulas_or_other_peoples_files()
    {
        GradedSubmission one = new("=cmd|' /C calc'!A0", Cuts.Name, "x", "d", new Dictionary<string, string>(), new SubmissionResult([.. Cuts.Exercises.Select(exercise =>
            new ExerciseResult(exercise.Id, exercise.Points, ExerciseOutcome.Graded, null, [new("a", 1.5, null)]))]));
        Assert.Contains("\n'=cmd", Gradebook.Csv([Cuts], [one]), StringComparison.Ordinal);
        Assert.Contains(",1.5,1.5,1.5,4.5,", Gradebook.Csv([Cuts], [one]), StringComparison.Ordinal);
        Assert.Equal("%2e%2e%2froot", GradingRun.FileName("../root"));
        Assert.NotEqual(GradingRun.FileName("a/b"), GradingRun.FileName("a:b"));
    }

    [Theory]
    [InlineData("needs --out", "grade", "SUBMISSIONS")]
    [InlineData("There is no '/nowhere/at/all'", "grade", "/nowhere/at/all", "--out", "x")]
    public void Misuse_gets_one_sentence(string telling, params string[] arguments)
    {
        ToolResult result = CourseTool.Run([.. arguments.Select(argument => argument == "SUBMISSIONS" ? folder : argument)]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(telling, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_exercises_of_the_course_tell_right_answers_from_wrong_ones()
    {
        ToolResult result = CourseTool.Run("validate");
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Contains("each earned what it should", result.Output, StringComparison.Ordinal);
    }
}
