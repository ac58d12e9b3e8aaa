using Embodied.Interactive.Running;
using Embodied.Interactive.Session;

namespace Embodied.Notebooks.Tests.Grading;

/// <summary>What becomes of an attack.</summary>
internal enum Contained
{
    /// <summary>The cell ends, and what it tried did not happen: its value is <c>contained</c>.</summary>
    Nothing,

    /// <summary>The cell is stopped at its time limit, and the session goes on.</summary>
    Stopped,

    /// <summary>The cell cannot be stopped; its process is ended.</summary>
    Ended,

    /// <summary>The process ends, by itself or by a limit.</summary>
    Lost,
}

/// <summary>A cell that means harm.</summary>
/// <param name="Name">What it tries.</param>
/// <param name="Outcome">What becomes of it.</param>
/// <param name="Code">The cell.</param>
/// <param name="Reason">Why its process is gone, where it is.</param>
internal sealed record Attack(string Name, Contained Outcome, string Code, LossReason? Reason = null)
{
    /// <summary>What a table says of the outcome.</summary>
    public string Words => (Outcome, Reason) switch
    {
        (Contained.Nothing, _) => "has no effect",
        (Contained.Stopped, _) => "stopped at the time limit",
        (Contained.Ended, _) => "its process is ended at the time limit",
        (_, LossReason.OutOfMemory) => "its process is ended at the memory limit",
        (_, LossReason.TooManyProcesses) => "its process is ended at the limit of processes",
        (_, LossReason.TooMuchOutput) => "its process is ended at the limit of output",
        (_, LossReason.Senseless) => "its process is ended, the message is dropped",
        _ => "its process ends; the exercise earns nothing",
    };

    /// <summary>Whether an outcome is the one that is promised.</summary>
    public bool Is(Outcome outcome) => Outcome switch
    {
        Contained.Nothing => outcome.Value?.Trim('"') == "contained",
        Contained.Stopped => outcome.Result?.Status == CellStatus.Cancelled,
        Contained.Ended => outcome.Result?.Status == CellStatus.Unresponsive,
        _ => outcome.Loss is { } loss && loss.Reason == (Reason ?? LossReason.Crashed),
    };
}
