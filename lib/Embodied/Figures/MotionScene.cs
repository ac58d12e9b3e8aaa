using Plotly.NET;

namespace Embodied.Figures;

/// <summary>The marks of mechanical systems in motion: a rod with its bob, a cart on a rail, a car seen from above.</summary>
public static class MotionScene
{
    /// <summary>A rod from a pivot and the bob at its end.</summary>
    /// <param name="x">The pivot, m.</param>
    /// <param name="y">The pivot, m.</param>
    /// <param name="theta">The angle from upright, to the right, rad.</param>
    /// <param name="length">m.</param>
    /// <param name="colour">A CSS colour.</param>
    /// <param name="name">The name in the legend; no entry when empty.</param>
    public static Trace[] Rod(double x, double y, double theta, double length, string colour, string name = "")
    {
        double[] xs = [x, x + length * Math.Sin(theta)], ys = [y, y + length * Math.Cos(theta)];
        return [Mark.Line(name, xs, ys, colour, 4), Mark.Points("", xs[1..], ys[1..], colour, 18)];
    }

    /// <summary>A cart whose axle is at (x, 0), with its rod.</summary>
    /// <param name="x">m.</param>
    /// <param name="theta">The rod's angle from upright, to the right, rad.</param>
    /// <param name="length">The rod's length, m.</param>
    /// <param name="colour">A CSS colour.</param>
    public static Trace[] CartPole(double x, double theta, double length, string colour)
    {
        const double w = 0.22, h = 0.09;
        double[] xs = [x - w, x + w, x + w, x - w, x - w], ys = [-h, -h, h, h, -h];
        return [Mark.Region("", xs, ys, Theme.Grey, 0.9), .. Rod(x, 0, theta, length, colour)];
    }

    /// <summary>A car seen from above: its outline with a windscreen that shows where it points.</summary>
    /// <param name="x">Its middle, m.</param>
    /// <param name="y">Its middle, m.</param>
    /// <param name="theta">Where it points, rad to the left of the first axis.</param>
    /// <param name="colour">A CSS colour.</param>
    /// <param name="length">m.</param>
    /// <param name="width">m.</param>
    /// <param name="name">The name in the legend; no entry when empty.</param>
    /// <param name="opacity">From 0 to 1.</param>
    public static Trace[] Car(
        double x, double y, double theta, string colour, double length = 4.4, double width = 1.8, string name = "", double opacity = 0.8)
    {
        double l = length / 2, w = width / 2, r = 0.35 * w;
        (double[] bx, double[] by) = Placed([l - r, l, l, l - r, -l + r, -l, -l, -l + r, l - r], [-w, -w + r, w - r, w, w, w - r, -w + r, -w, -w]);
        (double[] sx, double[] sy) = Placed([0.22 * l, 0.5 * l, 0.5 * l, 0.22 * l, 0.22 * l], [-0.72 * w, -0.82 * w, 0.82 * w, 0.72 * w, -0.72 * w]);
        return [Mark.Region(name, bx, by, colour, opacity), Mark.Region("", sx, sy, "#ffffff", 0.7 * opacity)];

        (double[] X, double[] Y) Placed(double[] ahead, double[] left)
        {
            double c = Math.Cos(theta), s = Math.Sin(theta);
            return ([.. ahead.Zip(left, (a, b) => x + a * c - b * s)], [.. ahead.Zip(left, (a, b) => y + a * s + b * c)]);
        }
    }

    /// <summary>The field of a two-dimensional system as short strokes, each from a point along its direction; a dot at its start.</summary>
    /// <param name="x">Where, along the first axis.</param>
    /// <param name="y">Where, along the second.</param>
    /// <param name="dx">The direction.</param>
    /// <param name="dy">The direction.</param>
    /// <param name="lengthX">The longest stroke along the first axis, in its unit.</param>
    /// <param name="lengthY">The longest stroke along the second.</param>
    /// <param name="colour">A CSS colour.</param>
    public static Trace[] Field(double[] x, double[] y, double[] dx, double[] dy, double lengthX, double lengthY, string colour)
    {
        var xs = new List<double>();
        var ys = new List<double>();
        for (int i = 0; i < x.Length; i++)
        {
            // All strokes about as long, as seen on the screen; slow places a little shorter.
            double speed = double.Hypot(dx[i] / lengthX, dy[i] / lengthY), scale = speed > 0 ? 1 / (speed + 0.4) : 0;
            xs.AddRange([x[i], x[i] + scale * dx[i], double.NaN]);
            ys.AddRange([y[i], y[i] + scale * dy[i], double.NaN]);
        }
        return [Mark.Line("", xs, ys, colour, 1.2, opacity: 0.7), Mark.Points("", x, y, colour, 3, opacity: 0.7)];
    }
}
