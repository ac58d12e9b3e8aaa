using Embodied.Backbones;
using Embodied.Networks;
using static TorchSharp.torch;

namespace Embodied.Notebooks.Tests.Commands;

public sealed class ExportCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("export-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Checkpoint()
    {
        string path = Path.Combine(folder, "small.safetensors");
        using VisionTransformer network = new(new() { ImageSize = 32, PatchSize = 8, Width = 24, Depth = 2, Heads = 3 }, new Generator(1));
        VisionTransformerFile.Save(path, network, ScalarType.Float16);
        return path;
    }

    [Fact]
    public void A_checkpoint_becomes_a_model_beside_it_and_its_checksum_is_noted()
    {
        string path = Checkpoint(), model = Path.ChangeExtension(path, ".onnx"), sums = Path.Combine(folder, "SHA256SUMS");
        File.WriteAllText(sums, new string('0', 64) + "  other.png\n");
        ToolResult result = CourseTool.Run("export", path);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains($"Written to {model}: {new FileInfo(model).Length} bytes, opset 17, at most ", result.Output, StringComparison.Ordinal);
        ModelDescription description = ModelDescription.Read(model);
        Assert.Equal((32, 8, true, 2, 17L), (description.Input.Height, description.Input.Multiple, description.Input.AnySize, description.AttentionLayers.Count, description.Opset));
        Assert.True(ModelFiles.Verify(model));
        Assert.StartsWith("0000", File.ReadAllLines(sums)[0], StringComparison.Ordinal);

        string elsewhere = Path.Combine(folder, "new", "named.onnx");
        Assert.Equal(0, CourseTool.Run("export", path, "--out", elsewhere).ExitCode);
        Assert.Equal(File.ReadAllBytes(model), File.ReadAllBytes(elsewhere));
    }

    [Fact]
    public void What_cannot_be_exported_is_told_in_one_sentence_and_nothing_is_left()
    {
        void Fails(int code, string sentence, params string[] arguments)
        {
            ToolResult result = CourseTool.Run(["export", .. arguments]);
            Assert.Equal(code, result.ExitCode);
            Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
            Assert.Single(result.Error.Trim().Split('\n'));
        }
        string path = Checkpoint(), bad = Path.Combine(folder, "bad.safetensors"), foreign = Path.Combine(folder, "foreign.safetensors");
        File.WriteAllBytes(bad, File.ReadAllBytes(path)[..^100]);
        using (Tensor one = ones(3))
        {
            SafeTensors.Write(foreign, [("weight", one)]);
        }
        Fails(2, "There is no checkpoint 'absent' in '", "absent");
        Fails(1, "is truncated", bad);
        Fails(1, "does not say what network it holds", foreign);
        Fails(1, "is truncated or no safetensors file", Path.Combine(CourseTool.Root, "README.md"), "--out", Path.Combine(folder, "readme.onnx"));
        Fails(2, $"'{folder}' is a folder; the name of a file to write is wanted.", path, "--out", folder);
        Fails(1, "cannot be written to", path, "--out", Path.Combine(path, "x.onnx"));
        Assert.Equal(["bad.safetensors", "foreign.safetensors", "small.safetensors"], Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }
}
