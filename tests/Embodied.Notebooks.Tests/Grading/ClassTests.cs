using System.Diagnostics;
using Embodied.Course;
using Embodied.Course.Grading;
using Embodied.Notebooks.Tests.Commands;

namespace Embodied.Notebooks.Tests.Grading;

/// <summary>A class of 200, graded as a teacher would.</summary>
public sealed class ClassTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("class-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Two_hundred_submissions_get_the_marks_that_they_should_and_the_same_again_after_a_kill()
    {
        RequiredTool.Find("bubblewrap", "bwrap");
        Assignment cuts = Assignment.Load(new CourseFolder(CourseTool.Root).Resolve("08"));
        string submitted = Directory.CreateDirectory(Path.Combine(folder, "submitted")).FullName;
        MadeClass made = new MadeClass(cuts, submitted, Engine.Notebooks.Of("1 + 1", "// of another course")).Write(200);

        string first = Path.Combine(folder, "first"), second = Path.Combine(folder, "second");
        Kill(CourseTool.Start("grade", submitted, "--out", first, "--jobs", "2"), Path.Combine(first, "results", cuts.Name), after: 30);
        int kept = Directory.GetFiles(Path.Combine(first, "results", cuts.Name), "*.json").Length;
        Assert.InRange(kept, 30, 190);
        Assert.False(File.Exists(Path.Combine(first, "gradebook.csv")));
        Stopwatch clock = Stopwatch.StartNew();
        foreach (string output in (string[])[first, second])
        {
            ToolResult result = CourseTool.Run("grade", submitted, "--out", output, "--jobs", "2");
            Assert.True(result.ExitCode == 0, result.Error);
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"{400 - kept} submissions in {clock.Elapsed.TotalSeconds:0} s");

        string book = File.ReadAllText(Path.Combine(first, "gradebook.csv"));
        // The columns of other assignments, the total and what it is of are left out.
        Assert.Equal(made.Expected, GradebookColumns.Of(book, ["student", .. cuts.Exercises.Select(exercise => exercise.Id), "attention"]).Skip(1));
        Assert.Equal(book, File.ReadAllText(Path.Combine(second, "gradebook.csv")));
        Assert.Equal(200, Directory.GetFiles(Path.Combine(first, "feedback"), "*.html").Length);
        Assert.Empty(Directory.GetFiles(first, "*.grading", SearchOption.AllDirectories));
    }

    private static void Kill(Process grading, string results, int after)
    {
        using (grading)
        {
            _ = grading.StandardOutput.ReadToEndAsync();
            _ = grading.StandardError.ReadToEndAsync();
            Assert.True(Browser.Until(() => grading.HasExited || (Directory.Exists(results) && Directory.GetFiles(results, "*.json").Length >= after), 120), $"Not {after} results within 120 s.");
            Assert.False(grading.HasExited, "Grading ended.");
            grading.Kill();
            grading.WaitForExit();
        }
        Assert.True(Browser.Until(() => !Directory.EnumerateFiles("/proc", "cmdline", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1, IgnoreInaccessible = true }).Any(file => Mentions(file, results)), 10), "A process of the killed grading lives on.");
    }

    private static bool Mentions(string commandLine, string results)
    {
        try
        {
            return File.ReadAllText(commandLine).Contains(Path.GetDirectoryName(Path.GetDirectoryName(results))!, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
