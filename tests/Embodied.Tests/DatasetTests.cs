using System.Security.Cryptography;
using Embodied.Datasets;
using TorchSharp;

namespace Embodied.Tests;

public class DatasetTests
{
    [Fact]
    public void Every_data_file_has_the_checksum_that_is_listed_for_it()
    {
        string[] lines = File.ReadAllLines(Path.Combine(DataFolder.Root, "SHA256SUMS"));
        Assert.NotEmpty(lines);
        foreach (string line in lines)
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(DataFolder.Root, line[66..]));
            Assert.True(line.StartsWith(Convert.ToHexStringLower(SHA256.HashData(bytes)), StringComparison.Ordinal), line[66..]);
        }
    }

    [Fact]
    public void Every_data_file_is_listed()
    {
        string[] listed = [.. File.ReadLines(Path.Combine(DataFolder.Root, "SHA256SUMS")).Select(line => line[66..])];
        IEnumerable<string> present = Directory.EnumerateFiles(DataFolder.Root, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(DataFolder.Root, file).Replace('\\', '/'))
            .Except(["README.md", "SHA256SUMS"]);
        Assert.Empty(present.Except(listed));
    }

    [Fact]
    public void Fashion_MNIST_has_ten_balanced_classes_and_images_from_0_to_1()
    {
        using FashionMnist test = FashionMnist.Load(train: false);
        Assert.Equal([10000, 1, 28, 28], test.Images.shape);
        Assert.Equal(0f, test.Images.min().item<float>());
        Assert.Equal(1f, test.Images.max().item<float>());
        Assert.All(torch.bincount(test.Labels).data<long>(), count => Assert.Equal(1000, count));
        Assert.Equal("Ankle boot", FashionMnist.ClassNames[(int)test.Labels[0].item<long>()]);
    }

    [Fact]
    public void Asking_for_more_images_than_there_are_says_how_many_there_are()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => FashionMnist.Load(train: false, 10001));
        Assert.Contains("10000 images", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Photographs_keep_their_proportions_when_scaled_down()
    {
        using torch.Tensor small = Photographs.Load("chelsea", 150);
        Assert.Equal([3, 100, 150], small.shape);
        using torch.Tensor whole = Photographs.Load("chelsea");
        Assert.Equal([3, 300, 451], whole.shape);
        Assert.Equal(whole.mean().item<float>(), small.mean().item<float>(), 0.005);
    }

    [Fact]
    public void Every_photograph_loads_with_values_from_0_to_1()
    {
        foreach (string name in Photographs.Names)
        {
            using torch.Tensor image = Photographs.Load(name, 64);
            Assert.Equal(64, Math.Max(image.shape[1], image.shape[2]));
            Assert.InRange(image.min().item<float>(), 0f, 1f);
            Assert.InRange(image.max().item<float>(), 0.2f, 1f);
        }
    }

    [Fact]
    public void An_unknown_photograph_is_answered_with_the_known_ones()
    {
        var error = Assert.Throws<ArgumentException>(() => Photographs.Load("dog"));
        Assert.Contains("astronaut, camera, chelsea", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_image_is_named()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "not an image");
            Assert.Contains(path, Assert.Throws<InvalidDataException>(() => ImageFile.Load(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
