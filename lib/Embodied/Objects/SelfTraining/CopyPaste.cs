using static TorchSharp.torch;

namespace Embodied.Objects.SelfTraining;

/// <summary>
/// Copy-paste: labelled regions of one image, shrunk and shifted, are pasted over another of the batch; masks that they hide lose what is hidden. A
/// detector sees more objects, in new company and over new ground, and where it had learned that an unlabelled object is background it now sees the pasted ones on top.
/// </summary>
/// <remarks>
/// Ghiasi et al., <i>Simple copy-paste is a strong data augmentation method for instance segmentation</i>, CVPR 2021, in the variant of CutLER § 3.3 and its
/// published code: the partner is the batch's mirror image, a random number of its regions is taken, they are only ever shrunk, and one that
/// would hide half of a label is not pasted. Lecture: object discovery.
/// </remarks>
public sealed record CopyPaste
{
    /// <summary>The smallest scale of what is pasted; CutLER's 0.3, and 0.5 in self-training.</summary>
    public double SmallestScale { get; init; } = 0.3;

    /// <summary>The largest scale.</summary>
    public double LargestScale { get; init; } = 1;

    /// <summary>The share of a label that a pasted region must not hide.</summary>
    public double MostHidden { get; init; } = 0.5;

    /// <summary>Pastes into every image regions of its partner, image n − 1 − i for image i.</summary>
    /// <param name="images">[n, c, H, W].</param>
    /// <param name="masks">Their labels, Bool [n, K, H, W]; empty where there are fewer than K.</param>
    /// <param name="generator">Decides which, how large and where.</param>
    /// <returns>Images of the same shape; masks Bool [n, 2K, H, W], the image's own first, without what is hidden, then the pasted ones.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or the scales are not in (0, 1] in order.</exception>
    public (Tensor Images, Tensor Masks) Apply(Tensor images, Tensor masks, Generator generator)
    {
        ShapeCheck.Require(images, nameof(images), -1, -1, -1, -1);
        ShapeCheck.Require(masks, nameof(masks), images.shape[0], -1, images.shape[2], images.shape[3]);
        if (!(SmallestScale > 0 && LargestScale >= SmallestScale && LargestScale <= 1))
        {
            throw new ArgumentException(FormattableString.Invariant($"Scales are {SmallestScale} to {LargestScale}, wanted 0 < smallest ≤ largest ≤ 1."));
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        long n = images.shape[0], K = masks.shape[1];
        // The source of pixel x is (x − centre) / scale, in coordinates from −1 to 1; the copy stays inside the frame.
        Tensor scale = rand([n], generator: generator) * (LargestScale - SmallestScale) + SmallestScale;
        Tensor centre = (2 * rand([n, 2], generator: generator) - 1) * (1 - scale).unsqueeze(1);
        Tensor zero = zeros_like(scale);
        Tensor affine = stack([1 / scale, zero, -centre.select(1, 0) / scale, zero, 1 / scale, -centre.select(1, 1) / scale], 1).view(n, 2, 3);
        Tensor grid = nn.functional.affine_grid(affine, [n, 1, images.shape[2], images.shape[3]], align_corners: false);
        Tensor Moved(Tensor x) => nn.functional.grid_sample(x.flip(0).to(float32), grid, GridSampleMode.Bilinear, GridSamplePaddingMode.Zeros, false);

        Tensor pasted = Moved(masks).gt(0.5).logical_and(Chosen(masks.flip(0), generator).view(n, K, 1, 1)); // [n, K, H, W]
        // A region that hides too much of any label stays away: |paste ∩ label| / |label|.
        Tensor a = pasted.to(float32).flatten(2), b = masks.to(float32).flatten(2);
        Tensor hidden = (a.bmm(b.transpose(1, 2)) / b.sum(2).clamp_min(1).unsqueeze(1)).amax([2L]); // [n, K]
        pasted = pasted.logical_and(hidden.lt(MostHidden).view(n, K, 1, 1));

        Tensor over = pasted.any(1, keepdim: true);
        Tensor result = where(over, Moved(images).to(images.dtype), images);
        return (result.MoveToOuterDisposeScope(), cat([masks.logical_and(over.logical_not()), pasted], 1).MoveToOuterDisposeScope());
    }

    // One to all of the labels of each image, every number equally often, Bool [n, K].
    private static Tensor Chosen(Tensor masks, Generator generator)
    {
        Tensor there = masks.flatten(2).any(2);
        Tensor keys = where(there, rand(there.shape, generator: generator), 2);
        Tensor rank = keys.argsort(1).argsort(1);
        Tensor count = (rand([there.shape[0], 1], generator: generator) * there.sum(1, keepdim: true)).floor() + 1;
        return there.logical_and(rank.lt(count));
    }
}
