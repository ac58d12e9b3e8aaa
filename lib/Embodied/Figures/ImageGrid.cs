using Plotly.NET;
using SkiaSharp;
using static TorchSharp.torch;

namespace Embodied.Figures;

/// <summary>Many small images in rows, drawn pixel by pixel.</summary>
public static class ImageGrid
{
    /// <summary>Lays images out in rows.</summary>
    /// <param name="title">The finding that the figure shows, as a sentence.</param>
    /// <param name="images">[n, h, w] or [n, 1, h, w] grey, [n, 3, h, w] RGB, [n, 4, h, w] RGBA.</param>
    /// <param name="columns">The number of images in a row.</param>
    /// <param name="captions">A short text above each image; none when null.</param>
    /// <param name="map">Colours for grey images.</param>
    /// <param name="low">The value drawn as black or the map's low end; 0 when null.</param>
    /// <param name="high">The value drawn as white or the map's high end; 1 when null.</param>
    /// <param name="legend">The title of a colour bar for grey images; no bar when null.</param>
    /// <param name="rowTitles">A text to the left of each row; none when null.</param>
    /// <exception cref="ArgumentException">The images have another shape, or the captions another number.</exception>
    public static GenericChart Of(
        string title, Tensor images, int columns, string[]? captions = null, ColourMap? map = null, double? low = null, double? high = null,
        string? legend = null, string[]? rowTitles = null)
    {
        using var scope = NewDisposeScope();
        Tensor stack = images.dim() == 3 ? images.unsqueeze(1) : images;
        if (stack.dim() != 4 || stack.shape[1] is not (1 or 3 or 4) || stack.shape[0] == 0)
        {
            throw new ArgumentException(
                $"images has shape [{string.Join(", ", images.shape)}], wanted [n, h, w], [n, 1, h, w], [n, 3, h, w] or [n, 4, h, w] with n ≥ 1.", nameof(images));
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        int n = (int)stack.shape[0], height = (int)stack.shape[2], width = (int)stack.shape[3];
        if (captions is not null && captions.Length != n)
        {
            throw new ArgumentException($"There are {captions.Length} captions for {n} images.", nameof(captions));
        }
        columns = Math.Min(columns, n);
        int rows = (n + columns - 1) / columns;
        double from = low ?? 0, to = high ?? 1;
        stack = (stack.to(ScalarType.Float32) - from) / Math.Max(to - from, 1e-12);

        // One bitmap for all: a page with hundreds of small image elements is slow.
        int gap = Math.Max(1, (int)Math.Round(width * 0.06));
        bool captioned = captions is { Length: > 0 };
        double scale = (Theme.Width - 40.0 - (rowTitles is null ? 0 : 90) - (legend is null ? 0 : 70)) / (columns * (width + gap));
        scale = Math.Min(scale, 200.0 / width * Math.Max(1, 4.0 / columns));
        int captionRows = captioned ? (int)Math.Ceiling(18 / scale) : 0;
        int cellHeight = height + gap + captionRows;
        using var sheet = new SKBitmap(new SKImageInfo(columns * (width + gap) - gap, rows * cellHeight - gap, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        sheet.Erase(SKColors.Transparent);
        var texts = new List<Dictionary<string, object>>();
        using (var canvas = new SKCanvas(sheet))
        {
            for (int i = 0; i < n; i++)
            {
                int left = i % columns * (width + gap), top = i / columns * cellHeight + captionRows;
                using SKBitmap bitmap = Bitmaps.From(stack[i], map);
                canvas.DrawBitmap(bitmap, left, top);
                if (captioned)
                {
                    texts.Add(Layouts.Caption(captions![i], left + width / 2.0, top, "data", 11.5));
                }
            }
        }
        for (int r = 0; r < rowTitles?.Length; r++)
        {
            Dictionary<string, object> text = Layouts.Caption(rowTitles[r], -gap, r * cellHeight + captionRows + height / 2.0, "data");
            (text["xanchor"], text["yanchor"]) = ("right", "middle");
            // Plotly hides what is anchored outside the axis's range, so the text hangs on the edge of its domain.
            (text["xref"], text["x"], text["xshift"]) = ("x domain", 0, -6);
            texts.Add(text);
        }

        var marks = new List<Trace> { Sheet(sheet) };
        if (legend is not null)
        {
            marks.Add(Scale(map ?? ColourMap.Grey, from, to, legend));
        }
        int tall = (int)Math.Ceiling(Layouts.TitleHeight(title) + 24 + rows * cellHeight * scale);
        Layout layout = Layouts.Base(title, tall, []);
        layout.SetProperty("xaxis", Edge(0, sheet.Width, null));
        layout.SetProperty("yaxis", Edge(sheet.Height, 0, "x"));
        layout.SetProperty("annotations", texts);
        layout.SetProperty("margin", new Dictionary<string, object>
        {
            ["l"] = rowTitles is null ? 8 : 98, ["r"] = legend is null ? 8 : 78, ["t"] = Layouts.TitleHeight(title), ["b"] = 16,
        });
        return Layouts.Chart([.. marks], layout);
    }

    private static Trace Sheet(SKBitmap sheet)
    {
        var trace = new Trace("image");
        trace.SetProperty("source", Bitmaps.DataUri(sheet));
        trace.SetProperty("x0", 0.5);
        trace.SetProperty("y0", 0.5);
        trace.SetProperty("colormodel", "rgba");
        trace.SetProperty("zsmooth", false);
        trace.SetProperty("hoverinfo", "skip");
        return trace;
    }

    private static Trace Scale(ColourMap map, double low, double high, string legend)
    {
        var trace = new Trace("scatter");
        trace.SetProperty("x", new double?[] { null });
        trace.SetProperty("y", new double?[] { null });
        trace.SetProperty("mode", "markers");
        trace.SetProperty("showlegend", false);
        trace.SetProperty("marker", Mark.Bare(
            ("colorscale", map.PlotlyScale()), ("cmin", low), ("cmax", high), ("color", new[] { low }), ("showscale", true),
            ("colorbar", Mark.ColourBar(legend))));
        return trace;
    }

    private static Dictionary<string, object> Edge(double from, double to, string? anchor)
    {
        Dictionary<string, object> axis = (Axis.None with { From = from, To = to }).ToPlotly(true, anchor);
        axis["automargin"] = false;
        return axis;
    }
}
