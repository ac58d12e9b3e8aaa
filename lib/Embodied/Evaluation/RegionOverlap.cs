using static TorchSharp.torch;

namespace Embodied.Evaluation;

/// <summary>Intersection over union of regions, |A ∩ B| / |A ∪ B|: 1 for equal ones, 0 for ones that do not touch.</summary>
public static class RegionOverlap
{
    /// <summary>IoU of every mask with every other.</summary>
    /// <param name="first">Masks, Bool [m, H, W].</param>
    /// <param name="second">Masks of the same size, Bool [n, H, W].</param>
    /// <returns>[m, n]; 0 where both are empty.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static double[,] OfMasks(Tensor first, Tensor second)
    {
        ShapeCheck.Require(first, nameof(first), -1, -1, -1);
        ShapeCheck.Require(second, nameof(second), -1, first.shape[1], first.shape[2]);
        using var scope = NewDisposeScope();
        Tensor a = first.to(float32).flatten(1), b = second.to(float32).flatten(1);
        Tensor both = a.mm(b.t());
        Tensor either = a.sum(1, keepdim: true) + b.sum(1).unsqueeze(0) - both;
        return Table((both / either.clamp_min(1)).to(float64));
    }

    /// <summary>IoU of every box with every other.</summary>
    /// <param name="first">Boxes (x₀, y₀, x₁, y₁) in pixels, x₁ and y₁ exclusive, [m, 4].</param>
    /// <param name="second">Boxes, [n, 4].</param>
    /// <returns>[m, n]; 0 where both are empty.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static double[,] OfBoxes(Tensor first, Tensor second)
    {
        ShapeCheck.Require(first, nameof(first), -1, 4);
        ShapeCheck.Require(second, nameof(second), -1, 4);
        using var scope = NewDisposeScope();
        Tensor a = first.to(float64).unsqueeze(1), b = second.to(float64).unsqueeze(0);
        Tensor Area(Tensor box) => (box[.., .., 2..] - box[.., .., ..2]).clamp_min(0).prod(2);
        Tensor both = (minimum(a[.., .., 2..], b[.., .., 2..]) - maximum(a[.., .., ..2], b[.., .., ..2])).clamp_min(0).prod(2);
        Tensor either = Area(a) + Area(b) - both;
        return Table(where(either > 0, both / either.clamp_min(1e-300), zeros_like(both)));
    }

    /// <summary>The smallest box around each mask.</summary>
    /// <param name="masks">Bool [n, H, W].</param>
    /// <returns>(x₀, y₀, x₁, y₁) in pixels, x₁ and y₁ exclusive, Int64 [n, 4]; zeros for an empty mask.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public static Tensor BoxesOf(Tensor masks)
    {
        ShapeCheck.Require(masks, nameof(masks), -1, -1, -1);
        using var scope = NewDisposeScope();
        (Tensor From, Tensor To) Extent(Tensor there) // [n, length]
        {
            Tensor whole = there.to(int64);
            return (whole.argmax(1), there.shape[1] - whole.flip(1).argmax(1));
        }
        (Tensor x0, Tensor x1) = Extent(masks.any(1));
        (Tensor y0, Tensor y1) = Extent(masks.any(2));
        Tensor filled = masks.flatten(1).any(1).unsqueeze(1);
        return (stack([x0, y0, x1, y1], 1) * filled).MoveToOuterDisposeScope();
    }

    private static double[,] Table(Tensor values)
    {
        double[,] table = new double[values.shape[0], values.shape[1]];
        if (table.Length > 0)
        {
            Buffer.BlockCopy(values.contiguous().data<double>().ToArray(), 0, table, 0, table.Length * sizeof(double));
        }
        return table;
    }
}
