namespace Embodied.Interactive.Running;

/// <summary>Why a session's process is gone.</summary>
public enum LossReason
{
    /// <summary>It ended by itself: a native abort, a stack overflow, <see cref="Environment.FailFast(string)"/>, <see cref="Environment.Exit"/>, a signal.</summary>
    Crashed,

    /// <summary>It used more memory than it was given.</summary>
    OutOfMemory,

    /// <summary>It could not be started.</summary>
    NotStarted,

    /// <summary>It started more processes than it was allowed.</summary>
    TooManyProcesses,

    /// <summary>It sent more than it was allowed.</summary>
    TooMuchOutput,

    /// <summary>It sent something that no session sends.</summary>
    Senseless,
}

/// <summary>Thrown when the process that executes a notebook's cells ended before its cell did.</summary>
/// <param name="reason">Why it is gone.</param>
/// <param name="message">What happened, as the end of a sentence that begins with the cell's name.</param>
/// <param name="tail">The last lines that the process wrote past the session, such as a runtime's last words; often empty.</param>
public sealed class SessionLostException(LossReason reason, string message, IReadOnlyList<string> tail) : Exception(message)
{
    /// <summary>Why it is gone.</summary>
    public LossReason Reason { get; } = reason;

    /// <summary>The last lines that the process wrote past the session, such as a runtime's last words; often empty.</summary>
    public IReadOnlyList<string> Tail { get; } = tail;
}
