namespace Embodied.Evaluation;

/// <summary>What was found in an image, and how it lies on what is there.</summary>
/// <param name="Scores">How sure the detector is of each finding, [m].</param>
/// <param name="Overlaps">IoU of each finding with each object, [m, n]: see <see cref="RegionOverlap"/>.</param>
public sealed record ImageFindings(double[] Scores, double[,] Overlaps);

/// <summary>Precision against recall as the score falls.</summary>
/// <param name="Recall">The share of all objects that are found, rising.</param>
/// <param name="Precision">The share of findings that are right.</param>
public sealed record PrecisionRecall(double[] Recall, double[] Precision);

/// <summary>
/// Average precision of a detector without classes: findings of all images are taken in the order of their scores; each is right when it overlaps an
/// object, of which no better finding has taken possession, by at least a threshold of IoU. AP is the mean over recall 0, 0.01, …, 1 of the highest
/// precision at that recall or beyond.
/// </summary>
/// <remarks>Lin et al., <i>Microsoft COCO</i>, 2014, and its evaluation code: 101 recall levels; AP is the mean over IoU 0.50, 0.55, …, 0.95. Lecture: object discovery.</remarks>
public static class AveragePrecision
{
    /// <summary>AP at one threshold: AP50 at 0.5, AP75 at 0.75.</summary>
    /// <param name="images">Findings, image by image.</param>
    /// <param name="threshold">The least IoU of a right finding, in (0, 1].</param>
    /// <returns>From 0 to 1; 0 when there are objects and nothing is found.</returns>
    /// <exception cref="ArgumentException">There are no objects, or scores and overlaps differ in number, or a score is NaN.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The threshold is not in (0, 1].</exception>
    public static double At(IReadOnlyList<ImageFindings> images, double threshold)
    {
        (double[] recall, double[] precision) = Curve(images, threshold);
        double sum = 0, best = 0;
        // From the highest recall down, so that the best precision beyond is known.
        for (int level = 100, i = recall.Length - 1; level >= 0; level--)
        {
            for (; i >= 0 && recall[i] >= level / 100.0 - 1e-12; i--)
            {
                best = Math.Max(best, precision[i]);
            }
            sum += best;
        }
        return sum / 101;
    }

    /// <summary>AP: the mean of <see cref="At"/> over the thresholds 0.50, 0.55, …, 0.95.</summary>
    /// <param name="images">Findings, image by image.</param>
    /// <exception cref="ArgumentException">There are no objects, or scores and overlaps differ in number, or a score is NaN.</exception>
    public static double Mean(IReadOnlyList<ImageFindings> images) => Enumerable.Range(10, 10).Average(twentieth => At(images, twentieth / 20.0));

    /// <summary>Precision and recall after each finding, best score first.</summary>
    /// <param name="images">Findings, image by image.</param>
    /// <param name="threshold">The least IoU of a right finding, in (0, 1].</param>
    /// <exception cref="ArgumentException">There are no objects, or scores and overlaps differ in number, or a score is NaN.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The threshold is not in (0, 1].</exception>
    public static PrecisionRecall Curve(IReadOnlyList<ImageFindings> images, double threshold)
    {
        if (!(threshold is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "A threshold of IoU is above 0 and at most 1.");
        }
        foreach (ImageFindings image in images)
        {
            if (image.Scores.Length != image.Overlaps.GetLength(0) || image.Scores.Any(double.IsNaN))
            {
                throw new ArgumentException($"An image has {image.Scores.Length} scores for {image.Overlaps.GetLength(0)} findings; one each, and none NaN, is wanted.", nameof(images));
            }
        }
        int objects = images.Sum(image => image.Overlaps.GetLength(1));
        if (objects == 0)
        {
            throw new ArgumentException("There are no objects in any image; recall has no meaning.", nameof(images));
        }
        bool[] right = [.. images.SelectMany(image => Right(image, threshold)).OrderByDescending(finding => finding.Score).Select(finding => finding.Right)];
        double[] recall = new double[right.Length], precision = new double[right.Length];
        for (int i = 0, found = 0; i < right.Length; i++)
        {
            found += right[i] ? 1 : 0;
            (recall[i], precision[i]) = ((double)found / objects, found / (i + 1.0));
        }
        return new(recall, precision);
    }

    private static List<(double Score, bool Right)> Right(ImageFindings image, double threshold)
    {
        bool[] taken = new bool[image.Overlaps.GetLength(1)];
        List<(double, bool)> findings = [];
        foreach (int i in Enumerable.Range(0, image.Scores.Length).OrderByDescending(i => image.Scores[i]))
        {
            int best = -1;
            for (int k = 0; k < taken.Length; k++)
            {
                if (!taken[k] && image.Overlaps[i, k] >= threshold && (best < 0 || image.Overlaps[i, k] > image.Overlaps[i, best]))
                {
                    best = k;
                }
            }
            if (best >= 0)
            {
                taken[best] = true;
            }
            findings.Add((image.Scores[i], best >= 0));
        }
        return findings;
    }
}
