using Embodied.Interactive.Display;

namespace Embodied.Interactive.Session;

/// <summary>How a cell ended.</summary>
public enum CellStatus
{
    /// <summary>It ran to its end.</summary>
    Succeeded,

    /// <summary>It did not compile, or threw.</summary>
    Failed,

    /// <summary>It was told to stop, and did.</summary>
    Cancelled,

    /// <summary>It was told to stop and went on beyond the grace period; the session takes no further cells.</summary>
    Unresponsive,
}

/// <summary>What came of executing a cell.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="ExecutionCount">The cell's number in the session, from 1.</param>
/// <param name="Error">What ended it; null when it succeeded. It has been published among the outputs too.</param>
public sealed record CellResult(CellStatus Status, int ExecutionCount, CellError? Error);
