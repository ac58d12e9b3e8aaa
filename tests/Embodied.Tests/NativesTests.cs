using System.IO.Compression;
using System.Reflection.PortableExecutable;
using System.Text;
using TorchSharp;

namespace Embodied.Tests;

/// <summary>The natives in the output folder: they load here, are this machine's alone, and the package cache is as it was.</summary>
public class NativesTests
{
    private static string OutputFolder => AppContext.BaseDirectory;

    private static string TorchWrapper => Path.Combine(OutputFolder, "libLibTorchSharp.so");

    [Fact]
    public void TorchSharp_loads_and_computes()
    {
        Assert.Equal(6.0, torch.arange(4).sum().item<long>());
    }

    [Fact]
    public void On_Linux_the_wrapper_no_longer_asks_for_a_newer_libstdcpp()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The wrapper is altered on Linux alone.");
        Assert.DoesNotContain("GLIBCXX_3.4.32", NeededVersions(File.ReadAllBytes(TorchWrapper)));
        Assert.Contains("GLIBCXX_3.4.30", NeededVersions(File.ReadAllBytes(TorchWrapper)));
    }

    [Fact]
    public void On_Linux_the_package_cache_still_holds_the_wrapper_as_published()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The wrapper is altered on Linux alone.");
        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        string package = Assert.Single(Directory.GetDirectories(Path.Combine(cache, "torchsharp"), "0.107.0"));
        byte[] cached = File.ReadAllBytes(Path.Combine(package, "runtimes", "linux-x64", "native", "libLibTorchSharp.so"));

        using ZipArchive published = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(package, "*.nupkg")));
        using Stream entry = published.GetEntry("runtimes/linux-x64/native/libLibTorchSharp.so")!.Open();
        using var original = new MemoryStream();
        entry.CopyTo(original);

        Assert.True(original.ToArray().AsSpan().SequenceEqual(cached), "The cached libLibTorchSharp.so is not the published one.");
        Assert.Contains("GLIBCXX_3.4.32", NeededVersions(cached));
    }

    [Fact]
    public void The_output_folder_holds_only_this_machines_natives()
    {
        IEnumerable<string> foreign = Directory.EnumerateFiles(OutputFolder, "*", SearchOption.AllDirectories)
            .Where(file => KindOf(file) is { } kind && kind != ThisMachine)
            .Select(file => Path.GetRelativePath(OutputFolder, file));
        Assert.Empty(foreign);
    }

    private static string ThisMachine => OperatingSystem.IsWindows() ? "Windows" : OperatingSystem.IsMacOS() ? "macOS" : "Linux";

    // By content: a name such as onnxruntime.dll tells nothing.
    private static string? KindOf(string file)
    {
        var magic = new byte[4];
        using FileStream stream = File.OpenRead(file);
        if (stream.Read(magic) < 4)
        {
            return null;
        }
        if (magic is [0x7f, (byte)'E', (byte)'L', (byte)'F'])
        {
            return "Linux";
        }
        if (BitConverter.ToUInt32(magic) is 0xfeedfacf or 0xbebafeca)
        {
            return "macOS";
        }
        if (magic is not [(byte)'M', (byte)'Z', ..])
        {
            return null;
        }
        stream.Position = 0;
        using var image = new PEReader(stream);
        return image.HasMetadata ? null : "Windows";
    }

    /// <summary>The version names that .gnu.version_r refers to, read independently of the build step through the section headers.</summary>
    private static HashSet<string> NeededVersions(byte[] elf)
    {
        const uint versionNeeds = 0x6ffffffe;
        int headers = (int)BitConverter.ToInt64(elf, 0x28);
        int size = BitConverter.ToUInt16(elf, 0x3a);
        var names = new HashSet<string>();
        for (int i = 0; i < BitConverter.ToUInt16(elf, 0x3c); i++)
        {
            int header = headers + i * size;
            if (BitConverter.ToUInt32(elf, header + 4) != versionNeeds)
            {
                continue;
            }
            int strings = (int)BitConverter.ToInt64(elf, headers + BitConverter.ToInt32(elf, header + 0x28) * size + 0x18);
            for (int file = (int)BitConverter.ToInt64(elf, header + 0x18), nextFile = -1; nextFile != 0; file += nextFile)
            {
                nextFile = BitConverter.ToInt32(elf, file + 12);
                for (int entry = file + BitConverter.ToInt32(elf, file + 8), next = -1; next != 0; entry += next)
                {
                    next = BitConverter.ToInt32(elf, entry + 12);
                    int name = strings + BitConverter.ToInt32(elf, entry + 8);
                    names.Add(Encoding.ASCII.GetString(elf, name, Array.IndexOf(elf, (byte)0, name) - name));
                }
            }
        }
        return names;
    }
}
