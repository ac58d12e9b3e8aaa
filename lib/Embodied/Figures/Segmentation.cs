using Embodied.Objects;
using Plotly.NET;
using static TorchSharp.torch;

namespace Embodied.Figures;

/// <summary>Draws segments of images, and graphs.</summary>
public static class Segmentation
{
    /// <summary>An image with the borders between segments drawn on it: bright lines with a dark rim, to stand out from any colour.</summary>
    /// <param name="image">[1, h, w] or [3, h, w], from 0 to 1.</param>
    /// <param name="labels">The segment of each pixel, row by row, length h·w.</param>
    /// <param name="scale">How many pixels a side each pixel becomes, so that lines are thinner than pixels.</param>
    /// <param name="colour">The lines' red, green and blue, from 0 to 1; a bright cyan, rare in photographs, when null.</param>
    /// <param name="rim">The red, green and blue of the rim on either side of a line; nearly black when null.</param>
    /// <returns>[3, h·scale, w·scale].</returns>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static Tensor Outlined(Tensor image, int[] labels, int scale = 6, double[]? colour = null, double[]? rim = null)
    {
        (int h, int w) = Check(image, labels);
        using var scope = NewDisposeScope();
        Tensor enlarged = image.expand(3, h, w).repeat_interleave(scale, 1).repeat_interleave(scale, 2).contiguous();
        Tensor segments = tensor(labels).reshape(1, h, w).repeat_interleave(scale, 1).repeat_interleave(scale, 2);
        Tensor border = zeros_like(segments, dtype: ScalarType.Bool);
        foreach ((int dim, long length) in (ReadOnlySpan<(int, long)>)[(1, (long)h * scale), (2, (long)w * scale)])
        {
            Tensor differs = segments.narrow(dim, 1, length - 1).ne(segments.narrow(dim, 0, length - 1));
            border.narrow(dim, 1, length - 1).logical_or_(differs);
            border.narrow(dim, 0, length - 1).logical_or_(differs);
        }
        Tensor beside = nn.functional.max_pool2d(border.to(float32).unsqueeze(0), 3, 1, 1).squeeze(0) > 0;
        Tensor Ink(double[] rgb) => tensor(rgb, dtype: enlarged.dtype).reshape(3, 1, 1);
        Tensor rimmed = where(beside, Ink(rim ?? [0.03, 0.06, 0.1]), enlarged);
        return where(border, Ink(colour ?? [0.25, 0.95, 1]), rimmed).MoveToOuterDisposeScope();
    }

    /// <summary>An image in which every pixel has its segment's mean colour.</summary>
    /// <param name="image">[1, h, w] or [3, h, w], from 0 to 1.</param>
    /// <param name="labels">The segment of each pixel, row by row, length h·w.</param>
    /// <returns>The shape of <paramref name="image"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static Tensor MeanColours(Tensor image, int[] labels)
    {
        Check(image, labels);
        using var scope = NewDisposeScope();
        Tensor pixels = image.flatten(1), index = tensor(labels).to(int64);
        Tensor sums = zeros([image.shape[0], labels.Max() + 1], dtype: image.dtype).index_add_(1, index, pixels, 1);
        Tensor counts = zeros([labels.Max() + 1], dtype: image.dtype).index_add_(0, index, ones(labels.Length, dtype: image.dtype), 1);
        return (sums / counts).index_select(1, index).reshape(image.shape).MoveToOuterDisposeScope();
    }

    /// <summary>The edges of a graph whose nodes lie in the plane, the stronger the wider.</summary>
    /// <param name="w">The affinity.</param>
    /// <param name="x">The nodes' horizontal positions.</param>
    /// <param name="y">The nodes' vertical positions.</param>
    /// <param name="inA">Draws the edges between A and the rest in vermilion and dashed; null: all alike.</param>
    /// <param name="least">Edges weaker than this are left out.</param>
    /// <param name="widest">The width, in CSS pixels, of an edge of weight 1.</param>
    public static Trace[] Edges(ISymmetricOperator w, double[] x, double[] y, bool[]? inA = null, double least = 0.02, double widest = 6)
    {
        const int Widths = 6;
        Dictionary<(int Width, bool Cut), (List<double> X, List<double> Y)> lines = [];
        double[] e = new double[w.Size], row = new double[w.Size];
        for (int i = 0; i < w.Size; i++)
        {
            Array.Clear(e);
            e[i] = 1;
            w.Apply(e, row);
            for (int j = i + 1; j < w.Size; j++)
            {
                if (row[j] >= least)
                {
                    (int, bool) kind = ((int)Math.Ceiling(Math.Min(1, row[j]) * Widths), inA is not null && inA[i] != inA[j]);
                    if (!lines.TryGetValue(kind, out (List<double> X, List<double> Y) line))
                    {
                        lines[kind] = line = ([], []);
                    }
                    line.X.AddRange([x[i], x[j], double.NaN]);
                    line.Y.AddRange([y[i], y[j], double.NaN]);
                }
            }
        }
        return [.. lines.OrderBy(line => line.Key).Select(line => Mark.Line(
            "", line.Value.X, line.Value.Y, line.Key.Cut ? Theme.Vermilion : Theme.Grey, widest * line.Key.Width / Widths,
            line.Key.Cut ? "dot" : "solid", opacity: line.Key.Cut ? 0.9 : 0.55))];
    }

    private static (int Height, int Width) Check(Tensor image, int[] labels)
    {
        if (image.dim() != 3 || image.shape[0] is not (1 or 3))
        {
            throw new ArgumentException($"The image has shape [{string.Join(", ", image.shape)}]; [1, h, w] or [3, h, w] is wanted.", nameof(image));
        }
        return image.shape[1] * image.shape[2] == labels.Length
            ? ((int)image.shape[1], (int)image.shape[2])
            : throw new ArgumentException($"There are {labels.Length} labels for {image.shape[1] * image.shape[2]} pixels.", nameof(labels));
    }
}
