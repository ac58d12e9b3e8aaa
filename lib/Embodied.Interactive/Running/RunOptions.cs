namespace Embodied.Interactive.Running;

/// <summary>What a run of one notebook allows.</summary>
public sealed record RunOptions
{
    /// <summary>The longest that one cell may take; then it is cancelled and the run ends.</summary>
    public TimeSpan CellLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The longest that the whole notebook may take; then its running cell is cancelled and the run ends.</summary>
    public TimeSpan NotebookLimit { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The most that one cell may show, in characters of text and base64; what follows is dropped, with a note.</summary>
    public int OutputLimit { get; init; } = 64 * 1024 * 1024;
}
