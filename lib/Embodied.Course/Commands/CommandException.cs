namespace Embodied.Course.Commands;

/// <summary>Ends a command with one sentence on stderr.</summary>
/// <param name="exitCode">The process's exit code.</param>
/// <param name="message">The sentence.</param>
public sealed class CommandException(int exitCode, string message) : Exception(message)
{
    /// <summary>Exit code: the command ran, and something in it failed.</summary>
    public const int Failed = 1;

    /// <summary>Exit code: what was asked for does not exist or makes no sense.</summary>
    public const int Misused = 2;

    /// <summary>The process's exit code.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>What was asked for does not exist or makes no sense.</summary>
    public static CommandException Misuse(string message) => new(Misused, message);

    /// <summary>Something that the command needed failed.</summary>
    public static CommandException Failure(string message) => new(Failed, message);
}
