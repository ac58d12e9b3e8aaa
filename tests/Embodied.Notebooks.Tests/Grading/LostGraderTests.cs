using Embodied.Course;
using Embodied.Course.Grading;
using Embodied.Interactive.Documents;
using Embodied.Notebooks.Tests.Commands;

namespace Embodied.Notebooks.Tests.Grading;

/// <summary>Checks whose own process does not survive what a student's function returns.</summary>
public sealed class LostGraderTests : IDisposable
{
    // 1 passes, 2 aborts the process, 3 holds it for ever in native code.
    private const string Check = """
        [System.Runtime.InteropServices.DllImport("libc")] static extern int pause();
        Check.Steps(Check.Step("one", 2, () =>
        {
            int value = F();
            if (value == 2) Environment.FailFast("as native code would");
            while (value == 3) pause();
            Check.That(value == 1, $"{value}");
        }))
        """;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("lost-grader-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Costs_that_submission_alone()
    {
        RequiredTool.Find("bubblewrap", "bwrap");
        NotebookDocument made = Engine.Notebooks.Of("#r \"" + typeof(Embodied.Interactive.Check).Assembly.Location + "\"\nusing Embodied.Interactive;", "int F()\n{\n    // BEGIN SOLUTION\n    return 1;\n    // END SOLUTION\n}", Check);
        Mark(made.Cells[1], grade: false);
        Mark(made.Cells[2], grade: true);
        string course = folder.CreateSubdirectory("course/notebooks").FullName, submitted = folder.CreateSubdirectory("submitted").FullName, output = Path.Combine(folder.FullName, "graded");
        File.WriteAllText(Path.Combine(course, "..", "Embodied.Notebooks.sln"), "");
        made.Save(Path.Combine(course, "made.ipynb"));
        foreach ((string student, int value) in (ReadOnlySpan<(string, int)>)[("ada", 1), ("bob", 2), ("cem", 1), ("dan", 4), ("eva", 3), ("fay", 1)])
        {
            NotebookDocument document = Release.Of(made, "made");
            document.Cells[1].Source = $"int F() => {value};";
            document.Save(Path.Combine(submitted, student + ".ipynb"));
        }

        ToolResult result = CourseTool.RunIn(Path.Combine(course, ".."), "grade", submitted, "--out", output, "--jobs", "2", "--timeout", "5");
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.Equal(
            "student,f,total,of,attention\nada,2,2,2,\nbob,0,0,2,f:Unchecked\ncem,2,2,2,\ndan,0,0,2,\neva,0,0,2,f:Unchecked\nfay,2,2,2,\n",
            File.ReadAllText(Path.Combine(output, "gradebook.csv")));
        Assert.Contains("ended the process that grades, twice", File.ReadAllText(Path.Combine(output, "feedback", "bob.html")), StringComparison.Ordinal);
        Assert.Contains("The process that grades was lost", result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(output, "*.grading", SearchOption.AllDirectories));
    }

    [Fact]
    public void Without_a_sandbox_nothing_runs_unless_told_so()
    {
        string submitted = folder.CreateSubdirectory("submitted").FullName;
        string bwrap = RequiredTool.Find("bubblewrap", "bwrap"), output = Path.Combine(folder.FullName, "graded");
        // Where the sandbox's program is, is one that does not run.
        string[] course = [.. CourseProcess.Command("grade")];
        ToolResult result = RequiredTool.Run(bwrap, ["--dev-bind", "/", "/", "--ro-bind", "/dev/null", bwrap, "--chdir", CourseTool.Root, .. course, submitted, "--out", output]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Students' code is not run without a sandbox. The sandbox does not work here", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(output));
    }

    private static void Mark(NotebookCell cell, bool grade) => cell.Metadata["nbgrader"] = new System.Text.Json.Nodes.JsonObject
    {
        ["schema_version"] = 3, ["grade_id"] = grade ? "f-check" : "f-solution", ["grade"] = grade, ["solution"] = !grade, ["locked"] = grade, ["task"] = false, ["points"] = grade ? 2 : null,
    };
}
