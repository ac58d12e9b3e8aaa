namespace Embodied.Interactive;

/// <summary>How long a notebook may compute: <c>quick</c>, at most 90 s on two cores, or <c>full</c>. The environment variable EMBODIED_SCALE decides.</summary>
public static class Scale
{
    /// <summary>The environment variable.</summary>
    public const string Variable = "EMBODIED_SCALE";

    /// <summary>Whether the long version is wanted.</summary>
    /// <exception cref="InvalidOperationException">The variable holds neither <c>quick</c> nor <c>full</c>.</exception>
    public static bool IsFull => (Environment.GetEnvironmentVariable(Variable) ?? "").Trim().ToLowerInvariant() switch
    {
        "" or "quick" => false,
        "full" => true,
        string other => throw new InvalidOperationException($"The environment variable {Variable} is '{other}'; 'quick' or 'full' is wanted."),
    };

    /// <summary>The value for the scale at hand.</summary>
    /// <param name="quick">The value for a run of at most 90 s.</param>
    /// <param name="full">The value for the long run.</param>
    public static T Pick<T>(T quick, T full) => IsFull ? full : quick;
}
