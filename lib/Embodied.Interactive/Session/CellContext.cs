using System.Text;
using Embodied.Interactive.Display;

namespace Embodied.Interactive.Session;

/// <summary>
/// The cell on whose behalf code runs. It flows with the execution context, so that threads and tasks that a cell starts show
/// their output in that cell, also while another one runs.
/// </summary>
internal sealed class CellContext(Action<CellOutput> publish, CSharpSession session, string code, AskPerson? ask, CancellationToken cancellation) : IDisposable
{
    private static readonly AsyncLocal<CellContext?> Ambient = new();
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);
    private const int GatherAtMost = 16 * 1024;

    private static int stopping;

    private readonly Lock gate = new();
    private readonly StringBuilder pending = new();
    private string pendingName = "stdout";
    private Timer? timer;

    /// <summary>How many cells of this process have been told to stop and have not ended.</summary>
    public static int Stopping => Volatile.Read(ref stopping);

    /// <summary>The cell that the calling code belongs to; null outside any.</summary>
    public static CellContext? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>Cancelled when the cell shall stop.</summary>
    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>The session that executes the cell.</summary>
    public CSharpSession Session { get; } = session;

    /// <summary>The cell's source.</summary>
    public string Code { get; } = code;

    /// <summary>Counts a cell among those that are stopping.</summary>
    public static void BeginStopping() => Interlocked.Increment(ref stopping);

    /// <summary>The counterpart of <see cref="BeginStopping"/>.</summary>
    public static void EndStopping() => Interlocked.Decrement(ref stopping);

    /// <summary>Asks the person for a line; null when nobody can be asked.</summary>
    public string? Ask(string prompt, bool password)
    {
        FlushLater();
        return ask?.Invoke(prompt, password, Cancellation);
    }

    /// <summary>Publishes what was written before, and then <paramref name="output"/>.</summary>
    public void Publish(CellOutput output)
    {
        lock (gate)
        {
            Flush();
            publish(output);
        }
    }

    /// <summary>Writes to a stream; what follows closely is published together, since every message costs.</summary>
    public void Write(string stream, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return;
        }
        lock (gate)
        {
            if (pendingName != stream)
            {
                Flush();
                pendingName = stream;
            }
            pending.Append(text);
            if (pending.Length > GatherAtMost)
            {
                Flush();
            }
            else
            {
                timer ??= new Timer(_ => FlushLater(), null, Gather, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Publishes what was written so far.</summary>
    public void Dispose() => FlushLater();

    private void FlushLater()
    {
        lock (gate)
        {
            Flush();
        }
    }

    private void Flush()
    {
        timer?.Dispose();
        timer = null;
        if (pending.Length > 0)
        {
            StreamText text = new(pendingName, pending.ToString());
            pending.Clear();
            publish(text);
        }
    }
}
