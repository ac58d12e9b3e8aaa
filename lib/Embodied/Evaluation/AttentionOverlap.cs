using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Evaluation;

/// <summary>
/// How well the attention of each head covers the object of an image: IoU of the patches that are kept with those that the object fills, averaged over images.
/// Kept are those that hold a share of the attention's mass, which asks the head how large the object is too, or as many as the object fills, which asks only where.
/// </summary>
/// <remarks>Caron et al. 2021, section 4.2.2 and figure 4 (there on pixels). Lecture: self-supervised learning.</remarks>
public static class AttentionOverlap
{
    /// <summary>The patches of which an object covers more than half.</summary>
    /// <param name="masks">Bool [n, H, W], H and W multiples of the patch.</param>
    /// <param name="patch">A patch's side in pixels.</param>
    /// <returns>Bool [n, p], row by row.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public static Tensor Patches(Tensor masks, int patch)
    {
        ShapeCheck.Require(masks, nameof(masks), -1, -1, -1);
        ArgumentOutOfRangeException.ThrowIfLessThan(patch, 1);
        if (masks.shape[1] % patch != 0 || masks.shape[2] % patch != 0)
        {
            throw new ArgumentException($"masks has shape [{string.Join(", ", masks.shape)}], wanted sides that are multiples of the patch, {patch}.", nameof(masks));
        }
        using var scope = NewDisposeScope();
        return nn.functional.avg_pool2d(masks.to(float32).unsqueeze(1), patch).flatten(1).gt(0.5).MoveToOuterDisposeScope();
    }

    /// <summary>IoU of the patches that hold a share of a head's attention, <see cref="AttentionMass.Kept"/>.</summary>
    /// <param name="attention">[n, h, p], as <see cref="Networks.AttentionMaps.OfClass"/> gives it.</param>
    /// <param name="inside">The object's patches, Bool [n, p]. Images without any are left out.</param>
    /// <param name="mass">The share.</param>
    /// <returns>One number for each head, 0 to 1.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or no image has an object.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The mass is no share.</exception>
    public static double[] ByMass(Tensor attention, Tensor inside, double mass = 0.6)
    {
        Check(attention, inside);
        using var scope = NewDisposeScope();
        return PerHead(AttentionMass.Kept(attention, mass), inside);
    }

    /// <summary>IoU of as many patches as the object fills, those that get most.</summary>
    /// <param name="attention">[n, h, p].</param>
    /// <param name="inside">The object's patches, Bool [n, p]. Images without any are left out.</param>
    /// <returns>One number for each head, 0 to 1.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or no image has an object.</exception>
    public static double[] ByCount(Tensor attention, Tensor inside)
    {
        Check(attention, inside);
        using var scope = NewDisposeScope();
        return PerHead(AttentionMass.Most(attention, inside.sum(1)), inside);
    }

    /// <summary>The share of what a head gives to all patches that goes to those of the object: a head that looks blindly gives as large a share as the object fills.</summary>
    /// <param name="attention">[n, h, p], not negative.</param>
    /// <param name="inside">The object's patches, Bool [n, p]. Images without any are left out.</param>
    /// <returns>One number for each head, 0 to 1.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or no image has an object.</exception>
    public static double[] OnObject(Tensor attention, Tensor inside)
    {
        Check(attention, inside);
        using var scope = NewDisposeScope();
        Tensor there = There(inside), a = attention.index_select(0, there).to(float64);
        Tensor own = (a * inside.index_select(0, there).unsqueeze(1)).sum(2) / a.sum(2); // [n, h]
        return own.mean([0L]).data<double>().ToArray();
    }

    private static double[] PerHead(Tensor kept, Tensor inside)
    {
        Tensor there = There(inside);
        Tensor a = kept.index_select(0, there), b = inside.index_select(0, there).unsqueeze(1);
        Tensor iou = a.logical_and(b).sum(2).to(float64) / a.logical_or(b).sum(2); // [n, h]
        return iou.mean([0L]).data<double>().ToArray();
    }

    private static Tensor There(Tensor inside)
    {
        Tensor there = inside.any(1).nonzero().squeeze(1);
        return there.shape[0] > 0 ? there : throw new ArgumentException("In no image does the object fill a patch; wanted at least one.", nameof(inside));
    }

    private static void Check(Tensor attention, Tensor inside)
    {
        ShapeCheck.Require(attention, nameof(attention), -1, -1, -1);
        ShapeCheck.Require(inside, nameof(inside), attention.shape[0], attention.shape[2]);
    }
}
