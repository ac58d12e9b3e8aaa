using System.Text.RegularExpressions;
using Embodied.Interactive.Documents;
using Embodied.Notebooks.Tests.Commands;

namespace Embodied.Notebooks.Tests.Grading;

/// <summary>The instructor's notebooks in nbgrader's own hands. There is no Debian package of it, so that these checks run where a person has installed it.</summary>
public sealed partial class NbgraderTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("nbgrader-");

    public void Dispose() => folder.Delete(recursive: true);

    public static TheoryData<string> Names => [.. new Course.CourseFolder(CourseTool.Root).NotebookFiles().Select(Course.CourseFolder.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Nbgrader_releases_the_notebook_and_finds_that_its_solutions_pass(string name)
    {
        string notebook = Path.Combine(CourseTool.Root, "notebooks", name + ".ipynb");
        string source = folder.CreateSubdirectory($"source/{name}").FullName;
        File.Copy(notebook, Path.Combine(source, name + ".ipynb"));
        File.WriteAllText(Path.Combine(folder.FullName, "nbgrader_config.py"), Configuration().Match(File.ReadAllText(Path.Combine(CourseTool.Root, "docs", "grading.md"))).Groups["text"].Value);
        Nbgrader(folder.FullName, "generate_assignment", name, "--create");
        NotebookDocument released = NotebookDocument.Load(Path.Combine(folder.FullName, "release", name, name + ".ipynb"));
        string text = released.ToJson();
        Assert.DoesNotContain("SOLUTION", text, StringComparison.Ordinal);
        Assert.DoesNotContain("HIDDEN", text, StringComparison.Ordinal);
        Assert.Contains("throw new NotImplementedException();", text, StringComparison.Ordinal);

        ToolResult result = Nbgrader(Path.GetDirectoryName(notebook)!, "validate", notebook);
        Assert.Contains("Success! Your notebook passes all the tests.", result.Output + result.Error, StringComparison.Ordinal);
    }

    private ToolResult Nbgrader(string workingDirectory, params string[] arguments)
    {
        Assert.SkipUnless(RequiredTool.Run("/bin/sh", "-c", "command -v nbgrader").ExitCode == 0, "nbgrader is not installed (no Debian package)");
        string kernels = Path.Combine(folder.FullName, "kernels");
        Assert.Equal(0, CourseTool.Run("kernel", "install", "--prefix", kernels).ExitCode);
        ToolResult result = RequiredTool.Run("/usr/bin/env", ["-C", workingDirectory, $"JUPYTER_PATH={kernels}/share/jupyter", "nbgrader", .. arguments]);
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        return result;
    }

    [GeneratedRegex("```python\n(?<text>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Configuration();
}
