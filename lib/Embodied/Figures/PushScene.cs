using Embodied.Worlds;
using Plotly.NET;

namespace Embodied.Figures;

/// <summary>The marks of a <see cref="PushTable"/> seen from above.</summary>
public static class PushScene
{
    /// <summary>The horizontal axis of the table.</summary>
    public static Axis X { get; } = new("x (m)") { From = 0, To = 1, Ticks = [0, 0.5, 1] };

    /// <summary>The vertical axis of the table, at the same scale.</summary>
    public static Axis Y { get; } = new("y (m)") { From = 0, To = 1, Equal = true, Ticks = [0, 0.5, 1] };

    /// <summary>Obstacles, goal and the object where it lies at first.</summary>
    /// <param name="table">The scene.</param>
    /// <param name="thing">Whether to draw the object; an animation draws it where it moves.</param>
    public static Trace[] Marks(PushTable table, bool thing = true) =>
    [
        .. table.Obstacles.Select((obstacle, i) => Disc(i == 0 ? "obstacle" : "", obstacle, Theme.Vermilion, 0.55)),
        Disc("goal", table.Goal, Theme.Green, 0.4),
        .. thing ? [Disc("object", table.Object, Theme.Blue, 0.8)] : Array.Empty<Trace>(),
    ];

    /// <summary>The object at a place.</summary>
    public static Trace Object(PushTable table, Vec2 at, string name = "object") => Disc(name, table.Object with { Centre = at }, Theme.Blue, 0.8);

    /// <summary>The hand: palm, fingers and fingertips as one outline.</summary>
    /// <param name="table">The scene, for the hand's measures.</param>
    /// <param name="at">The palm's centre.</param>
    /// <param name="heading">Where the fingers point, of length 1.</param>
    /// <param name="name">The name in the legend.</param>
    public static Trace Hand(PushTable table, Vec2 at, Vec2 heading, string name = "hand")
    {
        Vec2 left = heading.Left;
        double r = table.FingerRadius, inner = table.FingerSpread - r, outer = table.FingerSpread + r, reach = table.FingerReach, palm = table.PalmRadius;
        var outline = new List<Vec2>();
        // From the left fingertip round the back of the palm to the right one, and back inside.
        Fingertip(table.FingerSpread);
        outline.Add(at - 0.6 * palm * heading + outer * left);
        outline.Add(at - palm * heading + 0.5 * outer * left);
        outline.Add(at - palm * heading - 0.5 * outer * left);
        outline.Add(at - 0.6 * palm * heading - outer * left);
        Fingertip(-table.FingerSpread);
        outline.Add(at + 0.4 * palm * heading - inner * left);
        outline.Add(at + palm * heading - 0.4 * palm * left);
        outline.Add(at + palm * heading + 0.4 * palm * left);
        outline.Add(at + 0.4 * palm * heading + inner * left);
        outline.Add(outline[0]);
        return Mark.Region(name, Xs(outline), Ys(outline), Theme.Grey, 0.85);

        // Half a circle over the tip, from right to left.
        void Fingertip(double spread)
        {
            for (int i = 0; i <= 6; i++)
            {
                double angle = Math.PI * i / 6;
                outline.Add(at + (reach + r * Math.Sin(angle)) * heading + (spread - r * Math.Cos(angle)) * left);
            }
        }
    }

    /// <summary>The way of the palm.</summary>
    /// <param name="path">Places in order.</param>
    /// <param name="name">The name in the legend.</param>
    /// <param name="colour">A CSS colour.</param>
    /// <param name="opacity">From 0 to 1.</param>
    /// <param name="width">In CSS pixels.</param>
    /// <param name="points">Whether each place is marked.</param>
    public static Trace Path(IReadOnlyList<Vec2> path, string name, string colour, double opacity = 0.5, double width = 1.2, bool points = false) =>
        Mark.Line(name, Xs(path), Ys(path), colour, width, opacity: opacity, points: points);

    /// <summary>Many ways as one mark, with gaps between them: one entry in the legend, and a light page.</summary>
    /// <param name="paths">The ways.</param>
    /// <param name="name">The name in the legend.</param>
    /// <param name="colour">A CSS colour.</param>
    /// <param name="opacity">From 0 to 1.</param>
    /// <param name="width">In CSS pixels.</param>
    public static Trace Paths(IEnumerable<IReadOnlyList<Vec2>> paths, string name, string colour, double opacity = 0.5, double width = 1.2) =>
        Path([.. paths.SelectMany(path => path.Append(new Vec2(double.NaN, double.NaN)))], name, colour, opacity, width);

    private static Trace Disc(string name, Disc disc, string colour, double opacity)
    {
        Vec2[] edge = [.. Enumerable.Range(0, 49).Select(i => disc.Centre + disc.Radius * new Vec2(Math.Cos(i * Math.PI / 24), Math.Sin(i * Math.PI / 24)))];
        return Mark.Region(name, Xs(edge), Ys(edge), colour, opacity);
    }

    private static double[] Xs(IEnumerable<Vec2> path) => [.. path.Select(p => p.X)];

    private static double[] Ys(IEnumerable<Vec2> path) => [.. path.Select(p => p.Y)];
}
