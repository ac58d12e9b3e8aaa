using System.Text.Json.Nodes;
using Embodied.Figures;
using Embodied.Objects;
using Plotly.NET;
using static TorchSharp.torch;

namespace Embodied.Tests;

public sealed class SegmentationFigureTests
{
    // Two rows of three pixels, the right column another segment.
    private static readonly int[] RightColumn = [0, 0, 1, 0, 0, 1];

    [Fact]
    public void Outlines_run_between_segments_and_leave_the_rest_of_the_picture_alone()
    {
        using var scope = NewDisposeScope();
        Tensor image = full([3, 2, 3], 0.5);
        Tensor drawn = Segmentation.Outlined(image, RightColumn, scale: 6, colour: [1, 0, 0], rim: [0, 0, 1]);
        Assert.Equal([3, 12, 18], drawn.shape);
        float[] Pixel(int x) => [.. Enumerable.Range(0, 3).Select(c => drawn[c, 5, x].item<float>())];
        Assert.All([11, 12], x => Assert.Equal([1, 0, 0], Pixel(x)));
        Assert.All([10, 13], x => Assert.Equal([0, 0, 1], Pixel(x)));
        Assert.All([0, 5, 6, 9, 14, 17], x => Assert.Equal([0.5f, 0.5f, 0.5f], Pixel(x)));
    }

    [Fact]
    public void One_segment_has_no_outline()
    {
        using var scope = NewDisposeScope();
        Tensor grey = rand([1, 3, 4], generator: new Generator(1));
        Tensor drawn = Segmentation.Outlined(grey, new int[12], scale: 2);
        Assert.True(drawn.equal(grey.expand(3, 3, 4).repeat_interleave(2, 1).repeat_interleave(2, 2)).all().item<bool>());
    }

    [Fact]
    public void Outlines_stand_out_from_every_colour()
    {
        // Whatever is below, the line or its rim differs from it in brightness by a third of the whole range.
        using var scope = NewDisposeScope();
        foreach (double[] below in (double[][])[[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [0.7, 0.2, 0.05], [0.75, 0.5, 0.3], [0, 1, 1]])
        {
            Tensor drawn = Segmentation.Outlined(tensor(below, dtype: float32).reshape(3, 1, 1).expand(3, 2, 3), RightColumn, scale: 6);
            double Brightness(int x) => 0.299 * drawn[0, 5, x].item<float>() + 0.587 * drawn[1, 5, x].item<float>() + 0.114 * drawn[2, 5, x].item<float>();
            Assert.True(Math.Max(Math.Abs(Brightness(11) - Brightness(3)), Math.Abs(Brightness(10) - Brightness(3))) >= 1 / 3.0);
        }
    }

    [Fact]
    public void Mean_colours_are_the_means_of_their_segments()
    {
        using var scope = NewDisposeScope();
        Tensor image = arange(6, dtype: float64).reshape(1, 2, 3) / 6;
        Tensor mean = Segmentation.MeanColours(image, RightColumn);
        double left = (0 + 1 + 3 + 4) / 4.0 / 6, right = (2 + 5) / 2.0 / 6;
        double[] wanted = [left, left, right, left, left, right];
        Assert.All(Enumerable.Range(0, 6), i => Assert.Equal(wanted[i], mean[0, i / 3, i % 3].item<double>(), 1e-12));
    }

    [Fact]
    public void Every_edge_is_drawn_once_and_cut_edges_are_dotted()
    {
        DenseAffinity square = new(new double[,] { { 0, 1, 0, 0.5 }, { 1, 0, 1, 0 }, { 0, 1, 0, 0.01 }, { 0.5, 0, 0.01, 0 } });
        double[] x = [0, 1, 1, 0], y = [0, 0, 1, 1];
        JsonArray whole = Drawn(Segmentation.Edges(square, x, y, least: 0.02));
        Assert.Equal(3, whole.Sum(Segments));
        JsonArray cut = Drawn(Segmentation.Edges(square, x, y, inA: [true, true, false, false], least: 0.02));
        Assert.Equal(2, cut.Where(Dotted).Sum(Segments));
        Assert.Equal(1, cut.Where(line => !Dotted(line)).Sum(Segments));

        static JsonArray Drawn(Trace[] edges) => JsonNode.Parse(GenericChart.toJson(Plot.Of("Edges", "x", "y", edges)))!["data"]!.AsArray();
        static int Segments(JsonNode? line) => line!["x"]!.AsArray().Count(value => value is null);
        static bool Dotted(JsonNode? line) => (string?)line!["line"]!["dash"] == "dot";
    }

    [Fact]
    public void Wrong_input_is_named()
    {
        using Tensor image = ones(3, 2, 3), flat = ones(2, 3);
        Assert.Contains("4 labels for 6 pixels", Assert.Throws<ArgumentException>(() => Segmentation.Outlined(image, new int[4])).Message, StringComparison.Ordinal);
        Assert.Contains("[2, 3]", Assert.Throws<ArgumentException>(() => Segmentation.MeanColours(flat, RightColumn)).Message, StringComparison.Ordinal);
    }
}
