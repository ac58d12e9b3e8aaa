using System.Text;
using Embodied.Backbones;
using Embodied.Course.Commands;
using Embodied.Course.Models;
using Embodied.Networks;
using static TorchSharp.torch;

namespace Embodied.Notebooks.Tests.Commands;

public sealed class ModelDownloadTests : IDisposable
{
    private static readonly Lazy<byte[]> Model = new(Made);

    private readonly string folder = Directory.CreateTempSubdirectory("download-").FullName;
    private readonly FileServer server = new() { File = Model.Value };

    public void Dispose()
    {
        server.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    internal static byte[] Made()
    {
        string path = Path.Combine(Path.GetTempPath(), $"made-{Guid.NewGuid()}.onnx");
        using VisionTransformer network = new(new() { ImageSize = 32, PatchSize = 8, Width = 48, Depth = 2, Heads = 3 }, new Generator(1));
        OnnxExport.Save(network, path);
        byte[] bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }

    private string Target => Path.Combine(folder, "vit.onnx");

    private string Part => Target + ".part";

    private Uri Address => new(server.Address, "/a/vit.onnx");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private async Task<(string Checksum, bool First)> Download(Action<long, long?>? progress = null, string? expected = null) =>
        await new ModelDownload(Address, Target) { Expected = expected, Patience = TimeSpan.FromSeconds(2) }.RunAsync(progress ?? ((_, _) => { }), Stop);

    private async Task Fails(string sentence, string? expected = null)
    {
        CommandException e = await Assert.ThrowsAsync<CommandException>(() => Download(expected: expected));
        Assert.Contains(sentence, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public async Task A_model_comes_whole_with_progress_and_its_checksum_is_noted()
    {
        List<(long, long?)> seen = [];
        (string checksum, bool first) = await Download((have, total) => seen.Add((have, total)));
        Assert.True(first);
        Assert.Equal(Model.Value, File.ReadAllBytes(Target));
        Assert.Equal($"{checksum}  vit.onnx\n", File.ReadAllText(Path.Combine(folder, "SHA256SUMS")));
        Assert.Equal((0L, (long?)Model.Value.Length), seen[0]);
        Assert.Equal((Model.Value.Length, (long?)Model.Value.Length), seen[^1]);
        Assert.Equal(["SHA256SUMS", "vit.onnx"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        File.Delete(Target);
        Assert.False((await Download(expected: checksum)).First);
    }

    [Fact]
    public async Task A_transfer_that_broke_off_goes_on_where_it_was()
    {
        server.CutAfter = 50_000;
        await Fails($"The transfer broke off at 50000 bytes of {ModelDownload.Size(Model.Value.Length)} (the server closed the connection); the same command goes on from there.");
        Assert.Equal(50_000, new FileInfo(Part).Length);
        server.CutAfter = 10_000;
        await Fails("The transfer broke off at 60000 bytes");
        server.CutAfter = null;
        await Download();
        Assert.Equal(Model.Value, File.ReadAllBytes(Target));
        Assert.Equal([null, "bytes=50000-", "bytes=60000-"], server.Requests.Select(request => request.Range));
        Assert.False(File.Exists(Part));
    }

    [Fact]
    public async Task A_rest_that_ends_early_is_seen_by_the_length_of_the_whole()
    {
        server.CutAfter = 50_000;
        await Fails("broke off at 50000 bytes");
        (server.CutAfter, server.TellsLength) = (10_000, false);
        await Fails($"The transfer broke off at 60000 bytes of {ModelDownload.Size(Model.Value.Length)}");
        Assert.Equal(60_000, new FileInfo(Part).Length);
    }

    [Fact]
    public async Task A_file_that_has_changed_in_between_is_not_mixed_with_the_older_one()
    {
        server.CutAfter = 50_000;
        server.File = [.. Model.Value.Select(value => (byte)~value)];
        await Fails("broke off");
        (server.CutAfter, server.File, server.Tag) = (null, Model.Value, "\"two\"");
        await Download();
        Assert.Equal(Model.Value, File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task A_server_that_knows_no_ranges_sends_everything_again()
    {
        File.WriteAllBytes(Part, new byte[1000]);
        server.KnowsRanges = false;
        await Download();
        Assert.Equal(Model.Value, File.ReadAllBytes(Target));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task A_part_that_is_complete_or_too_long_is_recognised(int more)
    {
        File.WriteAllBytes(Part, [.. Model.Value, .. new byte[more]]);
        await Download();
        Assert.Equal(Model.Value, File.ReadAllBytes(Target));
        Assert.Equal(more == 0 ? 1 : 2, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_does_not_say_how_much_comes_is_believed_if_the_model_is_whole()
    {
        (server.TellsLength, server.Tag) = (false, null);
        await Download();
        File.Delete(Target);
        File.Delete(Path.Combine(folder, "SHA256SUMS"));
        server.CutAfter = 50_000;
        await Fails("is truncated or no ONNX file");
    }

    [Fact]
    public async Task A_wrong_checksum_is_told_and_nothing_is_put_into_place()
    {
        string zeros = new('0', 64);
        await Fails($"has the checksum {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Model.Value))}, and {zeros} is published", zeros);
        Assert.Empty(Directory.GetFiles(folder));
        await Download();
        string noted = File.ReadAllText(Path.Combine(folder, "SHA256SUMS"));
        File.Delete(Target);
        server.File = [.. Model.Value[..^1], (byte)(Model.Value[^1] ^ 1)];
        await Fails("was noted when it was first downloaded");
        Assert.Equal(noted, File.ReadAllText(Path.Combine(folder, "SHA256SUMS")));
        Assert.False(File.Exists(Part));
    }

    [Fact]
    public async Task What_is_no_model_is_not_put_into_place()
    {
        server.File = Encoding.UTF8.GetBytes("<!doctype html><p>Please sign in.");
        await Fails("is no ONNX file: it is a web page.");
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Theory]
    [InlineData(404, "There is no file at http://127.0.0.1")]
    [InlineData(401, "the server says 401")]
    [InlineData(503, "the server says 503")]
    public async Task What_the_server_refuses_is_told(int status, string sentence)
    {
        server.Status = status;
        await Fails(sentence);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public async Task Without_a_network_it_says_where_a_file_from_elsewhere_goes()
    {
        server.Dispose();
        await Fails($"127.0.0.1 cannot be reached (Connection refused); without a network, download {Address} elsewhere and put it into '{folder}' as vit.onnx.");
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_left_after_a_while()
    {
        server.SilentAfter = 20_000;
        await Fails("broke off at 20000 bytes");
        Assert.Equal(20_000, new FileInfo(Part).Length);
    }

    [Fact]
    public async Task A_disk_without_room_is_told_before_anything_is_written()
    {
        ModelDownload download = new(Address, Target) { FreeSpace = _ => 1000 };
        CommandException e = await Assert.ThrowsAsync<CommandException>(() => download.RunAsync((_, _) => { }, Stop));
        Assert.Equal($"'{folder}' has no room for it: {ModelDownload.Size(Model.Value.Length)} are to come, and 1000 bytes are free.", e.Message);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public async Task Stopping_leaves_what_has_come()
    {
        server.SilentAfter = 30_000;
        using CancellationTokenSource source = new();
        ModelDownload download = new(Address, Target);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => download.RunAsync((have, _) => { if (have == 30_000) { source.Cancel(); } }, source.Token));
        Assert.Equal(30_000, new FileInfo(Part).Length);
        server.SilentAfter = null;
        await Download();
        Assert.Equal(Model.Value, File.ReadAllBytes(Target));
    }
}
