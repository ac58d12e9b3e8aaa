using System.Diagnostics;
using Embodied.Backbones;

namespace Embodied.Notebooks.Tests.Commands;

public sealed class ModelsCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("models-").FullName;
    private readonly FileServer server = new() { File = ModelDownloadTests.Made() };

    public void Dispose()
    {
        server.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private Dictionary<string, string> Environment => new()
    {
        [ModelFiles.Variable] = folder, [PublishedModel.ServerVariable] = server.Address.ToString(), ["EMBODIED_DEVICE"] = "cpu",
    };

    private ToolResult Models(params string[] arguments) => CourseTool.RunIn(CourseTool.Root, Environment, ["models", .. arguments]);

    [Fact]
    public void A_published_model_is_downloaded_listed_described_and_verified()
    {
        string path = Path.Combine(folder, "dino-vits8.onnx");
        ToolResult absent = Models("describe", "dino-vits8");
        Assert.Equal((2, "The model 'dino-vits8' is not on this machine yet: 'course models get dino-vits8' downloads it (86.9 MB)."), (absent.ExitCode, absent.Error.Trim()));

        ToolResult got = Models("get", "dino-vits8");
        Assert.True(got.ExitCode == 0, got.Error);
        Assert.Contains("dino-vits8: 0 bytes of 0.3 MB, 0 %", got.Output, StringComparison.Ordinal);
        Assert.Contains(", 100 %\n", got.Output, StringComparison.Ordinal);
        Assert.Contains($"{path}, SHA-256 {ModelFiles.Checksum(path)}, noted for later.", got.Output, StringComparison.Ordinal);
        Assert.Equal("/Xenova/dino-vits8/resolve/main/onnx/model.onnx", server.Requests[0].Path);
        Assert.Contains("dino-vits8 is already here", Models("get", "dino-vits8").Output, StringComparison.Ordinal);

        string list = Models().Output;
        Assert.Contains($"In {folder}:\n  dino-vits8                 0.3 MB  any in multiples of 8 px", list, StringComparison.Ordinal);
        Assert.Contains("DINO, ViT-S/8: the sharpest attention maps, and what TokenCut and MaskCut use; Apache-2.0, Meta; already here", list, StringComparison.Ordinal);
        Assert.Equal(list, Models("list").Output);

        string[] description = Models("describe", "dino-vits8").Output.Split('\n');
        foreach (string line in (string[])["checksum      as noted", "opset         17", "input         images [batch, 3, height, width]", "layout        channels, height, width", "channels      RGB",
            "outputs       cls [batch, 48], patches [batch, patches, 48]", "device        CPU"])
        {
            Assert.Contains(line, description);
        }
        Assert.Contains(description, line => line.StartsWith("attention     2 layers: 0 (Softmax_", StringComparison.Ordinal));

        Assert.Contains($"✓ {path}\n", Models("verify").Output, StringComparison.Ordinal);
        File.AppendAllText(path, "x");
        ToolResult damaged = Models("verify", "dino-vits8");
        Assert.Equal((1, $"✗ {path}: changed or damaged, its checksum is not the one that was noted"), (damaged.ExitCode, damaged.Output.Trim()));
        Assert.Contains("delete it and run the command again", Models("get", "dino-vits8").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_had_is_told_in_one_sentence()
    {
        void Fails(int code, string sentence, params string[] arguments)
        {
            ToolResult result = Models(arguments);
            Assert.Equal(code, result.ExitCode);
            Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
            Assert.Single(result.Error.Trim().Split('\n'));
        }
        Fails(2, "There is no published model 'dino-vit8'; did you mean 'dino-vits8'?", "get", "dino-vit8");
        Fails(2, "There is no model 'resnet'; 'course models' lists those that there are.", "describe", "resnet");
        Fails(2, "names no file", "get", "http://127.0.0.1/");
        Fails(1, "is published: it was changed", "get", "dinov2-small");
        File.WriteAllText(Path.Combine(folder, "page.onnx"), "<html>");
        Fails(1, "page.onnx' is no ONNX file: it is a web page.", "describe", "page");
        Assert.Contains("it is a web page", Models().Output, StringComparison.Ordinal);
        server.Status = 404;
        Fails(1, "There is no file at http://127.0.0.1", "get", $"{server.Address}some.onnx");
        server.Dispose();
        Fails(1, "127.0.0.1 cannot be reached", "get", "dino-vits16");
    }

    [Fact]
    public void Interrupting_a_download_leaves_what_has_come_for_the_next_time()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent with kill.");
        server.SilentAfter = 200_000;
        using (Process process = CourseTool.StartIn(CourseTool.Root, ["models", "get", "dino-vits16"], Environment))
        {
            string part = Path.Combine(folder, "dino-vits16.onnx.part");
            Stopwatch clock = Stopwatch.StartNew();
            while (!(File.Exists(part) && new FileInfo(part).Length == 200_000) && clock.Elapsed < TimeSpan.FromSeconds(60))
            {
                Thread.Sleep(50);
            }
            Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
            (string output, string error) = (process.StandardOutput.ReadToEnd(), process.StandardError.ReadToEnd());
            process.WaitForExit();
            Assert.Equal((130, "Interrupted; the same command goes on from there."), (process.ExitCode, error.Trim()));
            Assert.DoesNotContain("Interrupted", output, StringComparison.Ordinal);
            Assert.Equal(200_000, new FileInfo(part).Length);
        }
        server.SilentAfter = null;
        Assert.Equal(0, Models("get", "dino-vits16").ExitCode);
        Assert.Equal("bytes=200000-", server.Requests[^1].Range);
        Assert.Equal(server.File, File.ReadAllBytes(Path.Combine(folder, "dino-vits16.onnx")));
    }

    [Fact]
    public void Every_command_of_the_help_stands_in_the_readme()
    {
        string readme = File.ReadAllText(Path.Combine(CourseTool.Root, "README.md"));
        string help = CourseTool.Run("--help").Output;
        string[] commands = [.. help[help.IndexOf("Commands:", StringComparison.Ordinal)..].Split('\n').Skip(1)
            .Where(line => line.StartsWith("  ", StringComparison.Ordinal) && line.Length > 2 && line[2] != ' ').Select(line => line.Trim().Split(' ')[0])];
        Assert.Contains("export", commands);
        Assert.All(commands, command => Assert.Contains($"    course {command}", readme, StringComparison.Ordinal));
    }
}
