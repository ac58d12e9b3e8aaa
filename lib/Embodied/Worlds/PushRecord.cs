namespace Embodied.Worlds;

/// <summary>How an attempt to push the object to the goal ended.</summary>
public enum PushOutcome
{
    /// <summary>The object lies in the goal, and nothing was touched on the way.</summary>
    Reached,

    /// <summary>The hand or the object touched an obstacle.</summary>
    HitObstacle,

    /// <summary>The hand or the object left the table.</summary>
    LeftTable,

    /// <summary>The object lies outside the goal.</summary>
    MissedGoal,
}

/// <summary>What happened on the table.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Hand">The palm's centre at every step.</param>
/// <param name="Heading">Where the fingers point at every step, of length 1.</param>
/// <param name="Object">The object's centre at every step.</param>
public sealed record PushRecord(PushOutcome Outcome, IReadOnlyList<Vec2> Hand, IReadOnlyList<Vec2> Heading, IReadOnlyList<Vec2> Object);
