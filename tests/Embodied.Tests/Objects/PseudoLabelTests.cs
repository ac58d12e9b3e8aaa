using Embodied.Evaluation;
using Embodied.Objects;
using Embodied.Objects.SelfTraining;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class PseudoLabelTests
{
    /// <summary>Masks of 4 × 4, drawn as rows of letters: each letter is a mask, '.' is none.</summary>
    private static Tensor Masks(string letters, params string[] rows)
    {
        string all = string.Concat(rows);
        return stack([.. letters.Select(letter => tensor(all.Select(c => c == letter).ToArray(), [4, 4]))]).unsqueeze(0);
    }

    [Fact]
    public void A_patch_becomes_a_square_of_pixels_and_dropped_cuts_leave_nothing()
    {
        bool[] first = [true, false, false, false], none = new bool[4];
        MaskCutStep Step(bool[] mask) => new(new double[4], mask, false, 0, mask, mask);
        using PseudoLabels labels = PseudoLabels.FromMaskCut([[Step(first), Step(none)], [Step(none)]], 2, 2, 4);
        Assert.Equal([2, 1, 4, 4], labels.Masks.shape);
        using Tensor wanted = Masks("a", "aa..", "aa..", "....", "....");
        Assert.True(labels.Masks[0].Same(wanted[0]));
        Assert.Equal([1f, 0f], labels.Scores.data<float>().ToArray());
    }

    [Fact]
    public void Sure_predictions_come_in_and_replace_what_they_lie_on()
    {
        // Predictions: p on label a (IoU 2/3), q on nothing and sure, r on label b and unsure.
        using PseudoLabels labels = new(Masks("ab", "aa..", "aa..", "...b", "...b"), ones(1, 2));
        using Tensor p = Masks("pqr", "ppp.", "ppp.", "qq.r", "...r");
        using PseudoLabels predictions = new(p, tensor(new[,] { { 0.8f, 0.7f, 0.6f } }));
        using PseudoLabels merged = labels.Merge(predictions, confidence: 0.7);
        Assert.Equal([1f, 0.8f, 0.7f], merged.Scores[0].data<float>().ToArray());
        Assert.True(merged.Masks[0, 0].Same(labels.Masks[0, 1]));
        Assert.True(merged.Masks[0, 1].Same(p[0, 0]));
        Assert.True(merged.Masks[0, 2].Same(p[0, 1]));

        // At 0.75 the label under p stays: IoU is 4/6.
        using PseudoLabels lenient = labels.Merge(predictions, 0.7, overlap: 0.75);
        Assert.Equal(4, lenient.Scores.gt(0).sum().ToInt32());
        // Nothing sure: nothing changes.
        using PseudoLabels same = labels.Merge(predictions, 0.9);
        Assert.Equal(2, same.Scores.gt(0).sum().ToInt32());
        Assert.Equal(8, merged.Masks.shape[2] + merged.Masks.shape[3]);
    }

    [Fact]
    public void Overlaps_of_a_batch_are_those_of_each_image()
    {
        var generator = new Generator(1);
        using Tensor a = rand([3, 4, 6, 5], generator: generator).gt(0.6), b = rand([3, 2, 6, 5], generator: generator).gt(0.6);
        a[1, 2].zero_();
        b[1, 0].zero_();
        using Tensor together = MaskOverlap.Of(a, b);
        for (int i = 0; i < 3; i++)
        {
            double[,] alone = RegionOverlap.OfMasks(a[i], b[i]);
            Assert.All(Enumerable.Range(0, 8), k => Assert.Equal(alone[k / 2, k % 2], together[i, k / 2, k % 2].ToDouble(), 6));
        }
    }

    [Fact]
    public void Near_copies_of_a_better_mask_go_and_copies_of_what_went_stay()
    {
        // b overlaps a by 6/10, c overlaps b by 6/10 and a by 4/12: b goes, so c stays.
        bool[] Row(int from, int to) => [.. Enumerable.Range(0, 16).Select(i => i >= from && i < to)];
        using Tensor masks = stack([tensor(Row(0, 8)), tensor(Row(2, 10)), tensor(Row(4, 12))]).view(1, 3, 4, 4);
        using Tensor kept = MaskOverlap.Distinct(masks, 0.5);
        Assert.Equal([true, false, true], kept.data<bool>().ToArray());
    }

    [Fact]
    public void Scores_of_findings_are_those_of_average_precision()
    {
        using Tensor truth = Masks("xyz", "xx..", "xx..", "..yy", "zzyy");
        // a is x, b is nothing, c is half of y.
        using PseudoLabels labels = new(Masks("abc", "aab.", "aab.", "..cc", "...."), tensor(new[,] { { 0.9f, 0.8f, 0.7f } }));
        DetectionScores scores = DetectionScores.Of(labels, truth);
        // Recall 1/3 at precision 1, recall 2/3 at precision 2/3; of 101 levels 34 and 33.
        Assert.Equal((34 + 33 * 2.0 / 3) / 101, scores.AP50, 9);
        Assert.Equal(34.0 / 101, scores.AP75, 9);
        Assert.Equal(2.0 / 3, scores.Precision, 9);
        Assert.Equal(2.0 / 3, scores.Recall, 9);
        Assert.Equal(1, DetectionScores.Of(labels, truth, leastScore: 0.85).Precision, 9);
        Assert.Equal(scores.AP50, DetectionScores.Of(labels, truth, boxes: true).AP50, 9);
    }

    [Fact]
    public void Labels_of_other_sizes_or_images_are_refused()
    {
        Assert.Contains("multiple of 3", Assert.Throws<ArgumentException>(() => PseudoLabels.FromMasks([[new bool[9]]], 3, 3, 64)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PseudoLabels.FromMasks([[new bool[8]]], 3, 3, 63));
        Assert.Throws<ArgumentException>(() => PseudoLabels.FromMasks([], 3, 3, 63));
        using PseudoLabels labels = PseudoLabels.FromMasks([[new bool[4]]], 2, 2, 4), other = PseudoLabels.FromMasks([[new bool[4]], []], 2, 2, 4);
        Assert.Throws<ArgumentException>(() => labels.Merge(other, 0.7));
        Assert.Throws<ArgumentException>(() => labels.Findings(other.Masks));
    }
}

/// <summary>Comparison of whole tensors; TorchSharp's equal goes element by element.</summary>
internal static class TensorComparison
{
    public static bool Same(this Tensor a, Tensor b) => a.shape.AsSpan().SequenceEqual(b.shape) && a.eq(b).all().ToBoolean();
}
