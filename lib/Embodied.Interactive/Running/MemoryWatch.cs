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
    private readonly int id;
    private readonly string statm;
    private readonly bool contained;
    private readonly int? processLimit;
    private readonly Thread thread;
    private readonly ManualResetEventSlim disposed = new();

    /// <summary>Watches a process or, when it is contained, everything beneath it.</summary>
    public MemoryWatch(Process process, long limit, bool contained = false, int? processLimit = null)
    {
        (this.process, Limit, this.contained, this.processLimit) = (process, limit, contained, processLimit);
        id = process.Id;
        statm = FormattableString.Invariant($"/proc/{id}/statm");
        // No timer: a busy thread pool would delay it, and what is watched may double within a look or two.
        thread = new Thread(Watch) { IsBackground = true, Name = "Memory watch", Priority = ThreadPriority.AboveNormal };
        thread.Start();
    }

    /// <summary>The limit, in bytes.</summary>
    public long Limit { get; }

    /// <summary>Whether the process went beyond the limit and was ended.</summary>
    public bool Exceeded { get; private set; }

    /// <summary>Whether there were more processes than allowed, and all were ended.</summary>
    public bool TooMany { get; private set; }

    /// <inheritdoc/>
    public void Dispose() => disposed.Set();

    private void Watch()
    {
        while (!Exceeded && !TooMany && !disposed.Wait(Interval))
        {
            Look();
        }
    }

    private void Look()
    {
        if (contained)
        {
            ProcessTree tree = ProcessTree.Beneath(id);
            Exceeded = tree.Resident > Limit;
            TooMany = !Exceeded && tree.Processes > processLimit;
        }
        else
        {
            Exceeded = Resident() > Limit;
        }
        if (Exceeded || TooMany)
        {
            WorkerProcess.End(process, contained);
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
