using System.Diagnostics;
using System.Text.Json.Nodes;
using Embodied.Interactive.Documents;
using Embodied.Notebooks.Tests.Engine;

namespace Embodied.Notebooks.Tests.Commands;

public sealed class CourseCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("course-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("There is no command 'rum'; did you mean 'run'?", "rum")]
    [InlineData("'course run' has no option '--scal'; did you mean '--scale'?", "run", "--scal", "full")]
    [InlineData("Option '--scale' wants 'quick' or 'full', not 'huge'.", "run", "--scale", "huge")]
    [InlineData("Option '--jobs' wants a whole number from 1 to 64, not '0'.", "run", "--jobs", "0")]
    [InlineData("Option '--jobs' needs a value.", "run", "--jobs")]
    [InlineData("There is no notebook '99-absent'.", "run", "99-absent")]
    [InlineData("There is no notebook '08-normalised-cuts'; did you mean '08-normalized-cuts'?", "run", "08-normalised-cuts")]
    [InlineData("There is no notebook 'absent/file.ipynb'.", "run", "absent/file.ipynb")]
    [InlineData("'course doctor' takes no argument 'now'.", "doctor", "now")]
    [InlineData("There is no command 'dimo'; did you mean 'dino'?", "train", "dimo")]
    [InlineData("There is no command 'gett'; did you mean 'get'?", "models", "gett")]
    [InlineData("'course export' has no option '--ouput'; did you mean '--out'?", "export", "dino-sprites", "--ouput")]
    [InlineData("Option '--updates' wants a whole number from 1 to 1000000, not 'many'.", "train", "dino", "--updates", "many")]
    [InlineData("Option '--recipe' wants 'joint' or 'scratch' or 'shared-background' or 'contrastive-start' or 'contrastive', not 'magic'.", "train", "dino", "--recipe", "magic")]
    public void A_wrong_question_gets_one_sentence_and_exit_code_2(string sentence, params string[] arguments)
    {
        ToolResult result = CourseTool.Run(arguments);
        Assert.Equal((2, sentence), (result.ExitCode, result.Error.Trim()));
        Assert.Equal("", result.Output);
    }

    [Fact]
    public void Help_names_every_command_a_person_may_use()
    {
        ToolResult result = CourseTool.Run("--help");
        Assert.Equal(0, result.ExitCode);
        foreach (string command in (string[])["run", "book", "kernel", "lab", "train", "export", "models", "doctor"])
        {
            Assert.Contains($"  {command} ", result.Output, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("worker", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_notebook_is_refused_before_anything_runs()
    {
        string path = Path.Combine(folder, "broken.ipynb");
        File.WriteAllText(path, "{\"nbformat\": 4");
        ToolResult result = CourseTool.Run("run", path, "--out", Path.Combine(folder, "out"));
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith($"{path} is not valid JSON: line 1", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(folder, "out")));
    }

    [Fact]
    public void A_book_without_executed_notebooks_says_how_to_make_them()
    {
        ToolResult result = CourseTool.Run("book", "--out", folder);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("'course run' makes them.", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_writes_notebooks_book_and_numbers_and_fails_with_its_claims()
    {
        string good = Save("good", "#r \"Embodied.dll\"\nusing Embodied.Interactive; Claims.AtLeast(\"t/good\", 0.95, 0.9);", "Scale.IsFull");
        string bad = Save("bad", "#r \"Embodied.dll\"\nEmbodied.Interactive.Claims.AtLeast(\"t/bad\", double.NaN, 0.9);");
        string thrown = Save("thrown", "1", "throw new Exception(\"no\");", "3");
        string output = Path.Combine(folder, "out"), json = Path.Combine(folder, "numbers.json");

        ToolResult passed = CourseTool.Run("run", good, "--out", output, "--json", json, "--scale", "full");
        Assert.True(passed.ExitCode == 0, passed.Error + passed.Output);
        string index = Path.Combine(output, "book", "index.html");
        Assert.Contains($"The book: {index}", passed.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(index));
        JsonNode numbers = JsonNode.Parse(File.ReadAllText(json))!["notebooks"]![0]!;
        Assert.Equal("passed", numbers["status"]!.GetValue<string>());
        Assert.True(numbers["seconds"]!.GetValue<double>() > 0);
        JsonNode claim = numbers["claims"]![0]!;
        Assert.Equal(("t/good", 0.95, 0.9, true), (claim["id"]!.GetValue<string>(), claim["value"]!.GetValue<double>(), claim["bound"]!.GetValue<double>(), claim["held"]!.GetValue<bool>()));
        Assert.Contains("True", NotebookDocument.Load(Path.Combine(output, "notebooks", "good.ipynb")).Shown(1), StringComparison.Ordinal);

        ToolResult failed = CourseTool.Run("run", bad, thrown, "--out", output, "--json", json, "--jobs", "2");
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("bad: claim t/bad: NaN ≥ 0.9, did not hold", failed.Output, StringComparison.Ordinal);
        Assert.Contains("thrown: Code cell 2 ('throw new Exception(\"no\");') failed with Exception: no.", failed.Output, StringComparison.Ordinal);
        Assert.Equal(["claim failed", "failed"], JsonNode.Parse(File.ReadAllText(json))!["notebooks"]!.AsArray().Select(notebook => notebook!["status"]!.GetValue<string>()));
        Assert.Empty(Directory.GetFiles(folder, "*.partial", SearchOption.AllDirectories));
    }

    [Fact]
    public void Interrupting_a_run_ends_its_processes_and_leaves_nothing_half_written()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent with kill.");
        string path = Save("slow", "Environment.ProcessId", "System.Threading.Thread.Sleep(120_000);");
        string output = Path.Combine(folder, "out");
        using Process process = CourseTool.Start("run", path, "--out", output, "--json", Path.Combine(folder, "n.json"));
        while (process.StandardOutput.ReadLine() is { } line && !line.Contains("cell 1/2", StringComparison.Ordinal))
        {
        }
        Stopwatch clock = Stopwatch.StartNew();
        Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
        string rest = process.StandardOutput.ReadToEnd(), error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal((130, "Interrupted; nothing was left half-written."), (process.ExitCode, error.Trim()));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"took {clock.Elapsed} and wrote {rest}");
        Assert.Empty(Directory.GetFiles(output, "*", SearchOption.AllDirectories));
        Assert.False(File.Exists(Path.Combine(folder, "n.json")));
    }

    [Fact]
    public void The_doctor_finds_this_machine_well()
    {
        ToolResult result = CourseTool.Run("doctor");
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        foreach (string subject in (string[])[".NET SDK", "libtorch", "ONNX Runtime", "Skia", "GPU", "Data", "Jupyter", "Disk", "Memory"])
        {
            Assert.Contains(subject, result.Output, StringComparison.Ordinal);
        }
    }

    private string Save(string name, params string[] sources)
    {
        string path = Path.Combine(folder, name + ".ipynb");
        Engine.Notebooks.Of(sources).Save(path);
        return path;
    }
}
