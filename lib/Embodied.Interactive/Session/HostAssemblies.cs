using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.CodeAnalysis;

namespace Embodied.Interactive.Session;

/// <summary>
/// The assemblies that this process brings along. A cell that asks for one of them by <c>#r</c> gets this very copy: a second
/// one would make types that are equal in name only, and a second libtorch would abort the process.
/// </summary>
internal static class HostAssemblies
{
    private static readonly Dictionary<string, string> Paths = FindPaths();
    private static readonly Lazy<PortableExecutableReference[]> DefaultReferences = new(MakeDefaultReferences);

    /// <summary>What every cell can use without asking: the framework, the engine, and what the engine's public surface names.</summary>
    public static IReadOnlyList<PortableExecutableReference> Default => DefaultReferences.Value;

    /// <summary>The path of this process's assembly named <paramref name="simpleName"/>; null when it brings none.</summary>
    public static string? Path(string simpleName) => Paths.GetValueOrDefault(simpleName);

    /// <summary>A reference to this process's assembly named <paramref name="simpleName"/>; null when it brings none.</summary>
    public static PortableExecutableReference? Reference(string simpleName) =>
        Path(simpleName) is { } path ? MetadataFiles.Reference(path) : null;

    private static Dictionary<string, string> FindPaths()
    {
        string trusted = (string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "";
        Dictionary<string, string> paths = new(StringComparer.OrdinalIgnoreCase);
        foreach (string path in trusted.Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            paths.TryAdd(System.IO.Path.GetFileNameWithoutExtension(path), path);
        }
        return paths;
    }

    private static PortableExecutableReference[] MakeDefaultReferences()
    {
        string framework = System.IO.Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        // Every reference costs every cell time. Those that only forward to others are found when something asks for them.
        IEnumerable<string> files = Paths.Values.AsParallel().AsOrdered().Where(path => System.IO.Path.GetDirectoryName(path) == framework && DefinesTypes(path));
        IEnumerable<Assembly> engine =
        [
            typeof(HostAssemblies).Assembly,
            typeof(Microsoft.DotNet.Interactive.Formatting.Formatter).Assembly,
            typeof(Microsoft.AspNetCore.Html.IHtmlContent).Assembly,
        ];
        return [.. files.Concat(engine.Select(assembly => assembly.Location)).Select(MetadataFiles.Reference)];
    }

    private static bool DefinesTypes(string path)
    {
        using FileStream stream = File.OpenRead(path);
        using PEReader image = new(stream);
        if (!image.HasMetadata)
        {
            return false;
        }
        MetadataReader reader = image.GetMetadataReader();
        return reader.TypeDefinitions.Any(handle =>
            (reader.GetTypeDefinition(handle).Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.Public);
    }
}
