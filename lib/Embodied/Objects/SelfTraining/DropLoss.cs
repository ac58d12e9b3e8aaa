using static TorchSharp.torch;

namespace Embodied.Objects.SelfTraining;

/// <summary>
/// CutLER's DropLoss. Pseudo-labels miss objects, and a detector that finds one of those must not be taught that nothing is there. So the loss of a predicted
/// region that lies on no label is dropped,
/// <code>
/// L_drop(rᵢ) = 1(IoUᵢᵐᵃˣ > τ) · L(rᵢ),      IoUᵢᵐᵃˣ = max over the image's labels m of IoU(rᵢ, m).
/// </code>
/// </summary>
/// <remarks>
/// Wang et al., CutLER, CVPR 2023, § 3.3, with τ = 0.01; there rᵢ are the boxes of a Cascade Mask R-CNN's proposals, here the masks of a
/// <see cref="MaskDetector"/>'s locations. Lecture: object discovery.
/// </remarks>
public static class DropLoss
{
    /// <summary>Drops the losses of regions on no label.</summary>
    /// <param name="losses">L(rᵢ), any shape.</param>
    /// <param name="overlaps">IoUᵢᵐᵃˣ, the same shape; no gradient flows through it.</param>
    /// <param name="tau">τ.</param>
    /// <returns>The same shape.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor Of(Tensor losses, Tensor overlaps, double tau = 0.01)
    {
        ShapeCheck.Require(overlaps, nameof(overlaps), losses.shape);
        using var scope = NewDisposeScope();
        return where(overlaps.gt(tau), losses, zeros_like(losses)).MoveToOuterDisposeScope();
    }

    /// <summary>IoUᵢᵐᵃˣ of every region.</summary>
    /// <param name="regions">Predicted masks, Bool [n, R, H, W].</param>
    /// <param name="labels">Pseudo-masks, Bool [n, K, H, W]; empty ones overlap nothing.</param>
    /// <returns>float32 [n, R].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor LargestOverlaps(Tensor regions, Tensor labels)
    {
        using var scope = NewDisposeScope();
        return MaskOverlap.Of(regions, labels).amax([2L]).MoveToOuterDisposeScope();
    }
}
