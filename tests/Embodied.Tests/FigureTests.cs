using System.Text.Json.Nodes;
using Embodied.Figures;
using Plotly.NET;
using SkiaSharp;
using static TorchSharp.torch;

namespace Embodied.Tests;

public class FigureTests
{
    private static JsonObject Json(GenericChart chart) => JsonNode.Parse(GenericChart.toJson(chart))!.AsObject();

    [Fact]
    public void Values_keep_seven_significant_digits_and_leave_gaps_for_what_is_not_finite()
    {
        Values values = new[] { 0.123456789, 1.23456789e-12, double.NaN, double.PositiveInfinity, 0, -123456789.0 };
        Assert.Equal([0.1234568, 1.234568e-12, null, null, 0, -123456800], values.Items);
    }

    [Fact]
    public void A_tensor_of_another_rank_than_one_is_no_axis()
    {
        Assert.Contains("[2, 3]", Assert.Throws<ArgumentException>(() => { Values _ = zeros(2, 3); }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_with_fewer_heights_than_positions_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Mark.Line("a", new double[] { 1, 2 }, new double[] { 1 }));
    }

    [Fact]
    public void Long_titles_wrap_and_push_the_plot_down()
    {
        string title = string.Join(' ', Enumerable.Repeat("finding", 20));
        JsonObject layout = Json(Plot.Of(title, "x", "y", Mark.Line("", new double[] { 0 }, new double[] { 0 })))["layout"]!.AsObject();
        JsonObject flat = Json(Plot.Of("finding", "x", "y", Mark.Line("", new double[] { 0 }, new double[] { 0 })))["layout"]!.AsObject();
        Assert.Contains("<br>", (string)layout["title"]!["text"]!, StringComparison.Ordinal);
        Assert.True((int)layout["margin"]!["t"]! > (int)flat["margin"]!["t"]!);
    }

    [Fact]
    public void An_image_grid_puts_every_pixel_where_it_belongs()
    {
        Tensor images = zeros(3, 3, 4, 5);
        images[1, 0, 2, 3] = 1; // the second image, red channel, row 2, column 3
        JsonNode trace = Json(ImageGrid.Of("t", images, columns: 3))["data"]![0]!;
        using SKBitmap sheet = SKBitmap.Decode(Convert.FromBase64String(((string)trace["source"]!).Split(',')[1]));
        int gap = (sheet.Width - 15) / 2;
        Assert.Equal(new SKColor(255, 0, 0), sheet.GetPixel(5 + gap + 3, 2));
        Assert.Equal(new SKColor(0, 0, 0), sheet.GetPixel(5 + gap + 2, 2));
        Assert.Equal(0, sheet.GetPixel(5, 0).Alpha);
    }

    [Fact]
    public void Scaled_values_run_from_the_low_to_the_high_end_of_the_map()
    {
        using SKBitmap bitmap = Bitmaps.From(tensor(new float[,] { { 0, 1 } }), ColourMap.Viridis);
        Assert.Equal(new SKColor(0x44, 0x01, 0x54), bitmap.GetPixel(0, 0));
        Assert.Equal(new SKColor(0xfd, 0xe7, 0x25), bitmap.GetPixel(1, 0));
    }

    [Fact]
    public void The_same_name_has_the_same_colour_and_one_legend_entry_in_all_panels()
    {
        double[] x = [0, 1];
        GenericChart chart = SmallMultiples.Of("t", 2,
            new Panel("1", "x", "y", Mark.Line("a", x, x), Mark.Line("b", x, x)),
            new Panel("2", "x", "y", Mark.Line("b", x, x)));
        JsonArray data = Json(chart)["data"]!.AsArray();
        Assert.Equal((string)data[1]!["line"]!["color"]!, (string)data[2]!["line"]!["color"]!);
        Assert.NotEqual((string)data[0]!["line"]!["color"]!, (string)data[1]!["line"]!["color"]!);
        Assert.True((bool)data[1]!["showlegend"]!);
        Assert.False((bool)data[2]!["showlegend"]!);
    }

    [Fact]
    public void An_animation_has_a_frame_and_a_slider_step_for_every_moment()
    {
        AnimationFrame[] frames = [.. Enumerable.Range(0, 5).Select(t => new AnimationFrame($"{t}", Mark.Points("s", new double[] { t }, new double[] { t })))];
        JsonObject json = Animation.Of("t", "x", "y", "step", [Mark.Line("", new double[] { 0, 4 }, new double[] { 0, 4 })], frames).ToJson();
        Assert.Equal(5, json["frames"]!.AsArray().Count);
        Assert.Equal(5, json["layout"]!["sliders"]![0]!["steps"]!.AsArray().Count);
        Assert.All(json["frames"]!.AsArray(), frame => Assert.Equal(1, (int)frame!["traces"]![0]!));
        Assert.Equal(3.0, (double)json["frames"]![3]!["data"]![0]!["x"]![0]!);
    }

    [Fact]
    public void Frames_with_different_numbers_of_marks_are_refused()
    {
        Trace mark = Mark.Points("s", new double[] { 0 }, new double[] { 0 });
        Assert.Throws<ArgumentException>(() => Animation.Of("t", "x", "y", "step", [], [new AnimationFrame("0", mark), new AnimationFrame("1", mark, mark)]));
    }
}
