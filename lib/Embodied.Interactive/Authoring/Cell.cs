using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Interactive;

/// <summary>The running cell.</summary>
public static class Cell
{
    /// <summary>
    /// Cancelled when the cell shall stop, because someone pressed stop or a time limit has come. Pass it to whatever takes long. Outside
    /// a notebook it is never cancelled.
    /// </summary>
    public static CancellationToken CancellationToken => CellContext.Current?.Cancellation ?? DotNetInteractiveTarget.Find()?.Cancellation ?? CancellationToken.None;
}
