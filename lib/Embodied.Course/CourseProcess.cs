using System.Runtime.InteropServices;

namespace Embodied.Course;

/// <summary>How this program starts itself again, for work that had better have a process of its own.</summary>
public static class CourseProcess
{
    /// <summary>The hidden command that executes a notebook's cells.</summary>
    public const string Worker = "worker";

    /// <summary>The hidden command that tries one native library.</summary>
    public const string Probe = "probe";

    /// <summary>
    /// The program and arguments that run <paramref name="command"/> of <c>course</c>: with the same runtime as this process, whether
    /// this is <c>course</c> itself or a test that has it in its folder.
    /// </summary>
    public static IReadOnlyList<string> Command(string command)
    {
        string assembly = Path.Combine(AppContext.BaseDirectory, "course.dll");
        return Host() is { } host ? [host, "exec", assembly, command]
            : [Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "course.exe" : "course"), command];
    }

    /// <summary>The <c>dotnet</c> that runs this process; null when there is none, as in a self-contained publication.</summary>
    public static string? Host()
    {
        // .../dotnet/shared/Microsoft.NETCore.App/10.0.0/
        string? root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string host = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(host) ? host : null;
    }
}
