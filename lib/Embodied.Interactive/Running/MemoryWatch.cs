using System.Diagnostics;
using System.Globalization;

namespace Embodied.Interactive.Running;

/// <summary>
/// Ends a process that holds more memory than its limit. Tensors live outside the managed heap, where no limit of the runtime
/// reaches, so the resident memory is read from the system, often enough that little more than the limit is ever held.
/// </summary>
internal sealed class MemoryWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private readonly Process process;
    private readonly string statm;
    private readonly Timer timer;

    public MemoryWatch(Process process, long limit)
    {
        (this.process, Limit) = (process, limit);
        statm = FormattableString.Invariant($"/proc/{process.Id}/statm");
        timer = new Timer(_ => Look(), null, Interval, Interval);
    }

    /// <summary>The limit, in bytes.</summary>
    public long Limit { get; }

    /// <summary>Whether the process went beyond the limit and was ended.</summary>
    public bool Exceeded { get; private set; }

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();

    private void Look()
    {
        if (!Exceeded && Resident() > Limit)
        {
            Exceeded = true;
            WorkerProcess.End(process);
        }
    }

    private long Resident()
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                return long.Parse(File.ReadAllText(statm).Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
            }
            process.Refresh();
            return process.WorkingSet64;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            return 0; // It has ended.
        }
    }
}
