using Embodied.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Objects.SelfTraining;

/// <summary>Masks that nobody drew, up to K for each image: MaskCut's, or a detector's. Dispose it to free the tensors.</summary>
/// <param name="Masks">Bool [n, K, H, W]; empty where an image has fewer than K.</param>
/// <param name="Scores">How sure of each, float32 [n, K], in (0, 1]; 0 where there is none.</param>
/// <remarks>Wang et al., <i>Cut and learn for unsupervised object detection and instance segmentation</i> (CutLER), CVPR 2023. Lecture: object discovery.</remarks>
public sealed record PseudoLabels(Tensor Masks, Tensor Scores) : IDisposable
{
    /// <summary>n.</summary>
    public int Count => (int)Masks.shape[0];

    /// <summary>What MaskCut found, each patch as a square of pixels. All scores are 1, as in CutLER: MaskCut does not say how sure it is.</summary>
    /// <param name="steps">The cuts of each image; those that were dropped leave no mask.</param>
    /// <param name="height">Patches from top to bottom.</param>
    /// <param name="width">Patches from left to right.</param>
    /// <param name="size">The image's side in pixels; a multiple of both.</param>
    /// <exception cref="ArgumentException">A mask has another size, or the side is no multiple.</exception>
    public static PseudoLabels FromMaskCut(IReadOnlyList<IReadOnlyList<MaskCutStep>> steps, int height, int width, int size) =>
        FromMasks([.. steps.Select(image => image.Select(step => step.Mask).ToArray())], height, width, size);

    /// <summary>Masks on a grid of patches or pixels, each place as a square of pixels; all scores are 1.</summary>
    /// <param name="masks">The masks of each image, row by row, [height · width]; empty ones are left out.</param>
    /// <param name="height">Rows of the grid.</param>
    /// <param name="width">Columns of the grid.</param>
    /// <param name="size">The image's side in pixels; a multiple of both.</param>
    /// <exception cref="ArgumentException">A mask has another size, the side is no multiple, or there are no images.</exception>
    public static PseudoLabels FromMasks(IReadOnlyList<IReadOnlyList<bool[]>> masks, int height, int width, int size)
    {
        if (masks.Count == 0 || masks.Any(image => image.Any(mask => mask.Length != height * width)))
        {
            throw new ArgumentException($"Masks of {height} × {width} places are wanted, for at least one image.", nameof(masks));
        }
        if (height < 1 || width < 1 || size < 1 || size % height != 0 || size % width != 0)
        {
            throw new ArgumentException($"size is {size}, wanted a multiple of {height} and {width}.", nameof(size));
        }
        using var scope = NewDisposeScope();
        bool[][][] there = [.. masks.Select(image => image.Where(mask => mask.Contains(true)).ToArray())];
        int most = Math.Max(1, there.Max(image => image.Length)), places = height * width;
        bool[] all = new bool[masks.Count * most * places];
        float[] scores = new float[masks.Count * most];
        for (int i = 0; i < there.Length; i++)
        {
            for (int k = 0; k < there[i].Length; k++)
            {
                there[i][k].CopyTo(all, (i * most + k) * places);
                scores[i * most + k] = 1;
            }
        }
        Tensor coarse = tensor(all, [masks.Count, most, height, width]);
        return new(
            coarse.repeat_interleave(size / height, 2).repeat_interleave(size / width, 3).MoveToOuterDisposeScope(),
            tensor(scores, [masks.Count, most]).MoveToOuterDisposeScope());
    }

    /// <summary>
    /// The labels of the next round: predictions of which the detector is sure, and of these labels those that no such prediction has replaced,
    /// <code>
    /// {p : score(p) ≥ c} ∪ {m : IoU(m, p) &lt; o for every such p}.
    /// </code>
    /// </summary>
    /// <param name="predictions">What the detector sees in the same images.</param>
    /// <param name="confidence">c.</param>
    /// <param name="overlap">o; CutLER's 0.5.</param>
    /// <exception cref="ArgumentException">The predictions are of other images.</exception>
    public PseudoLabels Merge(PseudoLabels predictions, double confidence, double overlap = 0.5)
    {
        ShapeCheck.Require(predictions.Masks, nameof(predictions), Masks.shape[0], -1, Masks.shape[2], Masks.shape[3]);
        using var scope = NewDisposeScope();
        Tensor sure = predictions.Scores.ge(confidence).logical_and(predictions.Scores.gt(0));
        Tensor replaced = (MaskOverlap.Of(Masks, predictions.Masks).ge(overlap) & sure.unsqueeze(1)).any(2);
        Tensor scores = cat([where(sure, predictions.Scores, zeros_like(predictions.Scores)), where(replaced, zeros_like(Scores), Scores)], 1);
        PseudoLabels merged = Packed(cat([predictions.Masks, Masks], 1), scores);
        return new(merged.Masks.MoveToOuterDisposeScope(), merged.Scores.MoveToOuterDisposeScope());
    }

    /// <summary>The labels of some images, or of all in another order.</summary>
    /// <param name="images">Their numbers, int64 [m].</param>
    public PseudoLabels Of(Tensor images) => new(Masks.index_select(0, images), Scores.index_select(0, images));

    /// <summary>How these labels lie on what is there, for <see cref="AveragePrecision"/>.</summary>
    /// <param name="truth">The objects' masks, Bool [n, J, H, W]; empty where an image has fewer than J.</param>
    /// <param name="boxes">Whether overlap is of boxes; of masks else.</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public IReadOnlyList<ImageFindings> Findings(Tensor truth, bool boxes = false)
    {
        ShapeCheck.Require(truth, nameof(truth), Masks.shape[0], -1, Masks.shape[2], Masks.shape[3]);
        List<ImageFindings> findings = [];
        for (int i = 0; i < Count; i++)
        {
            using var scope = NewDisposeScope();
            Tensor found = Scores[i].gt(0).nonzero().squeeze(1), objects = truth[i].flatten(1).any(1).nonzero().squeeze(1);
            Tensor mine = Masks[i].index_select(0, found), theirs = truth[i].index_select(0, objects);
            findings.Add(new(
                [.. Scores[i].index_select(0, found).to(float64).data<double>()],
                boxes ? RegionOverlap.OfBoxes(RegionOverlap.BoxesOf(mine), RegionOverlap.BoxesOf(theirs)) : RegionOverlap.OfMasks(mine, theirs)));
        }
        return findings;
    }

    /// <summary>Sorts by score and drops what every image lacks.</summary>
    internal static PseudoLabels Packed(Tensor masks, Tensor scores)
    {
        using var scope = NewDisposeScope();
        long most = Math.Max(1, scores.gt(0).sum(1).max().ToInt64());
        (Tensor sorted, Tensor order) = scores.sort(1, descending: true);
        Tensor index = order.narrow(1, 0, most).unsqueeze(2).unsqueeze(3).expand(-1, -1, masks.shape[2], masks.shape[3]);
        Tensor kept = sorted.narrow(1, 0, most);
        Tensor packed = masks.gather(1, index).logical_and(kept.gt(0).unsqueeze(2).unsqueeze(3));
        return new(packed.MoveToOuterDisposeScope(), kept.clone().MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Masks.Dispose();
        Scores.Dispose();
    }
}
