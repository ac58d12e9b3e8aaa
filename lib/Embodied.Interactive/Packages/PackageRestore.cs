using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Embodied.Interactive.Packages;

/// <summary>The files of restored packages, their dependencies included.</summary>
/// <param name="Assemblies">Paths of libraries to reference and load.</param>
/// <param name="Natives">Paths of native libraries.</param>
internal sealed record PackageFiles(IReadOnlyList<string> Assemblies, IReadOnlyList<string> Natives);

/// <summary>Restores packages with the .NET SDK, as a project that references them would, into the person's own package cache.</summary>
internal static partial class PackageRestore
{
    /// <summary>Restores packages together, so that their dependencies agree.</summary>
    /// <param name="requests">The packages.</param>
    /// <param name="folder">Where to look for a NuGet.config, here and above.</param>
    /// <param name="cancellation">Stops the SDK.</param>
    /// <exception cref="PackageException">The SDK is missing or cannot restore them; the message is NuGet's.</exception>
    public static async Task<PackageFiles> RunAsync(IReadOnlyList<PackageRequest> requests, string folder, CancellationToken cancellation)
    {
        string project = Directory.CreateTempSubdirectory("embodied-packages-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(project, "packages.csproj"), Project(requests, folder).ToString());
            // Nothing of a folder above may have a say.
            foreach (string file in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
            {
                File.WriteAllText(Path.Combine(project, file), "<Project />");
            }
            (int exitCode, string output, string error) = await BuildAsync(project, cancellation).ConfigureAwait(false);
            return exitCode == 0 ? Files(output) : throw new PackageException(
                $"{string.Join(", ", requests.Select(request => request.Title))} cannot be restored: {Reason(error + "\n" + output)}");
        }
        finally
        {
            Directory.Delete(project, recursive: true);
        }
    }

    private static XElement Project(IReadOnlyList<PackageRequest> requests, string folder) => new(
        "Project",
        new XAttribute("Sdk", "Microsoft.NET.Sdk"),
        new XElement(
            "PropertyGroup",
            new XElement("TargetFramework", $"net{Environment.Version.Major}.{Environment.Version.Minor}"),
            new XElement("RuntimeIdentifier", RuntimeInformation.RuntimeIdentifier),
            new XElement("SelfContained", "false"),
            new XElement("UseAppHost", "false"),
            new XElement("NuGetAudit", "false"),
            new XElement("RestoreRootConfigDirectory", folder)),
        new XElement("ItemGroup", requests.Select(request => new XElement("PackageReference", new XAttribute("Include", request.Id), new XAttribute("Version", request.Version)))));

    private static async Task<(int ExitCode, string Output, string Error)> BuildAsync(string project, CancellationToken cancellation)
    {
        string sdk = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        ProcessStartInfo start = new(
            File.Exists(sdk) ? sdk : "dotnet",
            ["msbuild", "-nologo", "-nodeReuse:false", "-restore", "-target:ResolvePackageAssets", "-getItem:RuntimeCopyLocalItems", "-getItem:NativeCopyLocalItems", "packages.csproj"])
        {
            WorkingDirectory = project, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new PackageException($"'#r \"nuget: …\"' needs the .NET SDK, and 'dotnet' cannot be started: {e.Message}.");
        }
        using (process)
        {
            using CancellationTokenRegistration stop = cancellation.UnsafeRegister(_ => Kill(process), null);
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None), error = process.StandardError.ReadToEndAsync(CancellationToken.None);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            return (process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended meanwhile.
        }
    }

    private static PackageFiles Files(string output)
    {
        JsonNode items;
        try
        {
            items = JsonNode.Parse(output)!["Items"]!;
        }
        catch (Exception e) when (e is JsonException or NullReferenceException)
        {
            throw new PackageException($"The SDK restored the packages and did not say where they are; it wrote: {output.Trim()}");
        }
        return new PackageFiles(Paths("RuntimeCopyLocalItems"), Paths("NativeCopyLocalItems"));

        string[] Paths(string item) => [.. (items[item]?.AsArray() ?? []).Select(file => file!["FullPath"]!.GetValue<string>())];
    }

    // NuGet's errors say what is missing and where it looked; the rest is about the project made here, which nobody knows.
    private static string Reason(string text)
    {
        string[] errors = [.. NuGetError().Matches(text).Select(match => match.Groups[1].Value.Trim()).Distinct()];
        return errors.Length > 0 ? string.Join(" ", errors) : string.Join(" ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    [GeneratedRegex(@"error (?:[A-Z]+\d+)?\s*:\s*(.+?)(?: \[[^\]]*\.csproj\])?$", RegexOptions.Multiline)]
    private static partial Regex NuGetError();
}
