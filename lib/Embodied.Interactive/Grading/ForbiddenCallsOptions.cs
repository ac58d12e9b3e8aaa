namespace Embodied.Interactive.Grading;

/// <summary>How cells are checked for forbidden calls.</summary>
public sealed record ForbiddenCallsOptions
{
    /// <summary>Where relative paths of <c>#r</c> and <c>#load</c> start: the notebook's folder.</summary>
    public string WorkingDirectory { get; init; } = ".";

    /// <summary>Paths of the libraries of packages that the setup cell asks for by <c>#r "nuget: …"</c>; a check restores none.</summary>
    public IReadOnlyList<string> PackageAssemblies { get; init; } = [];

    /// <summary>
    /// Whether reflection, native calls, processes and compilers may be used. A forbidden name that is written out in such a call is
    /// found either way.
    /// </summary>
    public bool AllowReflection { get; init; }
}

/// <summary>Thrown when what an exercise forbids cannot be found: the instructor's mistake, not the student's.</summary>
/// <param name="message">One sentence.</param>
public sealed class ForbiddenSymbolException(string message) : Exception(message);
