namespace Embodied.Worlds;

/// <summary>
/// A table, one metre square, seen from above: a planar hand reaches for a round object and pushes it past an obstacle into a goal. The hand is a
/// palm with two fingers that stand ahead to its left and right; it turns to where it moves. Motion is quasi-static: the object stays where it
/// is unless palm or finger would enter it, and then gives way just enough, along the line between the centres.
/// </summary>
/// <remarks>The simulator alone judges a trajectory: no model and no planner has a say.</remarks>
public sealed record PushTable
{
    private const double Side = 1;

    // Short against every radius, so that contacts are met gently.
    private const double Stride = 0.004;

    // The hand turns by at most a radian in this way: a wrist, not a weathercock.
    private const double TurningLength = 0.04;

    /// <summary>Radius of the palm, in metres.</summary>
    public double PalmRadius { get; init; } = 0.025;

    /// <summary>Radius of a fingertip, in metres.</summary>
    public double FingerRadius { get; init; } = 0.01;

    /// <summary>How far the fingertips stand ahead of the palm's centre, in metres.</summary>
    public double FingerReach { get; init; } = 0.07;

    /// <summary>How far each fingertip stands to its side, in metres.</summary>
    public double FingerSpread { get; init; } = 0.058;

    /// <summary>The object at the beginning.</summary>
    public Disc Object { get; init; } = new(new(0.28, 0.5), 0.035);

    /// <summary>What must not be touched.</summary>
    public IReadOnlyList<Disc> Obstacles { get; init; } = [new(new(0.58, 0.5), 0.1)];

    /// <summary>Where the object's centre has to end.</summary>
    public Disc Goal { get; init; } = new(new(0.86, 0.5), 0.07);

    /// <summary>Palm and fingertips of a hand at a place.</summary>
    /// <param name="at">The palm's centre.</param>
    /// <param name="heading">Where the fingers point, of length 1.</param>
    public Disc[] HandAt(Vec2 at, Vec2 heading) =>
    [
        new(at, PalmRadius),
        new(at + FingerReach * heading + FingerSpread * heading.Left, FingerRadius),
        new(at + FingerReach * heading - FingerSpread * heading.Left, FingerRadius),
    ];

    /// <summary>Moves the hand along straight lines from waypoint to waypoint and watches what happens.</summary>
    /// <param name="waypoints">Two or more places of the palm, in metres.</param>
    /// <exception cref="ArgumentException">There are fewer than two waypoints.</exception>
    public PushRecord Run(IReadOnlyList<Vec2> waypoints)
    {
        if (waypoints.Count < 2)
        {
            throw new ArgumentException($"waypoints has {waypoints.Count} places, wanted at least 2.", nameof(waypoints));
        }
        Vec2 hand = waypoints[0], heading = (waypoints[1] - waypoints[0]).Unit;
        heading = heading.Length > 0 ? heading : new Vec2(1, 0);
        Disc thing = Object;
        List<Vec2> hands = [hand], headings = [heading], things = [thing.Centre];
        PushOutcome? failure = Judge(hand, heading, thing);
        for (int i = 1; i < waypoints.Count; i++)
        {
            Vec2 from = hand, way = waypoints[i] - hand;
            if (!double.IsFinite(way.Length) || way.Length > 10 * Side)
            {
                failure ??= PushOutcome.LeftTable;
                break;
            }
            int steps = Math.Max(1, (int)Math.Ceiling(way.Length / Stride));
            for (int step = 1; step <= steps; step++)
            {
                hand = from + (double)step / steps * way;
                heading = Turn(heading, way.Unit, way.Length / steps);
                thing = Push(thing, HandAt(hand, heading));
                failure ??= Judge(hand, heading, thing);
                hands.Add(hand);
                headings.Add(heading);
                things.Add(thing.Centre);
            }
        }
        bool reached = Vec2.Distance(thing.Centre, Goal.Centre) <= Goal.Radius;
        return new(failure ?? (reached ? PushOutcome.Reached : PushOutcome.MissedGoal), hands, headings, things);
    }

    // Towards the direction of motion, by at most an angle of moved / TurningLength.
    private static Vec2 Turn(Vec2 heading, Vec2 towards, double moved)
    {
        double angle = Math.Atan2(Vec2.Dot(heading.Left, towards), Vec2.Dot(heading, towards));
        double turn = Math.Clamp(angle, -moved / TurningLength, moved / TurningLength);
        return (Math.Cos(turn) * heading + Math.Sin(turn) * heading.Left).Unit;
    }

    // A few rounds, since giving way to one finger may mean to meet the other.
    private static Disc Push(Disc thing, Disc[] parts)
    {
        for (int round = 0; round < 8; round++)
        {
            bool moved = false;
            foreach (Disc part in parts)
            {
                double overlap = part.Overlap(thing);
                if (overlap > 1e-9)
                {
                    Vec2 away = (thing.Centre - part.Centre).Unit;
                    thing = thing with { Centre = thing.Centre + overlap * (away.Length > 0 ? away : new Vec2(1, 0)) };
                    moved = true;
                }
            }
            if (!moved)
            {
                break;
            }
        }
        return thing;
    }

    private PushOutcome? Judge(Vec2 hand, Vec2 heading, Disc thing)
    {
        foreach (Disc part in (ReadOnlySpan<Disc>)[.. HandAt(hand, heading), thing])
        {
            if (part.Centre.X < part.Radius || part.Centre.X > Side - part.Radius || part.Centre.Y < part.Radius || part.Centre.Y > Side - part.Radius)
            {
                return PushOutcome.LeftTable;
            }
            foreach (Disc obstacle in Obstacles)
            {
                if (part.Overlap(obstacle) > 0)
                {
                    return PushOutcome.HitObstacle;
                }
            }
        }
        return null;
    }
}
