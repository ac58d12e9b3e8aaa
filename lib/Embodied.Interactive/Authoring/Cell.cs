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

    /// <summary>Throws when the running cell shall stop. The engine calls it from the loops of a cell's own code.</summary>
    /// <exception cref="OperationCanceledException">The cell shall stop.</exception>
    public static void ThrowIfStopped()
    {
        // Most loops turn while nothing is being stopped anywhere; they pay for one look at one number.
        if (CellContext.Stopping != 0)
        {
            CellContext.Current?.Cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Clears what the running cell has shown. Outside the course's own engine it does nothing.</summary>
    /// <param name="wait">Whether to wait for the next output before clearing, which avoids flicker.</param>
    public static void ClearOutput(bool wait = false) => CellContext.Current?.Publish(new ClearOutput(wait));

    /// <summary>Asks the person for a line without showing what is typed; <see cref="Console.ReadLine"/> asks and shows.</summary>
    /// <param name="prompt">What to ask.</param>
    /// <returns>The line; null when nobody can be asked.</returns>
    public static string? ReadPassword(string prompt = "") => CellContext.Current?.Ask(prompt, password: true);
}
