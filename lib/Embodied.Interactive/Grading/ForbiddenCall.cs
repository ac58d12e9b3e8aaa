namespace Embodied.Interactive.Grading;

/// <summary>Which rule a cell breaks.</summary>
public enum ForbiddenCallKind
{
    /// <summary>It uses a symbol that the exercise forbids.</summary>
    Symbol,

    /// <summary>It uses reflection or another way past the compiler, where nobody can tell beforehand what is called.</summary>
    Reflection,

    /// <summary>It loads a library or a file that the setup cell does not load.</summary>
    Reference,
}

/// <summary>A place in a student's cell that the exercise does not allow.</summary>
/// <param name="Cell">The cell's name.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column in UTF-16 units, from 1.</param>
/// <param name="Kind">Which rule it breaks.</param>
/// <param name="Symbol">The full name of what is used; of a reference what is written between the quotes.</param>
/// <param name="Message">One sentence for the student.</param>
public sealed record ForbiddenCall(string Cell, int Line, int Column, ForbiddenCallKind Kind, string Symbol, string Message);
