namespace Embodied.Interactive.Documents;

/// <summary>Thrown when a file is no notebook of format 4; the message names the file, the cell and what was wanted.</summary>
/// <param name="message">One sentence.</param>
public sealed class NotebookFormatException(string message) : Exception(message);
