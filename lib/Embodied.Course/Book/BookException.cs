namespace Embodied.Course.Book;

/// <summary>Thrown when a book cannot be made; the message names the notebook and the cell.</summary>
/// <param name="message">One sentence.</param>
public sealed class BookException(string message) : Exception(message);
