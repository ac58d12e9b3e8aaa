using System.Text.Json.Nodes;
using Embodied.Figures;
using Plotly.NET;

namespace Embodied.Tests;

public class MotionSceneTests
{
    // What a figure of these marks draws: x and y of each, which it rounds to seven digits.
    private static (double[] X, double[] Y)[] Drawn(Trace[] marks)
    {
        JsonArray data = JsonNode.Parse(GenericChart.toJson(Plot.Of("Motion", "x (m)", "y (m)", marks)))!["data"]!.AsArray();
        return [.. data.Select(trace => (Numbers(trace!["x"]!), Numbers(trace["y"]!)))];

        static double[] Numbers(JsonNode list) => [.. list.AsArray().Select(x => x is null || !double.TryParse(x.ToString(), out double number) ? double.NaN : number)];
    }

    [Fact]
    public void A_rod_leans_to_the_right_by_its_angle_from_upright()
    {
        (double[] X, double[] Y)[] rod = Drawn(MotionScene.Rod(1, 2, Math.PI / 6, 0.5, Theme.Blue));
        Assert.Equal([1, 1.25], rod[0].X.Select(x => Math.Round(x, 5)));
        Assert.Equal([2, Math.Round(2 + 0.5 * Math.Cos(Math.PI / 6), 5)], rod[0].Y.Select(y => Math.Round(y, 5)));
        Assert.Equal((rod[0].X[1], rod[0].Y[1]), (rod[1].X[0], rod[1].Y[0]));
    }

    [Fact]
    public void A_cart_carries_its_rod_along()
    {
        (double[] X, double[] Y)[] here = Drawn(MotionScene.CartPole(0, 0.4, 0.5, Theme.Blue)), there = Drawn(MotionScene.CartPole(3, 0.4, 0.5, Theme.Blue));
        Assert.Equal(3, here.Length);
        foreach (((double[] x, double[] y), (double[] movedX, double[] movedY)) in here.Zip(there))
        {
            Assert.All(x.Zip(movedX), pair => Assert.Equal(3, pair.Second - pair.First, 5));
            Assert.Equal(y, movedY);
        }
        Assert.Equal(0, here[0].X.Distinct().Average(), 5);
    }

    [Fact]
    public void A_car_is_as_long_and_as_wide_as_it_is_told_whichever_way_it_points_and_its_windscreen_is_in_front()
    {
        foreach (double theta in (double[])[0, 0.7, 2.5, -1.2])
        {
            (double[] X, double[] Y)[] car = Drawn(MotionScene.Car(2, -1, theta, Theme.Blue, 4, 2));
            (double c, double s) = (Math.Cos(theta), Math.Sin(theta));
            double[] ahead = [.. car[0].X.Zip(car[0].Y, (x, y) => (x - 2) * c + (y + 1) * s)], left = [.. car[0].X.Zip(car[0].Y, (x, y) => -(x - 2) * s + (y + 1) * c)];
            Assert.Equal((-2.0, 2.0), (Math.Round(ahead.Min(), 5), Math.Round(ahead.Max(), 5)));
            Assert.Equal((-1.0, 1.0), (Math.Round(left.Min(), 5), Math.Round(left.Max(), 5)));
            Assert.All(car[1].X.Zip(car[1].Y), at => Assert.InRange((at.First - 2) * c + (at.Second + 1) * s, 0, 2));
        }
    }

    [Fact]
    public void Strokes_of_a_field_begin_at_their_points_and_run_along_it_and_where_nothing_moves_there_is_a_dot()
    {
        (double[] X, double[] Y)[] field = Drawn(MotionScene.Field([0, 5, 9], [1, 1, 1], [2, 0, 0], [0, -8, 0], 0.5, 0.25, Theme.Blue));
        Assert.Equal([0, 5, 9], [field[0].X[0], field[0].X[3], field[0].X[6]]);
        Assert.InRange(field[0].X[1], 0.01, 0.5);
        Assert.Equal((5.0, 1.0), (field[0].X[4], field[0].Y[0]));
        Assert.InRange(1 - field[0].Y[4], 0.01, 0.25);
        Assert.Equal((9.0, 1.0), (field[0].X[7], field[0].Y[7]));
        Assert.Equal([0, 5, 9], field[1].X);
    }
}
