using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.SelfTraining;

/// <summary>Which locations stand for which label.</summary>
/// <param name="Label">The label's number for a location in the middle of one, −1 elsewhere, int64 [n, g²].</param>
/// <param name="Inside">Whether a location lies in any label, Bool [n, g²].</param>
/// <param name="Coarse">The labels on the grid, Bool [n, K, g, g].</param>
public sealed record DetectorTargets(Tensor Label, Tensor Inside, Tensor Coarse);

/// <summary>
/// The loss of a <see cref="MaskDetector"/>,
/// <code>
/// L = (λ/N) Σ_q 1(q is not dropped) BCE(o_q, t_q) + (1/N') Σ_{q in the middle of a label m} [ Dice(mask_q, m) + BCE(mask_q, m) ],
/// </code>
/// with t_q = 1 for the N locations in the middle of a label and 0 outside of all labels; in a label but not in its middle no objectness is asked for.
/// Dice(a, b) = 1 − 2Σab / (Σa² + Σb²). Objectness has plain cross-entropy, where dense detectors take the focal loss: scores shall be probabilities, as
/// self-training holds them against a threshold.
/// </summary>
/// <remarks>
/// Milletari et al., <i>V-Net</i>, 2016, for Dice; Wang et al., <i>SOLOv2</i>, 2020, for learning from the middles of objects. CutLER's DropLoss (<see cref="DropLoss"/>) applies to locations outside of
/// labels: what stands for a label is never dropped. Lecture: object discovery.
/// </remarks>
public static class DetectorLoss
{
    /// <summary>A location is in the middle of a label when it lies within this many √area of the label's centre of mass, and in the label.</summary>
    public const double Middle = 0.3;

    /// <summary>λ.</summary>
    public const double ObjectnessWeight = 0.5;

    /// <summary>Masks are learned at so many locations of an image at most, drawn anew each time.</summary>
    public const int Sampled = 12;

    /// <summary>Finds the locations in the middle of labels; where two labels claim one, the smaller has it.</summary>
    /// <param name="labels">Pseudo-masks, Bool [n, K, H, W].</param>
    /// <param name="side">g, a divisor of H.</param>
    public static DetectorTargets Assign(Tensor labels, long side)
    {
        ShapeCheck.Require(labels, nameof(labels), -1, -1, -1, labels.dim() == 4 ? labels.shape[2] : -1);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor share = functional.avg_pool2d(labels.to(float32), labels.shape[2] / side); // [n, K, g, g]
        Tensor line = arange(side, dtype: ScalarType.Float32);
        Tensor x = line.view(1, 1, 1, side), y = line.view(1, 1, side, 1);
        Tensor area = share.sum([2L, 3L], keepdim: true);
        Tensor cx = (share * x).sum([2L, 3L], keepdim: true) / area.clamp_min(1e-6), cy = (share * y).sum([2L, 3L], keepdim: true) / area.clamp_min(1e-6);
        Tensor coarse = share.ge(share.amax([2L, 3L], keepdim: true).clamp_max(0.5)).logical_and(share.gt(0));
        Tensor distance = (x - cx).square() + (y - cy).square();
        // The location nearest the centre among those in the label, whatever the label's shape and size.
        Tensor within = where(coarse, distance, full_like(distance, 1e9));
        Tensor middle = coarse.logical_and(distance.le((area * (Middle * Middle)).maximum(within.amin([2L, 3L], keepdim: true))));
        Tensor claim = where(middle, 1 / area.clamp_min(1e-6), zeros_like(share)).flatten(2); // [n, K, g²]
        (Tensor strongest, Tensor owner) = claim.max(1);
        Tensor label = where(strongest.gt(0), owner, full_like(owner, -1));
        return new(label.MoveToOuterDisposeScope(), coarse.any(1).flatten(1).MoveToOuterDisposeScope(), coarse.MoveToOuterDisposeScope());
    }

    /// <summary>The loss of a batch.</summary>
    /// <param name="detector">The network.</param>
    /// <param name="images">[n, 3, H, W].</param>
    /// <param name="labels">Pseudo-masks, Bool [n, K, H, W].</param>
    /// <param name="generator">Draws the locations at which masks are learned.</param>
    /// <param name="tau">τ of <see cref="DropLoss"/>; null to drop nothing.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Of(MaskDetector detector, Tensor images, Tensor labels, Generator generator, double? tau)
    {
        ShapeCheck.Require(labels, nameof(labels), images.shape[0], -1, images.shape[2], images.shape[3]);
        using var scope = NewDisposeScope();
        DetectorOutput output = detector.call(images);
        DetectorTargets targets = Assign(labels, output.Objectness.shape[1]);
        return (Objectness(detector, output, targets, tau) + Masks(detector, output, targets, labels, generator)).MoveToOuterDisposeScope();
    }

    private static Tensor Objectness(MaskDetector detector, DetectorOutput output, DetectorTargets targets, double? tau)
    {
        Tensor positive = targets.Label.ge(0), logits = output.Objectness.flatten(1);
        Tensor losses = ObjectnessWeight * functional.binary_cross_entropy_with_logits(logits, positive.to(float32), reduction: Reduction.None);
        losses = where(targets.Inside.logical_and(positive.logical_not()), zeros_like(losses), losses);
        if (tau is { } threshold)
        {
            Tensor overlaps = where(positive, ones_like(losses), Overlaps(detector, output, targets.Coarse));
            losses = DropLoss.Of(losses, overlaps, threshold);
        }
        return losses.sum() / positive.sum().clamp_min(1);
    }

    // IoU max of the region that each location predicts, on the grid of locations.
    private static Tensor Overlaps(MaskDetector detector, DetectorOutput output, Tensor coarse)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        long n = coarse.shape[0], g = coarse.shape[2];
        Tensor pooled = functional.avg_pool2d(output.Features, output.Features.shape[2] / g);
        Tensor all = arange(g * g).unsqueeze(0).expand(n, g * g).contiguous();
        Tensor regions = detector.Masks(output.Kernels, all, pooled, g).gt(0);
        return DropLoss.LargestOverlaps(regions, coarse).MoveToOuterDisposeScope();
    }

    private static Tensor Masks(MaskDetector detector, DetectorOutput output, DetectorTargets targets, Tensor labels, Generator generator)
    {
        Tensor keys = targets.Label.ge(0).to(float32) * (1 + rand(targets.Label.shape, generator: generator));
        (Tensor drawn, Tensor at) = keys.topk(Sampled, 1); // [n, m]
        Tensor valid = drawn.gt(0);
        Tensor owner = targets.Label.gather(1, at).clamp_min(0);
        Tensor kernels = output.Kernels.gather(1, at.unsqueeze(2).expand(-1, -1, output.Kernels.shape[2]));
        Tensor logits = detector.Masks(kernels, at, output.Features, output.Objectness.shape[1]).flatten(2); // [n, m, h²]
        long h = output.Features.shape[2];
        Tensor small = functional.avg_pool2d(labels.to(float32), labels.shape[2] / h).flatten(2); // [n, K, h²]
        Tensor wanted = small.gather(1, owner.unsqueeze(2).expand(-1, -1, h * h));
        Tensor p = logits.sigmoid();
        Tensor dice = 1 - (2 * (p * wanted).sum(2) + 1) / (p.square().sum(2) + wanted.square().sum(2) + 1);
        Tensor bce = functional.binary_cross_entropy_with_logits(logits, wanted, reduction: Reduction.None).mean([2L]);
        return ((dice + bce) * valid).sum() / valid.sum().clamp_min(1);
    }
}
