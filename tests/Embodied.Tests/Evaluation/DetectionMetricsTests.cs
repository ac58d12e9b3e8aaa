using Embodied.Evaluation;
using static TorchSharp.torch;

namespace Embodied.Tests.Evaluation;

/// <summary>Every number worked out by hand.</summary>
public class DetectionMetricsTests
{
    [Fact]
    public void Boxes_and_masks_of_squares_overlap_by_the_same_share()
    {
        using var scope = NewDisposeScope();
        Tensor boxes = tensor(new long[,] { { 0, 0, 2, 2 }, { 1, 1, 3, 3 }, { 3, 0, 4, 4 }, { 0, 0, 0, 0 } });
        Tensor masks = zeros([4, 4, 5], dtype: ScalarType.Bool);
        masks[0, ..2, ..2] = tensor(true);
        masks[1, 1..3, 1..3] = tensor(true);
        masks[2, .., 3] = tensor(true);
        double[,] wanted = { { 1, 1.0 / 7, 0, 0 }, { 1.0 / 7, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 0 } };
        Assert.Equal(boxes.data<long>().ToArray(), RegionOverlap.BoxesOf(masks).data<long>().ToArray());
        AssertClose(wanted, RegionOverlap.OfBoxes(boxes, boxes));
        AssertClose(wanted, RegionOverlap.OfMasks(masks, masks));
        Assert.Equal((0, 4), (RegionOverlap.OfMasks(masks[..0], masks).GetLength(0), RegionOverlap.OfMasks(masks[..0], masks).GetLength(1)));
    }

    [Fact]
    public void CorLoc_counts_images_whose_finding_lies_on_some_object()
    {
        // More than half of an object, exactly half, nothing found, and the second of two objects.
        Assert.Equal(0.5, CorLoc.Of([new[,] { { 0.51 } }, new[,] { { 0.5 } }, new double[0, 1], new[,] { { 0.1, 0.9 } }]));
        Assert.Equal(1, CorLoc.Of([new[,] { { 0.1, 0.9 } }]));
        Assert.Equal(0, CorLoc.Of([new double[0, 1]]));
        Assert.Throws<ArgumentException>(() => CorLoc.Of([]));
        Assert.Throws<ArgumentException>(() => CorLoc.Of([new double[2, 1]]));
    }

    [Fact]
    public void Average_precision_is_the_mean_over_101_levels_of_recall()
    {
        // Three objects; in the order of scores right, wrong, right: recall 1/3, 1/3, 2/3 and precision 1, 1/2, 2/3.
        ImageFindings[] images =
        [
            new([0.7, 0.9], new[,] { { 0.2, 0.6 }, { 0.8, 0 } }),
            new([0.8], new[,] { { 0.4 } }),
        ];
        PrecisionRecall curve = AveragePrecision.Curve(images, 0.5);
        Assert.Equal([1.0 / 3, 1.0 / 3, 2.0 / 3], curve.Recall);
        Assert.Equal([1, 0.5, 2.0 / 3], curve.Precision);
        // Levels 0 to 0.33 at precision 1, 0.34 to 0.66 at 2/3, none beyond.
        Assert.Equal((34 + 33 * 2.0 / 3) / 101, AveragePrecision.At(images, 0.5), 1e-12);
        // At 0.75 only the finding of IoU 0.8 is right.
        Assert.Equal(34.0 / 101, AveragePrecision.At(images, 0.75), 1e-12);
        // 0.50 to 0.60: two are right; 0.65 to 0.80: one; beyond: none.
        Assert.Equal((3 * (34 + 33 * 2.0 / 3) + 4 * 34.0) / 10 / 101, AveragePrecision.Mean(images), 1e-12);
    }

    [Fact]
    public void At_each_recall_the_best_precision_there_or_beyond_counts()
    {
        // Wrong, right, right, of two objects: precision rises, 0, 1/2, 2/3, and 2/3 is what counts at every level.
        ImageFindings[] rising = [new([0.9, 0.8, 0.7], new[,] { { 0.1, 0.1 }, { 0.9, 0 }, { 0, 0.9 } })];
        Assert.Equal([0, 0.5, 2.0 / 3], AveragePrecision.Curve(rising, 0.5).Precision);
        Assert.Equal(2.0 / 3, AveragePrecision.At(rising, 0.5), 1e-12);
    }

    [Fact]
    public void Findings_choose_in_the_order_of_their_scores_and_take_what_they_overlap_most()
    {
        // Not in order: the surer finding comes second, and has the object.
        PrecisionRecall late = AveragePrecision.Curve([new([0.5, 0.9], new[,] { { 0.9 }, { 0.6 } })], 0.5);
        Assert.Equal([1, 0.5], late.Precision);
        // The first takes the second object, which it overlaps most, and leaves the first one to the other finding.
        PrecisionRecall most = AveragePrecision.Curve([new([0.9, 0.8], new[,] { { 0.6, 0.8 }, { 0.7, 0.1 } })], 0.5);
        Assert.Equal([0.5, 1], most.Recall);
    }

    [Fact]
    public void An_object_is_found_once_by_the_finding_of_the_highest_score()
    {
        // The second finding overlaps more, but the first has the object; a third takes the other object although it overlaps the first one more.
        ImageFindings[] twice = [new([0.9, 0.8, 0.7], new[,] { { 0.6, 0 }, { 0.9, 0.1 }, { 0.7, 0.55 } })];
        PrecisionRecall curve = AveragePrecision.Curve(twice, 0.5);
        Assert.Equal([0.5, 0.5, 1], curve.Recall);
        Assert.Equal([1, 0.5, 2.0 / 3], curve.Precision);
    }

    [Fact]
    public void Perfect_findings_have_average_precision_1_and_none_have_0()
    {
        Assert.Equal(1, AveragePrecision.Mean([new([0.5, 0.4], new double[,] { { 1, 0 }, { 0, 1 } })]), 1e-12);
        Assert.Equal(0, AveragePrecision.Mean([new([], new double[0, 2])]));
        Assert.Contains("no objects", Assert.Throws<ArgumentException>(() => AveragePrecision.At([new([0.5], new double[1, 0])], 0.5)).Message, StringComparison.Ordinal);
        Assert.Contains("2 scores for 1 findings", Assert.Throws<ArgumentException>(() => AveragePrecision.At([new([0.5, 0.1], new double[1, 1])], 0.5)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => AveragePrecision.At([new([0.5], new double[1, 1])], 0));
    }

    [Fact]
    public void The_adjusted_rand_index_is_that_of_Hubert_and_Arabie()
    {
        // Pairs together in both 1, in the first 2, in the second 1, of 6: (1 − 1/3) / (3/2 − 1/3).
        Assert.Equal(4.0 / 7, AdjustedRandIndex.Of([0, 0, 1, 1], [0, 0, 1, 2]), 1e-12);
        Assert.Equal(1, AdjustedRandIndex.Of([0, 0, 1, 1], [5, 5, -3, -3]), 1e-12);
        Assert.Equal(-0.5, AdjustedRandIndex.Of([0, 0, 1, 1], [0, 1, 0, 1]), 1e-12);
        Assert.Equal(1, AdjustedRandIndex.Of([2, 2, 2], [0, 0, 0]), 1e-12);
        Assert.Equal(1, AdjustedRandIndex.Of([9, 0, 0, 1, 1], [0, 0, 0, 1, 1], [false, true, true, true, true]), 1e-12);
        Assert.Throws<ArgumentException>(() => AdjustedRandIndex.Of([0, 0], [0]));
        Assert.Throws<ArgumentException>(() => AdjustedRandIndex.Of([0, 0], [0, 1], [true, false]));
    }

    [Fact]
    public void The_adjusted_rand_index_of_random_clusterings_is_0_on_average()
    {
        Random random = new(1);
        long[] Labels() => [.. Enumerable.Range(0, 60).Select(_ => (long)random.Next(4))];
        Assert.InRange(Enumerable.Range(0, 400).Average(_ => AdjustedRandIndex.Of(Labels(), Labels())), -0.005, 0.005);
    }

    private static void AssertClose(double[,] wanted, double[,] found)
    {
        Assert.Equal((wanted.GetLength(0), wanted.GetLength(1)), (found.GetLength(0), found.GetLength(1)));
        Assert.All(wanted.Cast<double>().Zip(found.Cast<double>()), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }
}
