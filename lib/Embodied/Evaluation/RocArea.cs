namespace Embodied.Evaluation;

/// <summary>
/// How well scores part positives from negatives without choosing a threshold: the area under the ROC curve, which is the probability that a positive scores
/// higher than a negative,
/// <code>
/// AUC = P(s⁺ &gt; s⁻) + ½ P(s⁺ = s⁻) = (R − m(m + 1)/2) / (m n),      R the sum of the ranks of the m positives.
/// </code>
/// 0.5 is chance; below it, the scores have the wrong sign.
/// </summary>
/// <remarks>Hanley and McNeil 1982; the ranks are Mann and Whitney's.</remarks>
public static class RocArea
{
    /// <summary>The area, by ranks.</summary>
    /// <param name="scores">A score for each.</param>
    /// <param name="positive">Whether each is a positive.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentException">The lengths differ, a score is NaN, or one of the two kinds is missing.</exception>
    public static double Of(IReadOnlyList<double> scores, IReadOnlyList<bool> positive)
    {
        if (scores.Count != positive.Count)
        {
            throw new ArgumentException($"There are {scores.Count} scores and {positive.Count} answers; as many of each are wanted.", nameof(positive));
        }
        if (scores.Any(double.IsNaN))
        {
            throw new ArgumentException("A score is NaN, which is neither higher nor lower than another.", nameof(scores));
        }
        int[] order = [.. Enumerable.Range(0, scores.Count).OrderBy(i => scores[i])];
        double positives = positive.Count(p => p), negatives = scores.Count - positives, ranks = 0;
        if (positives == 0 || negatives == 0)
        {
            throw new ArgumentException($"There are {positives} positives and {negatives} negatives; at least one of each is wanted.", nameof(positive));
        }
        for (int from = 0, to; from < order.Length; from = to)
        {
            for (to = from + 1; to < order.Length && scores[order[to]] == scores[order[from]]; to++)
            {
            }
            // Equal scores share the mean of their ranks, which count from 1.
            ranks += (from + 1 + to) / 2.0 * order[from..to].Count(i => positive[i]);
        }
        return (ranks - positives * (positives + 1) / 2) / (positives * negatives);
    }
}
