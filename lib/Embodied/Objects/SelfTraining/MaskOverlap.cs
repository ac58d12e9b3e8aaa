using static TorchSharp.torch;

namespace Embodied.Objects.SelfTraining;

/// <summary>Intersection over union of masks, image by image in one go; and what is left when near copies are struck out.</summary>
public static class MaskOverlap
{
    /// <summary>IoU of every mask with every other of the same image.</summary>
    /// <param name="first">Bool [n, P, H, W].</param>
    /// <param name="second">Bool [n, Q, H, W].</param>
    /// <returns>float32 [n, P, Q]; 0 where both are empty.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Of(Tensor first, Tensor second)
    {
        ShapeCheck.Require(first, nameof(first), -1, -1, -1, -1);
        ShapeCheck.Require(second, nameof(second), first.shape[0], -1, first.shape[2], first.shape[3]);
        using var scope = NewDisposeScope();
        Tensor a = first.to(float32).flatten(2), b = second.to(float32).flatten(2);
        Tensor both = a.bmm(b.transpose(1, 2));
        Tensor either = a.sum(2).unsqueeze(2) + b.sum(2).unsqueeze(1) - both;
        return (both / either.clamp_min(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Non-maximum suppression: from the best score down, a mask is kept unless it overlaps one that was kept by more than a threshold.</summary>
    /// <param name="masks">Bool [n, P, H, W], in each image with falling scores.</param>
    /// <param name="threshold">The largest IoU of two that are kept.</param>
    /// <returns>Whether each is kept, Bool [n, P].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Distinct(Tensor masks, double threshold)
    {
        using var scope = NewDisposeScope();
        Tensor near = Of(masks, masks).gt(threshold);
        Tensor kept = ones(masks.shape[0], masks.shape[1], dtype: ScalarType.Bool);
        for (int i = 1; i < masks.shape[1]; i++)
        {
            // Among those before it, which are settled.
            Tensor before = near.select(1, i).narrow(1, 0, i).logical_and(kept.narrow(1, 0, i));
            kept.select(1, i).copy_(before.any(1).logical_not());
        }
        return kept.MoveToOuterDisposeScope();
    }
}
