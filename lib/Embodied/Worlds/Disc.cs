namespace Embodied.Worlds;

/// <summary>A disc on the table, in metres.</summary>
/// <param name="Centre">Where.</param>
/// <param name="Radius">How large.</param>
public readonly record struct Disc(Vec2 Centre, double Radius)
{
    /// <summary>How far this disc reaches into another one; negative when they are apart.</summary>
    public double Overlap(Disc other) => Radius + other.Radius - Vec2.Distance(Centre, other.Centre);
}
