using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Embodied.Interactive.Session;

/// <summary>Reads assemblies' metadata for the compiler, each file once per process.</summary>
internal static class MetadataFiles
{
    private static readonly Lazy<string?> ReferencePack = new(FindReferencePack);
    private static readonly ConcurrentDictionary<(string Path, DateTime Written), PortableExecutableReference> Known = new();

    public static PortableExecutableReference Reference(string path) =>
        Known.GetOrAdd((path, File.GetLastWriteTimeUtc(path)), static key => MetadataReference.CreateFromFile(key.Path, documentation: Documentation(key.Path)));

    // Beside the library for packages; in the SDK's reference pack for the framework, whose runtime ships without.
    private static XmlDocumentation? Documentation(string path)
    {
        string xml = Path.ChangeExtension(path, ".xml");
        if (File.Exists(xml))
        {
            return new XmlDocumentation(xml);
        }
        string name = Path.GetFileName(xml);
        return ReferencePack.Value is { } pack && File.Exists(Path.Combine(pack, name)) ? new XmlDocumentation(Path.Combine(pack, name)) : null;
    }

    private static string? FindReferencePack()
    {
        // .../dotnet/shared/Microsoft.NETCore.App/10.0.1/
        string packs = Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "packs", "Microsoft.NETCore.App.Ref");
        string framework = $"net{Environment.Version.Major}.{Environment.Version.Minor}";
        return Directory.Exists(packs)
            ? Directory.GetDirectories(packs).OrderDescending(StringComparer.Ordinal).Select(pack => Path.Combine(pack, "ref", framework)).FirstOrDefault(Directory.Exists)
            : null;
    }
}

/// <summary>Resolves <c>#r</c>: names of assemblies that the process brings along, and paths of others.</summary>
internal sealed class ReferenceResolver(string workingDirectory, SessionAssemblies assemblies) : MetadataReferenceResolver
{
    public override bool ResolveMissingAssemblies => true;

    public override PortableExecutableReference? ResolveMissingAssembly(MetadataReference definition, AssemblyIdentity referenceIdentity) =>
        HostAssemblies.Reference(referenceIdentity.Name)
        ?? (assemblies.Find(referenceIdentity.Name) is { } path ? MetadataFiles.Reference(path) : null);

    public override ImmutableArray<PortableExecutableReference> ResolveReference(
        string reference, string? baseFilePath, MetadataReferenceProperties properties)
    {
        bool isFile = reference.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || reference.EndsWith(".exe", StringComparison.OrdinalIgnoreCase);
        string name = isFile ? Path.GetFileNameWithoutExtension(reference.Replace('\\', '/')) : reference.Split(',')[0];
        if (HostAssemblies.Reference(name) is { } own)
        {
            return [own.WithProperties(properties)];
        }
        if (!isFile)
        {
            return [];
        }
        string folder = baseFilePath is null ? workingDirectory : Path.GetDirectoryName(Path.Combine(workingDirectory, baseFilePath))!;
        string path = Path.GetFullPath(Path.Combine(folder, reference.Replace('\\', '/')));
        if (!File.Exists(path))
        {
            return [];
        }
        assemblies.Add(path);
        return [MetadataFiles.Reference(path).WithProperties(properties)];
    }

    public override bool Equals(object? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
