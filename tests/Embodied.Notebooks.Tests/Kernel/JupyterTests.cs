using System.Diagnostics;
using System.Text.Json.Nodes;
using Embodied.Course;
using Embodied.Interactive.Documents;
using Embodied.Notebooks.Tests.Commands;

namespace Embodied.Notebooks.Tests.Kernel;

/// <summary>The kernel as Jupyter's own programs see it.</summary>
public sealed class JupyterTests : IDisposable
{
    private const string Conformity = """
        import unittest
        import jupyter_kernel_test

        class KernelTests(jupyter_kernel_test.KernelTests):
            kernel_name = ".net-csharp"
            language_name = "C#"
            file_extension = ".cs"
            code_hello_world = 'Console.WriteLine("hello, world");'
            code_stderr = 'Console.Error.WriteLine("oops");'
            completion_samples = [
                {"text": "Math.Ab", "matches": {"Abs"}},
                {"text": "Console.Wri", "matches": {"Write", "WriteLine"}},
            ]
            complete_code_samples = ["1 + 1", "int a = 3;", "for (int i = 0; i < 3; i++) { }"]
            incomplete_code_samples = ["for (int i = 0; i < 3; i++) {", "int F(int x)\n{", "/* open"]
            invalid_code_samples = ["int int = 3;", "1 +* 2 )"]
            code_page_something = "?Math.Abs"
            code_generate_error = 'throw new Exception("on purpose");'
            code_execute_result = [{"code": "1 + 2", "result": "3"}, {"code": '"a" + "b"', "result": "ab"}]
            code_display_data = [{"code": 'display(HTML("<b>x</b>"));', "mime": "text/html"}, {"code": 'display("p");', "mime": "text/plain"}]
            code_history_pattern = "1 ? 2*"
            supported_history_operations = ("tail", "range", "search")
            code_inspect_sample = "Math.Abs"
            code_clear_output = "Embodied.Interactive.Cell.ClearOutput();"

        unittest.main()
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("jupyter-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_kernel_passes_Jupyters_conformity_tests_and_none_is_skipped()
    {
        ToolResult result = RunPython(RequiredTool.Python("jupyter_kernel_test"), "-c", Conformity);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.EndsWith("OK", result.Error.TrimEnd(), StringComparison.Ordinal);
    }

    /// <summary>The sample and the first two of the course, or all: <c>EMBODIED_NBCONVERT=all</c> (CONTRIBUTING.md has the command).</summary>
    public static TheoryData<string> Notebooks
    {
        get
        {
            IReadOnlyList<string> files = new CourseFolder(CourseTool.Root).NotebookFiles();
            return [Path.Combine("Book", "sample.ipynb"), .. Environment.GetEnvironmentVariable("EMBODIED_NBCONVERT") == "all" ? files : files.Take(2)];
        }
    }

    [Theory]
    [MemberData(nameof(Notebooks))]
    public void Nbconvert_executes_a_notebook(string file)
    {
        string python = RequiredTool.Python("nbconvert");
        string output = Path.Combine(folder, "executed.ipynb");
        ToolResult result = RunPython(
            python, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", output, Path.Combine(AppContext.BaseDirectory, file));
        Assert.True(result.ExitCode == 0, result.Error);
        NotebookDocument document = NotebookDocument.Load(output);
        Assert.Contains(document.Cells, cell => cell.Outputs.Any(shown => shown?["data"]?["application/vnd.plotly.v1+json"] is not null));
        Assert.DoesNotContain(document.Cells, cell => cell.Outputs.Any(shown => shown?["name"]?.GetValue<string>() == "stderr"));
        Assert.Equal(".cs", document.Metadata["language_info"]!["file_extension"]!.GetValue<string>());
    }

    [Fact]
    public void Installing_writes_a_kernelspec_that_is_ours_to_replace_and_to_remove()
    {
        string spec = Path.Combine(folder, "share", "jupyter", "kernels", ".net-csharp");
        Assert.Equal(0, CourseTool.Run("kernel", "install", "--prefix", folder).ExitCode);
        JsonNode content = JsonNode.Parse(File.ReadAllText(Path.Combine(spec, "kernel.json")))!;
        Assert.Equal(".NET (C#)", content["display_name"]!.GetValue<string>());
        Assert.Equal("message", content["interrupt_mode"]!.GetValue<string>());
        Assert.Equal("{connection_file}", content["argv"]!.AsArray()[^1]!.GetValue<string>());
        Assert.True(File.Exists(Path.Combine(spec, "logo-64x64.png")));
        Assert.Equal(0, CourseTool.Run("kernel", "install", "--prefix", folder).ExitCode);

        File.WriteAllText(Path.Combine(spec, "kernel.json"), """{"argv": ["dotnet", "interactive", "jupyter", "{connection_file}"]}""");
        foreach (string verb in (string[])["install", "uninstall"])
        {
            ToolResult refused = CourseTool.Run("kernel", verb, "--prefix", folder);
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains("belongs to another kernel", refused.Error, StringComparison.Ordinal);
        }
        Assert.Equal(0, CourseTool.Run("kernel", "install", "--prefix", folder, "--force").ExitCode);
        Assert.Equal(0, CourseTool.Run("kernel", "uninstall", "--prefix", folder).ExitCode);
        Assert.False(Directory.Exists(spec));
        Assert.Contains("There is no kernel", CourseTool.Run("kernel", "uninstall", "--prefix", folder).Error, StringComparison.Ordinal);
        Assert.Contains("is no kernel name", CourseTool.Run("kernel", "install", "--prefix", folder, "--name", "../x").Error, StringComparison.Ordinal);
        Assert.Contains("Only one of", CourseTool.Run("kernel", "install", "--user", "--prefix", folder).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("absent.json", null, "cannot be read")]
    [InlineData("list.json", "[]", "is no JSON object")]
    [InlineData("ports.json", "{\"shell_port\": 0}", "has no port 'shell_port'")]
    [InlineData("scheme.json", "{\"key\": \"k\", \"signature_scheme\": \"hmac-md5\"}", "signs with 'hmac-sha256'")]
    public void A_connection_file_that_is_none_gets_one_sentence(string name, string? content, string telling)
    {
        string path = Path.Combine(folder, name);
        if (content is not null)
        {
            File.WriteAllText(path, content);
        }
        ToolResult result = CourseTool.Run("kernel", "start", path);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(telling, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Trim().Split('\n'));
    }

    private ToolResult RunPython(string python, params string[] arguments)
    {
        Assert.Equal(0, CourseTool.Run("kernel", "install", "--prefix", folder).ExitCode);
        ProcessStartInfo start = new(python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["JUPYTER_PATH"] = Path.Combine(folder, "share", "jupyter");
        start.Environment["EMBODIED_HISTORY"] = Path.Combine(folder, "history.jsonl");
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return new ToolResult(process.ExitCode, output.Result, error.Result);
    }
}
