using System.IO.Enumeration;
using System.Text.Json;

namespace Embodied.Course.Kernel;

/// <summary>A cell that was executed.</summary>
/// <param name="Session">The session, from 1.</param>
/// <param name="Number">Its number in the session.</param>
/// <param name="Code">Its source.</param>
public sealed record HistoryEntry(int Session, int Number, string Code);

/// <summary>
/// What was executed, in this session and those before: a file with one JSON line per cell, to which every session adds. A file that
/// cannot be read or written is no reason to refuse a cell; the history is then this session's alone.
/// </summary>
public sealed class KernelHistory
{
    private const int Kept = 10_000;
    private readonly Lock gate = new();
    private readonly List<HistoryEntry> entries;
    private readonly int session;
    private readonly string? file;

    /// <summary>Opens the history.</summary>
    /// <param name="file">The file that keeps it; null: it is not kept.</param>
    public KernelHistory(string? file)
    {
        this.file = file;
        entries = Read(file);
        session = entries.Count == 0 ? 1 : entries.Max(entry => entry.Session) + 1;
    }

    /// <summary>Where this user's history lies, unless EMBODIED_HISTORY names another file.</summary>
    public static string DefaultFile => Environment.GetEnvironmentVariable("EMBODIED_HISTORY") is { Length: > 0 } named ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "embodied", "history.jsonl");

    /// <summary>Adds a cell.</summary>
    public void Add(int number, string code)
    {
        HistoryEntry entry = new(session, number, code);
        lock (gate)
        {
            entries.Add(entry);
            if (file is null)
            {
                return;
            }
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                File.AppendAllText(file, $"\n{JsonSerializer.Serialize(entry)}\n"); // A break first too: the line before may have been cut short.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another session writes just now, or the disk is full: this cell is remembered until the session ends.
            }
        }
    }

    /// <summary>The last <paramref name="count"/> cells, oldest first.</summary>
    public IReadOnlyList<HistoryEntry> Tail(int count) => [.. All().TakeLast(Math.Max(0, count))];

    /// <summary>The cells numbered from <paramref name="start"/> to before <paramref name="stop"/>; session 0 is this one, −1 the one before.</summary>
    public IReadOnlyList<HistoryEntry> Range(int session, int start, int? stop)
    {
        int wanted = session > 0 ? session : this.session + session;
        return [.. All().Where(entry => entry.Session == wanted && entry.Number >= start && (stop is null || entry.Number < stop))];
    }

    /// <summary>The last cells that match a pattern with <c>*</c> and <c>?</c>.</summary>
    public IReadOnlyList<HistoryEntry> Search(string pattern, int? count, bool unique)
    {
        IEnumerable<HistoryEntry> found = All().Where(entry => FileSystemName.MatchesSimpleExpression(pattern, entry.Code, ignoreCase: false));
        if (unique)
        {
            found = found.Reverse().DistinctBy(entry => entry.Code).Reverse();
        }
        return [.. count is { } most ? found.TakeLast(Math.Max(0, most)) : found];
    }

    private static List<HistoryEntry> Read(string? file)
    {
        List<HistoryEntry> read = [];
        try
        {
            foreach (string line in file is not null && File.Exists(file) ? File.ReadLines(file).Where(line => line.Length > 0).TakeLast(Kept) : [])
            {
                try
                {
                    read.Add(JsonSerializer.Deserialize<HistoryEntry>(line)!);
                }
                catch (JsonException)
                {
                    // A line that a crash cut short.
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
        return read;
    }

    private HistoryEntry[] All()
    {
        lock (gate)
        {
            return [.. entries];
        }
    }
}
