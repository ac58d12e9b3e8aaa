using System.Collections.Concurrent;

namespace Embodied.Interactive.Session;

/// <summary>Finds the line of source that a stack frame points to.</summary>
/// <param name="folder">The session's working folder, under which symbols file the cells too.</param>
internal sealed class CellSources(string folder)
{
    private readonly ConcurrentDictionary<string, string> cells = new();

    /// <summary>Keeps the source of the cell <paramref name="name"/>.</summary>
    public void Add(string name, string code) => cells[name] = code;

    /// <summary>What a person calls <paramref name="path"/>: a cell by its name, a file by its path from the working folder.</summary>
    public string Name(string path) => Path.GetRelativePath(folder, Path.GetFullPath(path, folder));

    /// <summary>A line, numbered from 1, without the spaces around it; empty when there is none.</summary>
    public string Line(string path, int line)
    {
        string? text = cells.GetValueOrDefault(Name(path));
        if (text is null && File.Exists(path))
        {
            text = File.ReadAllText(path);
        }
        string[] lines = text?.Split('\n') ?? [];
        return line >= 1 && line <= lines.Length ? lines[line - 1].Trim() : "";
    }
}
