namespace Embodied.Course.Doctor;

/// <summary>How grave a finding is.</summary>
public enum Grade
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>The course runs without it.</summary>
    Optional,

    /// <summary>The course does not run like this.</summary>
    Bad,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Subject">What.</param>
/// <param name="Grade">How it stands.</param>
/// <param name="Finding">What was found, one sentence or less.</param>
/// <param name="Cure">The command or step that mends it; null when nothing has to be mended.</param>
public sealed record Check(string Subject, Grade Grade, string Finding, string? Cure = null);
