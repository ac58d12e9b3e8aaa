using System.Text.Json.Nodes;

namespace Embodied.Interactive.Display;

/// <summary>Something that a running cell shows, in the order in which it happens.</summary>
public abstract record CellOutput;

/// <summary>Text written to a stream.</summary>
/// <param name="Name"><c>stdout</c> or <c>stderr</c>.</param>
/// <param name="Text">The text, as written.</param>
public sealed record StreamText(string Name, string Text) : CellOutput;

/// <summary>A value displayed by the cell, or a new state of one displayed before.</summary>
/// <param name="Bundle">The value's representations.</param>
/// <param name="DisplayId">Names the display, so that it can be updated.</param>
/// <param name="IsUpdate">Whether this replaces the display named <paramref name="DisplayId"/> instead of adding one.</param>
public sealed record DisplayData(MimeBundle Bundle, string? DisplayId = null, bool IsUpdate = false) : CellOutput;

/// <summary>The value of the cell's last expression.</summary>
/// <param name="Bundle">The value's representations.</param>
/// <param name="ExecutionCount">The cell's number in the session, from 1.</param>
public sealed record ExecuteResult(MimeBundle Bundle, int ExecutionCount) : CellOutput;

/// <summary>What ended a cell: an exception, a compile error, a cancellation or a time limit.</summary>
/// <param name="Name">The exception's type name, or <c>CompilationError</c>.</param>
/// <param name="Message">One sentence, or the compiler's own message.</param>
/// <param name="Traceback">Lines that lead to the place, cell and line named.</param>
public sealed record CellError(string Name, string Message, IReadOnlyList<string> Traceback) : CellOutput;

/// <summary>A request to clear what the cell has shown so far.</summary>
/// <param name="Wait">Whether to wait for the next output before clearing, which avoids flicker.</param>
public sealed record ClearOutput(bool Wait) : CellOutput;

/// <summary>What a <see cref="CommMessage"/> does.</summary>
public enum CommAction
{
    /// <summary>Opens a line.</summary>
    Open,

    /// <summary>Sends over it.</summary>
    Message,

    /// <summary>Closes it.</summary>
    Close,
}

/// <summary>A message between a cell and the code of a page, in either direction.</summary>
/// <param name="Action">What it does.</param>
/// <param name="Id">The line's name.</param>
/// <param name="TargetName">Who listens; of <see cref="CommAction.Open"/> alone.</param>
/// <param name="Data">What is said.</param>
public sealed record CommMessage(CommAction Action, string Id, string? TargetName, JsonObject Data) : CellOutput;
