using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Embodied.Interactive.Session;

/// <summary>Where a session's compiled cells and the assemblies that they ask for are loaded; what the process brings along is shared.</summary>
internal sealed class SessionAssemblies() : AssemblyLoadContext("C# session")
{
    private readonly ConcurrentDictionary<string, Assembly> cells = new();
    private readonly ConcurrentDictionary<string, string> files = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, byte> folders = new();

    /// <summary>Makes the assembly at <paramref name="path"/> and its neighbours loadable.</summary>
    public void Add(string path)
    {
        files.TryAdd(Path.GetFileNameWithoutExtension(path), path);
        folders.TryAdd(Path.GetDirectoryName(path)!, 0);
    }

    /// <summary>Makes the native library at <paramref name="path"/> loadable.</summary>
    public void AddNative(string path) => folders.TryAdd(Path.GetDirectoryName(path)!, 0);

    /// <summary>The file of an assembly that cells asked for, or of one beside it; null when there is none.</summary>
    public string? Find(string simpleName) =>
        files.GetValueOrDefault(simpleName)
        ?? folders.Keys.Select(folder => Path.Combine(folder, simpleName + ".dll")).FirstOrDefault(File.Exists);

    /// <summary>Loads a compiled cell.</summary>
    public Assembly LoadCell(Stream image, Stream symbols)
    {
        Assembly assembly = LoadFromStream(image, symbols);
        cells[assembly.GetName().Name!] = assembly;
        return assembly;
    }

    /// <summary>Whether <paramref name="assembly"/> is a compiled cell.</summary>
    public bool IsCell(Assembly? assembly) => assembly is not null && cells.Values.Contains(assembly);

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string name = assemblyName.Name!;
        return cells.TryGetValue(name, out Assembly? cell) ? cell
            : HostAssemblies.Path(name) is null && Find(name) is { } path ? LoadFromAssemblyPath(path)
            : null;
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        string[] names = OperatingSystem.IsWindows() ? [unmanagedDllName, unmanagedDllName + ".dll"]
            : OperatingSystem.IsMacOS() ? [unmanagedDllName, $"lib{unmanagedDllName}.dylib", unmanagedDllName + ".dylib"]
            : [unmanagedDllName, $"lib{unmanagedDllName}.so", unmanagedDllName + ".so"];
        string natives = Path.Combine("runtimes", RuntimeInformation.RuntimeIdentifier, "native");
        return folders.Keys
            .SelectMany(folder => names.SelectMany(name => (string[])[Path.Combine(folder, name), Path.Combine(folder, natives, name)]))
            .FirstOrDefault(File.Exists) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
    }
}
