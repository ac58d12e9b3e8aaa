using System.Diagnostics;
using System.Security.Cryptography;

namespace Embodied.Course.Doctor;

/// <summary>Looks at what the course needs from this machine.</summary>
public static class Examination
{
    private const long Gigabyte = 1L << 30;

    /// <summary>Makes every check, in the order in which a newcomer would meet them.</summary>
    public static IEnumerable<Check> Run(string folder)
    {
        yield return Sdk();
        yield return Native("libtorch", NativeProbe.Torch);
        yield return Native("ONNX Runtime", NativeProbe.Onnx);
        yield return Native("Skia", NativeProbe.Skia);
        yield return Gpu();
        yield return Data(folder);
        yield return Jupyter();
        yield return Sandbox();
        yield return Disk(folder);
        yield return Memory();
    }

    private static Check Sandbox()
    {
        using Grading.Sandbox? sandbox = Grading.Sandbox.Find(out string? lack);
        return sandbox is not null ? new Check("Sandbox", Grade.Good, "students' code can be graded in it")
            : new Check("Sandbox", Grade.Optional, lack!, OperatingSystem.IsLinux() ? "apt-get install bubblewrap, if you grade a class" : "Grade a class on Linux, or in a container with --no-sandbox");
    }

    /// <summary>Judges the free space for results and packages.</summary>
    public static Check Disk(string folder, long free) => free >= 2 * Gigabyte
        ? new Check("Disk", Grade.Good, FormattableString.Invariant($"{free / Gigabyte} GB free in {folder}"))
        : new Check("Disk", Grade.Bad, FormattableString.Invariant($"{free / (double)Gigabyte:0.0} GB free in {folder}; 2 GB are wanted"),
            "dotnet nuget locals http-cache --clear, or free space otherwise");

    /// <summary>Judges the memory of the machine or container.</summary>
    public static Check Memory(long bytes) => bytes >= 4 * Gigabyte
        ? new Check("Memory", Grade.Good, FormattableString.Invariant($"{bytes / (double)Gigabyte:0.#} GB"))
        : new Check("Memory", Grade.Bad, FormattableString.Invariant($"{bytes / (double)Gigabyte:0.#} GB; 4 GB are wanted"),
            "Choose a larger machine, or give the container more memory");

    /// <summary>Judges the version that <c>dotnet --version</c> prints.</summary>
    public static Check Sdk(string? version) => version is not null && int.TryParse(version.Split('.')[0], out int major) && major >= 10
        ? new Check(".NET SDK", Grade.Good, version)
        : new Check(".NET SDK", Grade.Bad, version is null ? "the command dotnet is not found" : $"{version}; 10.0 or newer is wanted",
            "Install it from https://dotnet.microsoft.com/download/dotnet/10.0");

    private static Check Sdk() => Sdk(Output("dotnet", "--version"));

    private static Check Native(string subject, string probe)
    {
        IReadOnlyList<string> command = [.. CourseProcess.Command(CourseProcess.Probe), probe];
        (int code, string text) = Start(command[0], [.. command.Skip(1)]) ?? (-1, "the probe did not start");
        return code == 0 ? new Check(subject, Grade.Good, text)
            : new Check(subject, Grade.Bad, text.Length > 0 ? text : $"the library ended its process with exit code {code}",
                "dotnet clean -c Release && dotnet build -c Release");
    }

    private static Check Gpu()
    {
        string? name = Output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader");
        if (name is null)
        {
            return new Check("GPU", Grade.Optional, "no NVIDIA GPU; the CPU is used");
        }
#if GPU
        return new Check("GPU", Grade.Good, $"{name}; this build uses it");
#else
        return new Check("GPU", Grade.Optional, $"{name}; this build uses the CPU", "dotnet build -c Release -p:Gpu=true");
#endif
    }

    /// <summary>Compares the course's data with the checksums that ship with them.</summary>
    public static Check Data(string folder)
    {
        string data = Path.Combine(folder, "data");
        string sums = Path.Combine(data, "SHA256SUMS");
        if (!File.Exists(sums))
        {
            return new Check("Data", Grade.Bad, $"{sums} is missing", "git checkout -- data");
        }
        string[][] entries = [.. File.ReadLines(sums).Select(line => line.Split("  ", 2)).Where(parts => parts.Length == 2)];
        string[] wrong = [.. entries.Where(entry => !Matches(Path.Combine(data, entry[1]), entry[0])).Select(entry => entry[1])];
        return wrong.Length == 0
            ? new Check("Data", Grade.Good, $"{entries.Length} files, each as shipped")
            : new Check("Data", Grade.Bad, $"{wrong.Length} of {entries.Length} files are missing or changed, the first is {wrong[0]}", "git checkout -- data");
    }

    private static bool Matches(string path, string sum)
    {
        if (!File.Exists(path))
        {
            return false;
        }
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream)) == sum;
    }

    private static Check Jupyter() => Output("jupyter", "--version") is { } text
        ? new Check("Jupyter", Grade.Good, text.Split('\n').FirstOrDefault(line => line.Contains("notebook", StringComparison.Ordinal) || line.Contains("lab", StringComparison.Ordinal))?.Trim() ?? "found")
        : new Check("Jupyter", Grade.Optional, "not found; VS Code needs none, the book neither", "pip install jupyterlab");

    private static Check Disk(string folder) => Disk(folder, new DriveInfo(folder).AvailableFreeSpace);

    private static Check Memory() => Memory(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    private static string? Output(string program, params string[] arguments) =>
        Start(program, arguments) is (0, { Length: > 0 } text) ? text : null;

    private static (int Code, string Text)? Start(string program, params string[] arguments)
    {
        try
        {
            ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(TimeSpan.FromSeconds(30)))
            {
                process.Kill(entireProcessTree: true);
                return (-1, $"{program} did not answer within 30 s");
            }
            Task.WaitAll(errors, output);
            return (process.ExitCode, output.Result.Trim());
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
