using Embodied.Interactive.Documents;

namespace Embodied.Interactive.Running;

/// <summary>How messages speak of cells.</summary>
internal static class CellText
{
    /// <summary>The first line of <paramref name="cell"/> that says what it does: no directive, import, comment sign or blank.</summary>
    public static string Title(NotebookCell cell)
    {
        string[] lines = [.. cell.Source.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        string telling = lines.FirstOrDefault(line => !line.StartsWith('#') && !line.StartsWith("using ", StringComparison.Ordinal))
            ?? lines.FirstOrDefault() ?? "";
        return Shorten(telling.TrimStart('/', ' '), 48);
    }

    /// <summary>The name of the code cell <paramref name="number"/> in messages.</summary>
    public static string Name(NotebookCell cell, int number) =>
        Title(cell) is { Length: > 0 } title ? $"code cell {number} ('{title}')" : $"code cell {number}";

    /// <summary>The first line of <paramref name="text"/>, cut to <paramref name="length"/> characters.</summary>
    public static string Shorten(string text, int length)
    {
        string line = text.Trim().Split('\n')[0].TrimEnd();
        return line.Length <= length ? line : line[..(length - 1)].TrimEnd() + "…";
    }

    /// <summary>A time limit in words.</summary>
    public static string Words(TimeSpan span) => span.TotalSeconds switch
    {
        < 120 => FormattableString.Invariant($"{span.TotalSeconds:0.##} s"),
        < 7200 => FormattableString.Invariant($"{span.TotalMinutes:0.#} min"),
        _ => FormattableString.Invariant($"{span.TotalHours:0.#} h"),
    };
}
