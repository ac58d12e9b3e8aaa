using Embodied.Interactive.Documents;

namespace Embodied.Interactive.Running;

/// <summary>How one code cell fared.</summary>
public enum CellOutcome
{
    /// <summary>It ran to its end.</summary>
    Succeeded,

    /// <summary>It failed, as its tag <c>raises-exception</c> allows.</summary>
    RaisedAsExpected,

    /// <summary>It is empty, or tagged <c>skip-execution</c>.</summary>
    Skipped,

    /// <summary>It threw or did not compile.</summary>
    Failed,

    /// <summary>It ran into the time limit of the cell or of the notebook.</summary>
    TimedOut,

    /// <summary>It used more memory than there was.</summary>
    OutOfMemory,

    /// <summary>Its process ended under it.</summary>
    Crashed,

    /// <summary>The run was cancelled during it.</summary>
    Cancelled,

    /// <summary>An earlier cell ended the run.</summary>
    NotRun,
}

/// <summary>How a notebook fared.</summary>
public enum NotebookStatus
{
    /// <summary>Every cell that had to run did, to its end.</summary>
    Succeeded,

    /// <summary>A cell threw or did not compile.</summary>
    Failed,

    /// <summary>A time limit was reached.</summary>
    TimedOut,

    /// <summary>Memory was exhausted.</summary>
    OutOfMemory,

    /// <summary>The notebook's process ended before the notebook did.</summary>
    Crashed,

    /// <summary>The run was cancelled.</summary>
    Cancelled,
}

/// <summary>One code cell's run.</summary>
/// <param name="Number">The code cell, numbered from 1.</param>
/// <param name="Outcome">How it fared.</param>
/// <param name="Elapsed">Wall-clock time; zero when it did not run.</param>
/// <param name="Failure">What went wrong, one sentence that names the cell; null when nothing did.</param>
public sealed record CellRun(int Number, CellOutcome Outcome, TimeSpan Elapsed, string? Failure = null);

/// <summary>One notebook's run.</summary>
/// <param name="Document">The notebook with the outputs of this run.</param>
/// <param name="Status">How it fared.</param>
/// <param name="Elapsed">Wall-clock time of the whole run, start of the process included.</param>
/// <param name="Cells">One entry per code cell, in order.</param>
/// <param name="Claims">The claims that its cells made, in order.</param>
/// <param name="Failure">What went wrong, one sentence that names the cell; null when every cell fared well.</param>
public sealed record NotebookResult(
    NotebookDocument Document,
    NotebookStatus Status,
    TimeSpan Elapsed,
    IReadOnlyList<CellRun> Cells,
    IReadOnlyList<NotebookClaim> Claims,
    string? Failure)
{
    /// <summary>Whether every cell fared well and every claim held.</summary>
    public bool Passed => Status == NotebookStatus.Succeeded && Claims.All(claim => claim.Held);
}
