using System.IO.Enumeration;

namespace Embodied.Course.Kernel;

/// <summary>A cell that was executed.</summary>
/// <param name="Session">The session, from 1.</param>
/// <param name="Number">Its number in the session.</param>
/// <param name="Code">Its source.</param>
public sealed record HistoryEntry(int Session, int Number, string Code);

/// <summary>What was executed in this session.</summary>
public sealed class KernelHistory
{
    private const int ThisSession = 1;
    private readonly Lock gate = new();
    private readonly List<HistoryEntry> entries = [];

    /// <summary>Adds a cell.</summary>
    public void Add(int number, string code)
    {
        lock (gate)
        {
            entries.Add(new HistoryEntry(ThisSession, number, code));
        }
    }

    /// <summary>The last <paramref name="count"/> cells, oldest first.</summary>
    public IReadOnlyList<HistoryEntry> Tail(int count) => [.. All().TakeLast(Math.Max(0, count))];

    /// <summary>The cells numbered from <paramref name="start"/> to before <paramref name="stop"/>; session 0 is this one, −1 the one before.</summary>
    public IReadOnlyList<HistoryEntry> Range(int session, int start, int? stop)
    {
        int wanted = session > 0 ? session : ThisSession + session;
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

    private HistoryEntry[] All()
    {
        lock (gate)
        {
            return [.. entries];
        }
    }
}
