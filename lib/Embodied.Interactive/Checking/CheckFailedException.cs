namespace Embodied.Interactive;

/// <summary>Thrown by <see cref="Check"/> when a result is not what was wanted.</summary>
/// <param name="expectation">What came and what was wanted, without a full stop.</param>
/// <param name="hint">A question or remark that leads on; null for none.</param>
public sealed class CheckFailedException(string expectation, string? hint = null)
    : Exception(hint is null ? $"{expectation}." : $"{expectation}: {hint}")
{
    /// <summary>What came and what was wanted.</summary>
    public string Expectation { get; } = expectation;

    /// <summary>A question or remark that leads on; null for none.</summary>
    public string? Hint { get; } = hint;
}
