using static TorchSharp.torch;

namespace Embodied.Worlds;

/// <summary>
/// Demonstrations on a <see cref="PushTable"/>: a scripted planner draws a smooth path from a random start, to the object from behind, past the obstacle
/// on a random side with a random clearance, and into the goal. The demonstrator is careful: what the simulator would not find valid with a larger
/// obstacle and a smaller goal is thrown away.
/// </summary>
public static class PushDemonstrations
{
    /// <summary>Waypoints of a trajectory when nothing else is said.</summary>
    public const int Waypoints = 16;

    // How much larger the obstacle and smaller the goal is to the demonstrator's eye, in metres.
    private const double Margin = 0.03;

    // Standard deviation of a demonstrator's aim at each knot of the path, in metres.
    private const double Tremor = 0.006;

    /// <summary>Draws valid demonstrations.</summary>
    /// <param name="table">The scene; its first obstacle is the one to pass.</param>
    /// <param name="count">How many.</param>
    /// <param name="random">Where the variety comes from.</param>
    /// <param name="waypoints">Waypoints of each, equally far apart along the path.</param>
    /// <returns>[count, 2 · waypoints], float32, in metres: x₁, y₁, x₂, y₂, …</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is too small.</exception>
    /// <exception cref="InvalidOperationException">Fewer than one plan in twenty is valid: the scene is too narrow for this planner.</exception>
    public static Tensor Generate(PushTable table, int count, Random random, int waypoints = Waypoints)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(waypoints, 4);
        var rows = new float[count * 2 * waypoints];
        PushTable strict = table with
        {
            Obstacles = [.. table.Obstacles.Select(obstacle => obstacle with { Radius = obstacle.Radius + Margin })],
            Goal = table.Goal with { Radius = Math.Max(table.Goal.Radius - Margin, table.Goal.Radius / 2) },
        };
        int valid = 0;
        for (int tried = 1; valid < count; tried++)
        {
            Vec2[] path = Resample(Plan(table, random), waypoints);
            if (strict.Run(path).Outcome == PushOutcome.Reached)
            {
                for (int i = 0; i < waypoints; i++)
                {
                    rows[(valid * waypoints + i) * 2] = (float)path[i].X;
                    rows[(valid * waypoints + i) * 2 + 1] = (float)path[i].Y;
                }
                valid++;
            }
            if (tried >= 100 && valid < tried / 20)
            {
                throw new InvalidOperationException($"Of {tried} plans only {valid} were valid: the scene is too narrow for this planner.");
            }
        }
        return tensor(rows).reshape(count, 2 * waypoints);
    }

    /// <summary>The waypoints in one row of a tensor.</summary>
    /// <param name="trajectory">[2 · waypoints], in metres.</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public static Vec2[] Path(Tensor trajectory)
    {
        if (trajectory.dim() != 1 || trajectory.shape[0] % 2 != 0)
        {
            throw new ArgumentException($"trajectory has shape [{string.Join(", ", trajectory.shape)}], wanted [2 · waypoints].", nameof(trajectory));
        }
        using var scope = NewDisposeScope();
        double[] numbers = [.. trajectory.detach().to(ScalarType.Float64).contiguous().data<double>()];
        return [.. numbers.Chunk(2).Select(pair => new Vec2(pair[0], pair[1]))];
    }

    /// <summary>Runs every row on the table.</summary>
    /// <param name="table">The scene.</param>
    /// <param name="trajectories">[n, 2 · waypoints], in metres.</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public static PushRecord[] Judge(PushTable table, Tensor trajectories)
    {
        ShapeCheck.Require(trajectories, nameof(trajectories), -1, -1);
        using var scope = NewDisposeScope();
        return [.. Enumerable.Range(0, (int)trajectories.shape[0]).Select(i => table.Run(Path(trajectories[i])))];
    }

    // A smooth curve through a handful of random places.
    private static List<Vec2> Plan(PushTable table, Random random)
    {
        double Between(double low, double high) => low + (high - low) * random.NextDouble();
        Disc thing = table.Object, obstacle = table.Obstacles[0];
        double Aim() => Tremor * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        Vec2 start = new(Between(0.07, 0.13), Between(0.25, 0.75));
        Vec2 behind = thing.Centre - new Vec2(table.PalmRadius + thing.Radius + 0.045, 0);
        double side = random.NextDouble() < 0.5 ? 1 : -1;
        double clearance = obstacle.Radius + table.FingerSpread + table.FingerRadius + Between(0.04, 0.15);
        Vec2 beside = obstacle.Centre + new Vec2(Between(-0.03, 0.03), side * clearance);
        Vec2 arrival = new Vec2(1, -side * Between(0.6, 1.1)).Unit;
        Vec2 end = table.Goal.Centre - (table.PalmRadius + thing.Radius) * arrival;
        Vec2 contact = thing.Centre + 0.02 * new Vec2(1, side * 0.4);
        Vec2[] knots = [start, behind, contact, 0.5 * (contact + beside) + new Vec2(-0.02, side * 0.04), beside, 0.5 * (beside + end) + new Vec2(0, side * 0.02), end];
        return Spline([.. knots.Select(knot => knot + new Vec2(Aim(), Aim()))], new Vec2(0.1, 0), 0.1 * arrival);
    }

    // Cubic Hermite pieces, each inner tangent parallel to the line between its neighbours (Catmull & Rom).
    private static List<Vec2> Spline(Vec2[] knots, Vec2 first, Vec2 last)
    {
        var tangents = new Vec2[knots.Length];
        (tangents[0], tangents[^1]) = (first, last);
        for (int i = 1; i < knots.Length - 1; i++)
        {
            tangents[i] = 0.5 * (knots[i + 1] - knots[i - 1]);
        }
        var curve = new List<Vec2> { knots[0] };
        for (int i = 0; i + 1 < knots.Length; i++)
        {
            for (int step = 1; step <= 24; step++)
            {
                double t = step / 24.0, t2 = t * t, t3 = t2 * t;
                curve.Add((2 * t3 - 3 * t2 + 1) * knots[i] + (t3 - 2 * t2 + t) * tangents[i]
                    + (3 * t2 - 2 * t3) * knots[i + 1] + (t3 - t2) * tangents[i + 1]);
            }
        }
        return curve;
    }

    private static Vec2[] Resample(List<Vec2> curve, int count)
    {
        var travelled = new double[curve.Count];
        for (int i = 1; i < curve.Count; i++)
        {
            travelled[i] = travelled[i - 1] + Vec2.Distance(curve[i - 1], curve[i]);
        }
        var places = new Vec2[count];
        int piece = 1;
        for (int i = 0; i < count; i++)
        {
            double at = travelled[^1] * i / (count - 1);
            while (piece < curve.Count - 1 && travelled[piece] < at)
            {
                piece++;
            }
            double part = (at - travelled[piece - 1]) / Math.Max(travelled[piece] - travelled[piece - 1], 1e-12);
            places[i] = curve[piece - 1] + Math.Clamp(part, 0, 1) * (curve[piece] - curve[piece - 1]);
        }
        return places;
    }
}
