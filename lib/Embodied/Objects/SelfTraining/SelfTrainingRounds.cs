using static TorchSharp.torch;

namespace Embodied.Objects.SelfTraining;

/// <summary>How rounds of self-training follow each other; the defaults are CutLER's, but for the numbers of updates.</summary>
public sealed record SelfTrainingOptions
{
    /// <summary>Rounds in all: the first learns from MaskCut, the others from the one before.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>The first round: with DropLoss, as MaskCut misses objects.</summary>
    public DetectorTrainingOptions First { get; init; } = new();

    /// <summary>The other rounds: half as long, at half the learning rate, from the weights of the round before; nothing is dropped any more.</summary>
    public DetectorTrainingOptions Later { get; init; } = new() { Updates = 200, LearningRate = 1.5e-3, DropTau = null, CopyPaste = new() { SmallestScale = 0.5 } };

    /// <summary>Predictions at least so sure become labels of the second round.</summary>
    public double Confidence { get; init; } = 0.7;

    /// <summary>From round to round confidence is asked for less by this.</summary>
    public double ConfidenceStep { get; init; } = 0.05;

    /// <summary>An older label is replaced by a sure prediction from this IoU on.</summary>
    public double ReplacedFrom { get; init; } = 0.5;
}

/// <summary>
/// CutLER's learning: a detector is trained on MaskCut's masks and then, round after round, on what it sees itself when it is sure, together with those
/// older labels that it did not replace (<see cref="PseudoLabels.Merge"/>). It generalises over what the labels have in common and not over their
/// mistakes, which differ from image to image; so the predictions are better than the labels, and better labels make the next round better.
/// </summary>
/// <remarks>
/// Wang et al., CutLER, CVPR 2023, § 3.4. The paper asks for a confidence of 0.75 − 0.5 t in round t, its published code for 0.7 and then 0.65, that is 0.75 − 0.05 t,
/// which is taken here. Lecture: object discovery.
/// </remarks>
public static class SelfTrainingRounds
{
    /// <summary>Runs all rounds.</summary>
    /// <param name="detector">The network; trained in place.</param>
    /// <param name="images">[n, 3, H, W], 0 to 1.</param>
    /// <param name="labels">MaskCut's labels of them; not disposed.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="generator">Where batches and augmentations come from.</param>
    /// <param name="progress">Told every update of all rounds, and its loss.</param>
    /// <param name="onRound">Called after each round with its number from 1 and the labels that it learned from, which are gone afterwards (but for the given ones).</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or fewer images than a batch have labels.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are no rounds.</exception>
    /// <exception cref="InvalidOperationException">The loss turned NaN or infinite; the message names round and update.</exception>
    public static void Run(
        MaskDetector detector, Tensor images, PseudoLabels labels, SelfTrainingOptions? options, Generator generator,
        IProgress<TrainingProgress>? progress = null, Action<int, PseudoLabels>? onRound = null, CancellationToken cancellation = default)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Rounds, 1, nameof(options));
        int all = options.First.Updates + (options.Rounds - 1) * options.Later.Updates, done = 0;
        PseudoLabels current = labels;
        try
        {
            for (int round = 1; round <= options.Rounds; round++)
            {
                DetectorTrainingOptions training = round == 1 ? options.First : options.Later;
                int before = done;
                Relay relay = new(report => progress?.Report(report with { Step = before + report.Step, Steps = all }));
                try
                {
                    DetectorTraining.Run(detector, images, current, training, generator, relay, cancellation: cancellation);
                }
                catch (InvalidOperationException e)
                {
                    throw new InvalidOperationException($"Round {round}: {e.Message}", e);
                }
                done += training.Updates;
                onRound?.Invoke(round, current);
                if (round < options.Rounds)
                {
                    using PseudoLabels seen = detector.Find(images);
                    PseudoLabels next = current.Merge(seen, options.Confidence - (round - 1) * options.ConfidenceStep, options.ReplacedFrom);
                    Discard();
                    current = next;
                }
            }
        }
        finally
        {
            Discard();
        }

        void Discard()
        {
            if (!ReferenceEquals(current, labels))
            {
                current.Dispose();
            }
        }
    }

    private sealed class Relay(Action<TrainingProgress> to) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => to(value);
    }
}
