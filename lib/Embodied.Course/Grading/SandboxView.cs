using System.Globalization;

namespace Embodied.Course.Grading;

/// <summary>What code in a <see cref="Sandbox"/> sees of the machine, as arguments of bubblewrap.</summary>
internal static class SandboxView
{
    // What the dynamic linker, time zones, fonts and linear algebra libraries look up. No accounts, no names of hosts.
    private static readonly string[] Settings =
        ["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/fonts", "/sys/devices/system/cpu"];

    /// <summary>A new, mostly empty file system with a private writable working directory.</summary>
    /// <param name="workingDirectory">Where it lies.</param>
    /// <param name="readOnly">Files and folders to be seen where they are; those in the working directory too.</param>
    /// <param name="scratch">How many bytes each writable folder may hold.</param>
    public static IEnumerable<string> Arguments(string workingDirectory, IEnumerable<string> readOnly, long scratch)
    {
        List<string> arguments = ["--ro-bind", "/usr", "/usr"];
        foreach (string folder in (string[])["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"])
        {
            arguments.AddRange(new DirectoryInfo(folder).LinkTarget is { } target ? ["--symlink", target, folder] : ["--ro-bind-try", folder, folder]);
        }
        foreach (string file in Settings)
        {
            arguments.AddRange(["--ro-bind-try", file, file]);
        }
        arguments.AddRange(["--proc", "/proc", "--dev", "/dev"]);
        // The course itself may lie in the folder for temporary files, and its notebooks' folder is the working directory: outer ones first.
        arguments.AddRange(Writable("/tmp", scratch));
        arguments.AddRange(Writable("/dev/shm", 1 << 20));
        arguments.AddRange([.. Above(workingDirectory), .. Writable(workingDirectory, scratch)]);
        foreach (string path in readOnly.Distinct().Order(StringComparer.Ordinal))
        {
            arguments.AddRange([.. Above(path), "--ro-bind", path, path]);
        }
        arguments.AddRange(["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", workingDirectory]);
        return arguments;
    }

    // Left to itself, bubblewrap makes them for root alone.
    private static IEnumerable<string> Above(string path)
    {
        Stack<string> folders = [];
        for (string? folder = Path.GetDirectoryName(path); folder is not null and not "/"; folder = Path.GetDirectoryName(folder))
        {
            folders.Push(folder);
        }
        return folders.SelectMany(folder => (string[])["--perms", "0755", "--dir", folder]);
    }

    private static IEnumerable<string> Writable(string folder, long size) =>
        ["--perms", "1777", "--size", size.ToString(CultureInfo.InvariantCulture), "--tmpfs", folder];
}
