namespace Embodied.Interactive;

/// <summary>A part of an exercise that earns points by itself.</summary>
/// <param name="Name">What it looks at, such as <c>"large inputs stay finite"</c>.</param>
/// <param name="Points">What it is worth, at least 0.</param>
/// <param name="Body">Throws when it fails.</param>
public sealed record CheckStep(string Name, double Points, Action Body);

/// <summary>What came of a <see cref="CheckStep"/>.</summary>
/// <param name="Name">What it looked at.</param>
/// <param name="Points">What it is worth.</param>
/// <param name="Failure">Why it earned nothing; null when it passed.</param>
public sealed record CheckOutcome(string Name, double Points, string? Failure)
{
    /// <summary>All of its points, or none.</summary>
    public double Earned => Failure is null ? Points : 0;
}
