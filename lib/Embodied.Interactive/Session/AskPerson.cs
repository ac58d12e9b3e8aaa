namespace Embodied.Interactive.Session;

/// <summary>Asks the person who runs a cell for a line of text.</summary>
/// <param name="prompt">What to ask.</param>
/// <param name="password">Whether what is typed shall not be shown.</param>
/// <param name="cancellation">Cancelled when the cell shall stop.</param>
/// <returns>The line, without its break; null when nobody can be asked now.</returns>
/// <exception cref="OperationCanceledException">The cell was stopped.</exception>
public delegate string? AskPerson(string prompt, bool password, CancellationToken cancellation);
