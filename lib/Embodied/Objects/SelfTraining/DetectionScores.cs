using Embodied.Evaluation;
using static TorchSharp.torch;

namespace Embodied.Objects.SelfTraining;

/// <summary>How good labels or predictions are, from 0 to 1.</summary>
/// <param name="AP50">Average precision at IoU 0.5.</param>
/// <param name="AP75">At IoU 0.75.</param>
/// <param name="AP">The mean over IoU 0.5, 0.55, …, 0.95.</param>
/// <param name="Precision">The share of all findings that are right at IoU 0.5.</param>
/// <param name="Recall">The share of all objects that are found at IoU 0.5.</param>
public readonly record struct DetectionScores(double AP50, double AP75, double AP, double Precision, double Recall)
{
    /// <summary>Compares findings with what is there.</summary>
    /// <param name="labels">The findings.</param>
    /// <param name="truth">The objects' masks, Bool [n, J, H, W].</param>
    /// <param name="boxes">Whether overlap is of boxes; of masks else.</param>
    /// <param name="leastScore">Precision and recall are of findings at least so sure; AP is of all.</param>
    /// <exception cref="ArgumentException">The shape does not fit, or there are no objects.</exception>
    public static DetectionScores Of(PseudoLabels labels, Tensor truth, bool boxes = false, double leastScore = 0)
    {
        IReadOnlyList<ImageFindings> findings = labels.Findings(truth, boxes);
        PrecisionRecall curve = AveragePrecision.Curve(findings, 0.5);
        int sure = findings.Sum(image => image.Scores.Count(score => score >= leastScore));
        return new(
            AveragePrecision.At(findings, 0.5), AveragePrecision.At(findings, 0.75), AveragePrecision.Mean(findings),
            sure > 0 ? curve.Precision[sure - 1] : 0, sure > 0 ? curve.Recall[sure - 1] : 0);
    }
}
