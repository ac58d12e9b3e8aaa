using System.Diagnostics;

namespace Embodied.Notebooks.Tests;

/// <summary>What a program answered.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error);

/// <summary>Programs that some checks need: where one lacks, the test is skipped with a reason, except in CI, where it fails.</summary>
internal static class RequiredTool
{
    /// <summary>The path of a program; candidates are paths, or names to look for on PATH.</summary>
    public static string Find(string debianPackage, params IReadOnlyList<string> candidates) =>
        candidates.Select(Locate).FirstOrDefault(path => path is not null) ?? Lack($"{candidates[0]} is not installed (Debian package {debianPackage})");

    /// <summary>A Python that has <paramref name="module"/>.</summary>
    public static string Python(string module, string? debianPackage = null)
    {
        foreach (string candidate in (string[])["/usr/bin/python3", "python3", "python"])
        {
            if (Locate(candidate) is { } path && Run(path, "-c", $"import {module}").ExitCode == 0)
            {
                return path;
            }
        }
        return Lack($"no Python with the module {module} is installed (Debian package {debianPackage ?? $"python3-{module}"})");
    }

    /// <summary>Runs a program to its end.</summary>
    public static ToolResult Run(string program, params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return new ToolResult(process.ExitCode, output.Result, error.Result);
    }

    private static string? Locate(string candidate) => candidate.Contains('/')
        ? (File.Exists(candidate) ? candidate : null)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => (string[])[Path.Combine(folder, candidate), Path.Combine(folder, candidate + ".exe")])
            .FirstOrDefault(File.Exists);

    private static string Lack(string reason)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", reason);
        throw new InvalidOperationException($"In CI every check has to run, but {reason}.");
    }
}
