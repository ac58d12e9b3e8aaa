using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Embodied.Networks;
using static TorchSharp.torch;

namespace Embodied.Tests.Networks;

public sealed class CheckpointTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("checkpoint-").FullName;

    private string Path => System.IO.Path.Combine(folder, "network.safetensors");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_network_comes_back_with_its_parameters_buffers_and_metadata()
    {
        using var saved = new ConvEncoder(new() { Width = 4, Stages = 1 }, new Generator(1));
        saved.call(rand(4, 3, 16, 16)); // Moves the running means, and counts a batch.
        Checkpoint.Save(Path, saved, metadata: new Dictionary<string, string> { ["seed"] = "1" });
        using var loaded = new ConvEncoder(new() { Width = 4, Stages = 1 }, new Generator(2));
        Assert.Equal("1", Checkpoint.Load(Path, loaded)["seed"]);
        saved.eval();
        loaded.eval();
        Tensor images = rand(2, 3, 16, 16);
        Assert.True(saved.call(images).eq(loaded.call(images)).all().item<bool>());
        Assert.All(saved.named_buffers().Zip(loaded.named_buffers()), p => Assert.True(p.First.buffer.eq(p.Second.buffer).all().item<bool>()));
        Assert.Equal([Path], Directory.GetFiles(folder));
    }

    [Fact]
    public void The_file_has_the_layout_that_other_tools_read()
    {
        SafeTensors.Write(Path, [("a", tensor(new float[,] { { 1, 2, 3 } })), ("b.c", tensor(7L))], new Dictionary<string, string> { ["k"] = "v" });
        byte[] file = System.IO.File.ReadAllBytes(Path);
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        Assert.Equal(0, header % 8);
        JsonElement json = JsonDocument.Parse(Encoding.UTF8.GetString(file, 8, header)).RootElement;
        Assert.Equal("v", json.GetProperty("__metadata__").GetProperty("k").GetString());
        Assert.Equal("""{"dtype":"F32","shape":[1,3],"data_offsets":[0,12]}""", json.GetProperty("a").GetRawText());
        Assert.Equal("""{"dtype":"I64","shape":[],"data_offsets":[12,20]}""", json.GetProperty("b.c").GetRawText());
        Assert.Equal(8 + header + 20, file.Length);
        Assert.Equal(2f, BitConverter.ToSingle(file, 8 + header + 4));
        Assert.Equal(7L, BitConverter.ToInt64(file, 8 + header + 12));
    }

    [Fact]
    public void Every_type_comes_back_and_views_are_written_as_they_look()
    {
        ScalarType[] types =
        [
            ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32,
            ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool,
        ];
        Tensor x = arange(6).reshape(2, 3).t();
        SafeTensors.Write(Path, [.. types.Select(t => (t.ToString(), x.to(t))), ("none", zeros(0, 3))]);
        (var tensors, _) = SafeTensors.Read(Path);
        Assert.All(types, t => Assert.True(tensors[t.ToString()].dtype == t && tensors[t.ToString()].eq(x.to(t)).all().item<bool>()));
        Assert.Equal([0, 3], tensors["none"].shape);
        Assert.Throws<ArgumentException>(() => SafeTensors.Write(Path, [("x", zeros(2, dtype: ScalarType.ComplexFloat64))]));
        Assert.Throws<ArgumentException>(() => SafeTensors.Write(Path, [("x", x), ("x", x)]));
    }

    [Fact]
    public void A_truncated_file_is_refused_at_every_length_with_its_name()
    {
        SafeTensors.Write(Path, [("a", arange(9)), ("b", arange(3))]);
        byte[] whole = System.IO.File.ReadAllBytes(Path);
        for (int length = 0; length < whole.Length; length++)
        {
            System.IO.File.WriteAllBytes(Path, whole[..length]);
            string message = Assert.Throws<InvalidDataException>(() => SafeTensors.Read(Path)).Message;
            Assert.Contains("network.safetensors' ", message, StringComparison.Ordinal);
            Assert.Contains("truncated", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_damaged_header_is_refused()
    {
        string[] headers =
        [
            "{", "[]", """{"a":1}""", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", """{"a":{"dtype":"X1","shape":[1],"data_offsets":[0,4]}}""",
            """{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", """{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""",
        ];
        foreach (string header in headers)
        {
            byte[] text = Encoding.UTF8.GetBytes(header), length = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
            System.IO.File.WriteAllBytes(Path, [.. length, .. text, 0, 0, 0, 0]);
            Assert.Throws<InvalidDataException>(() => SafeTensors.Read(Path));
        }
    }

    [Fact]
    public void Another_architecture_is_refused_by_name_and_changes_nothing()
    {
        using var saved = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 4));
        Checkpoint.Save(Path, saved);
        using var wider = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 5));
        Tensor before = wider.parameters().First().clone();
        Assert.EndsWith("was saved by another architecture: 1.weight has shape [4, 3] there, the network wants [5, 3].", Assert.Throws<InvalidDataException>(() => Checkpoint.Load(Path, wider)).Message, StringComparison.Ordinal);
        Assert.True(before.eq(wider.parameters().First()).all().item<bool>());
        using var deeper = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 4), nn.Linear(4, 4));
        Assert.EndsWith("it lacks 2.weight.", Assert.Throws<InvalidDataException>(() => Checkpoint.Load(Path, deeper)).Message, StringComparison.Ordinal);
        using var shallower = nn.Sequential(nn.Linear(3, 3));
        Assert.EndsWith("it holds 1.weight, which the network lacks.", Assert.Throws<InvalidDataException>(() => Checkpoint.Load(Path, shallower)).Message, StringComparison.Ordinal);
        using var optimizer = optim.SGD(saved.parameters(), 0.1);
        Assert.EndsWith("it was saved for use, not to go on with the training.", Assert.Throws<InvalidDataException>(() => Checkpoint.Load(Path, saved, optimizer)).Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => Checkpoint.Load(Path + "x", saved));
    }

    [Fact]
    public void A_part_is_loaded_by_the_prefix_of_its_names()
    {
        using var whole = new ProjectedEncoder(new ConvEncoder(new() { Width = 4, Stages = 1 }, new Generator(1)), new ProjectionHead(8, new() { Hidden = 4, Output = 3 }, new Generator(1)));
        Checkpoint.Save(Path, whole);
        using var part = new ConvEncoder(new() { Width = 4, Stages = 1 }, new Generator(2));
        Checkpoint.Load(Path, part, prefix: "encoder.");
        Assert.All(part.parameters().Zip(whole.Encoder.parameters()), p => Assert.True(p.First.eq(p.Second).all().item<bool>()));
    }

    [Fact]
    public void A_failed_save_leaves_the_older_file_and_no_rest()
    {
        SafeTensors.Write(Path, [("a", arange(3))]);
        byte[] before = System.IO.File.ReadAllBytes(Path);
        Assert.ThrowsAny<Exception>(() => SafeTensors.Write(Path, Broken()));
        Assert.Equal(before, System.IO.File.ReadAllBytes(Path));
        Assert.Equal([Path], Directory.GetFiles(folder));
        static IEnumerable<(string, Tensor)> Broken()
        {
            yield return ("a", arange(4));
            throw new InvalidOperationException();
        }
    }
}
