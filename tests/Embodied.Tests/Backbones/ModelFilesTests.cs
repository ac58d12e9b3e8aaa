using Embodied.Backbones;
using Embodied.Datasets;

namespace Embodied.Tests.Backbones;

public sealed class ModelFilesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("models-").FullName;
    private readonly string? before = Environment.GetEnvironmentVariable(ModelFiles.Variable);

    public ModelFilesTests() => Environment.SetEnvironmentVariable(ModelFiles.Variable, folder);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ModelFiles.Variable, before);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_model_is_found_by_name_or_path_and_its_checksum_is_verified()
    {
        string path = Path.Combine(folder, "toy.onnx");
        File.WriteAllText(path, "abc");
        Assert.Equal([Path.Combine(DataFolder.Root, "models"), folder], ModelFiles.Folders);
        Assert.Contains(path, ModelFiles.All);
        Assert.Equal(path, ModelFiles.Find("toy"));
        Assert.Equal(path, ModelFiles.Find(path));
        Assert.Null(ModelFiles.Verify(path));
        File.WriteAllText(Path.Combine(folder, "SHA256SUMS"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  toy.onnx\n");
        Assert.True(ModelFiles.Verify(path));
        Assert.Equal(path, ModelFiles.Find("toy"));
        File.WriteAllText(path, "abd");
        Assert.Contains($"'{path}' was changed or damaged", Assert.Throws<InvalidDataException>(() => ModelFiles.Find("toy")).Message, StringComparison.Ordinal);
        // The list of the folder above counts where there is none here, as in data/models.
        string below = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "models")).FullName, "other.onnx");
        File.WriteAllText(below, "abc");
        File.AppendAllText(Path.Combine(folder, "SHA256SUMS"), new string('0', 64) + "  models/other.onnx\n");
        Assert.False(ModelFiles.Verify(below));
    }

    [Theory]
    [InlineData("dino-vits8", "'course models get dino-vits8' downloads it (86.9 MB).")]
    [InlineData("resnet", "There is no model 'resnet'; 'course models' lists those that there are.")]
    [InlineData("absent/file.onnx", "There is no model 'absent/file.onnx'")]
    [InlineData("", "There is no model ''")]
    public void A_model_that_is_not_here_is_answered_with_how_to_get_it(string name, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<FileNotFoundException>(() => ModelFiles.Find(name)).Message, StringComparison.Ordinal);

    [Fact]
    public void Published_models_have_names_of_their_own_and_addresses()
    {
        Assert.Equal(PublishedModel.All.Count, PublishedModel.All.Select(model => model.Name).Distinct().Count());
        Assert.All(PublishedModel.All, model => Assert.EndsWith("/onnx/model.onnx", model.Address.AbsolutePath, StringComparison.Ordinal));
        Assert.All(PublishedModel.All.Where(model => model.Sha256 is not null), model => Assert.Matches("^[0-9a-f]{64}$", model.Sha256));
    }
}
