using System.Security.Cryptography;
using System.Text;
using Embodied.Course;
using Embodied.Course.Grading;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Session;
using Embodied.Notebooks.Tests.Commands;
using Embodied.Notebooks.Tests.Engine;

namespace Embodied.Notebooks.Tests.Grading;

public sealed class ReleaseTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("release-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_stub_compiles_and_throws_the_hint()
    {
        const string source = "int F(int x)\r\n{\r\n    int y = 2;\r\n    // BEGIN SOLUTION: add \"two\", twice\r\n    return x + 2 * y;\r\n    // END SOLUTION\r\n}\r\nint G() // stays\r\n{\r\n// BEGIN SOLUTION\r\nreturn 3;\r\n// END SOLUTION\r\n}";
        string stub = Regions.Stub(source);
        Assert.Equal(
            "int F(int x)\r\n{\r\n    int y = 2;\r\n    throw new NotImplementedException(\"Add \\\"two\\\", twice.\");\r\n}\r\nint G() // stays\r\n{\r\nthrow new NotImplementedException(\"Write your solution here.\");\r\n}", stub);
        using TestSession session = new();
        Assert.Null((await session.RunAsync(stub)).Error);
        CellResult result = await session.RunAsync("F(1)");
        Assert.Equal(("NotImplementedException", "Add \"two\", twice."), (result.Error!.Name, result.Error.Message));
    }

    [Fact]
    public void Students_get_no_solution_no_hidden_check_and_nothing_of_the_instructors()
    {
        foreach (string file in new CourseFolder(CourseTool.Root).NotebookFiles())
        {
            Assignment assignment = Assignment.Load(file);
            Assert.All(assignment.Exercises, exercise => Assert.True(exercise.Wrong.Count >= 3 && exercise.Forbidden.Count >= 1, exercise.Id));
            Assert.Contains(assignment.Exercises.SelectMany(exercise => exercise.Checks), check => check.Source.Contains("BEGIN HIDDEN", StringComparison.Ordinal));
            NotebookDocument released = Release.Of(assignment.Document, assignment.Name);
            string text = released.ToJson();
            Assert.DoesNotContain("SOLUTION", text, StringComparison.Ordinal);
            Assert.DoesNotContain("HIDDEN", text, StringComparison.Ordinal);
            Assert.DoesNotContain("\"wrong\"", text, StringComparison.Ordinal);
            Assert.All(assignment.Exercises, exercise => Assert.DoesNotContain(exercise.Solution.Split('\n').Single(line => line.Contains("END SOLUTION", StringComparison.Ordinal)), text, StringComparison.Ordinal));
            Assert.Equal(assignment.Document.Cells.Select(cell => cell.Id), released.Cells.Select(cell => cell.Id));
            Assert.Equal(text, Release.Of(assignment.Document, assignment.Name).ToJson());
        }
    }

    [Fact]
    public void Marked_cells_get_nbgraders_checksums_and_are_locked()
    {
        NotebookDocument document = Make("int F() {\n// BEGIN SOLUTION\nreturn 1;\n// END SOLUTION\n}", "F()\n// BEGIN HIDDEN CHECKS\nF()\n// END HIDDEN CHECKS\n");
        document.Cells[0].Outputs.Add(System.Text.Json.Nodes.JsonNode.Parse("""{"output_type": "stream", "name": "stdout", "text": "3"}""")!);
        document.Cells[0].ExecutionCount = 3;
        NotebookDocument released = Release.Of(document, "made");
        (NotebookCell solution, NotebookCell check) = (released.Cells[0], released.Cells[1]);
        Assert.Equal(Md5("int F() {\nthrow new NotImplementedException(\"Write your solution here.\");\n}codeFalseTrueFalsef-solution"), solution.Metadata["nbgrader"]!["checksum"]!.GetValue<string>());
        Assert.Equal(Md5("F()\ncodeTrueFalseTruef-check2.0"), check.Metadata["nbgrader"]!["checksum"]!.GetValue<string>());
        Assert.False(check.Metadata["editable"]!.GetValue<bool>() || check.Metadata["deletable"]!.GetValue<bool>() || solution.Metadata["deletable"]!.GetValue<bool>());
        Assert.Null(solution.Metadata["editable"]);
        Assert.Empty(solution.Outputs);
        Assert.Null(solution.ExecutionCount);
    }

    [Theory]
    [InlineData("int F() => 1;", "F()", "is a solution without '// BEGIN SOLUTION'")]
    [InlineData("// BEGIN SOLUTION\nint F() => 1;", "F()", "'// BEGIN SOLUTION' without '// END SOLUTION'")]
    [InlineData("// BEGIN SOLUTION\n// BEGIN SOLUTION\n// END SOLUTION", "F()", "a '// BEGIN SOLUTION' too many")]
    [InlineData("// BEGIN SOLUTION\n// END SOLUTION\n// END SOLUTION", "F()", "a '// END SOLUTION' too many")]
    [InlineData("// BEGIN SOLUTION\n// END SOLUTION", "// BEGIN HIDDEN CHECKS", "'// BEGIN HIDDEN CHECKS' without")]
    public void What_is_no_proper_exercise_is_told_by_cell(string solution, string check, string telling)
    {
        string file = Path.Combine(folder, "made.ipynb");
        Make(solution, check).Save(file);
        string message = Assert.Throws<AssignmentException>(() => Assignment.Load(file)).Message;
        Assert.Contains(telling, message, StringComparison.Ordinal);
        Assert.StartsWith("made.ipynb: Cell '", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("grade_id", null, "no grade_id")]
    [InlineData("points", null, "no points")]
    [InlineData("points", "-1", "-1 points")]
    [InlineData("points", "\"two\"", "malformed")]
    [InlineData("locked", "false", "is a check that is not locked")]
    [InlineData("grade_id", "\"f-solution\"", "which another cell has too")]
    [InlineData("solution", "true", "is a solution and a check in one")]
    public void A_mark_that_makes_no_sense_is_told_by_cell(string name, string? value, string telling)
    {
        NotebookDocument document = Make("// BEGIN SOLUTION\n// END SOLUTION", "F()");
        System.Text.Json.Nodes.JsonObject mark = document.Cells[1].Metadata["nbgrader"]!.AsObject();
        mark.Remove(name);
        if (value is not null)
        {
            mark[name] = System.Text.Json.Nodes.JsonNode.Parse(value);
        }
        string file = Path.Combine(folder, "made.ipynb");
        document.Save(file);
        Assert.Contains(telling, Assert.Throws<AssignmentException>(() => Assignment.Load(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_exercise_is_not_named_as_a_column_of_the_gradebook()
    {
        NotebookDocument document = Make("// BEGIN SOLUTION\n// END SOLUTION", "F()");
        document.Cells[0].Metadata["nbgrader"]!["grade_id"] = "attention-solution";
        string file = Path.Combine(folder, "made.ipynb");
        document.Save(file);
        Assert.Contains("names its exercise 'attention', which is a column of the gradebook already", Assert.Throws<AssignmentException>(() => Assignment.Load(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_writes_a_course_that_a_student_can_build_and_replaces_it_only_when_told()
    {
        string target = Path.Combine(folder, "students");
        ToolResult first = CourseTool.Run("release", target);
        Assert.True(first.ExitCode == 0, first.Error);
        foreach (string file in (string[])["README.md", "global.json", "Embodied.Notebooks.slnx", "notebooks/setup.csx", "notebooks/08-normalized-cuts.ipynb", "lib/Embodied.Course/Embodied.Course.csproj", "data/SHA256SUMS"])
        {
            Assert.True(File.Exists(Path.Combine(target, file)), file);
        }
        Assert.False(Directory.Exists(Path.Combine(target, "tests")) || Directory.Exists(Path.Combine(target, "lib", "Embodied", "bin")));
        Assert.Empty(Directory.GetFiles(target, "*.partial", SearchOption.AllDirectories));
        File.WriteAllText(Path.Combine(target, "notebooks", "mine.ipynb"), "mine");
        ToolResult again = CourseTool.Run("release", target);
        Assert.Equal(2, again.ExitCode);
        Assert.Contains("is not empty", again.Error, StringComparison.Ordinal);
        Assert.Equal(0, CourseTool.Run("release", target, "--force").ExitCode);
        Assert.Equal("mine", File.ReadAllText(Path.Combine(target, "notebooks", "mine.ipynb")));
        Assert.Equal(2, CourseTool.Run("release", CourseTool.Root, "--force").ExitCode);
        Assert.Equal(2, CourseTool.Run("release", Path.Combine(target, "README.md")).ExitCode);
        Assert.Equal(2, CourseTool.Run("release").ExitCode);
    }

    /// <summary>A notebook of one exercise.</summary>
    internal static NotebookDocument Make(string solution, string check)
    {
        NotebookDocument document = Engine.Notebooks.Of(solution, check);
        Mark(document.Cells[0], $$"""{"grade": false, "grade_id": "f-solution", "locked": false, "schema_version": 3, "solution": true, "task": false}""");
        Mark(document.Cells[1], $$"""{"grade": true, "grade_id": "f-check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}""");
        return document;
    }

    private static void Mark(NotebookCell cell, string json) => cell.Metadata["nbgrader"] = System.Text.Json.Nodes.JsonNode.Parse(json);

    private static string Md5(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
}
