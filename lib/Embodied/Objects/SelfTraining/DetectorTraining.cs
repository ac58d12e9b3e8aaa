using Embodied.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Embodied.Objects.SelfTraining;

/// <summary>How a <see cref="MaskDetector"/> is trained on labels.</summary>
public sealed record DetectorTrainingOptions
{
    /// <summary>Updates in all.</summary>
    public int Updates { get; init; } = 400;

    /// <summary>Images per update.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Highest learning rate of AdamW; it falls to zero along a cosine.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Weight decay.</summary>
    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>Largest norm of the gradient; CutLER's.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>τ of <see cref="DropLoss"/>; null to drop nothing.</summary>
    public double? DropTau { get; init; } = 0.01;

    /// <summary>What is pasted; null for nothing.</summary>
    public CopyPaste? CopyPaste { get; init; } = new();
}

/// <summary>The training loop: a batch, half of it mirrored, regions pasted, a step down the loss.</summary>
public static class DetectorTraining
{
    /// <summary>Trains from where the network is.</summary>
    /// <param name="detector">The network.</param>
    /// <param name="images">[n, 3, H, W], 0 to 1.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="generator">Where batches and augmentations come from.</param>
    /// <param name="progress">Told every update and its loss.</param>
    /// <param name="onUpdate">Called with the number of updates done.</param>
    /// <param name="cancellation">Stops the training.</param>
    /// <exception cref="ArgumentException">A shape does not fit, there are fewer images than a batch, or no image has a label.</exception>
    /// <exception cref="InvalidOperationException">The loss turned NaN or infinite; the message names the update.</exception>
    public static void Run(
        MaskDetector detector, Tensor images, PseudoLabels labels, DetectorTrainingOptions? options, Generator generator,
        IProgress<TrainingProgress>? progress = null, Action<int>? onUpdate = null, CancellationToken cancellation = default)
    {
        options ??= new();
        ShapeCheck.Require(images, nameof(images), labels.Count, 3, labels.Masks.shape[2], labels.Masks.shape[3]);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Updates, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        using var scope = NewDisposeScope();
        // An image without labels says nothing: whatever it holds may be an object.
        Tensor labelled = labels.Scores.gt(0).any(1).nonzero().squeeze(1);
        if (labelled.shape[0] < options.BatchSize)
        {
            throw new ArgumentException($"{labelled.shape[0]} of {labels.Count} images have labels, wanted at least {options.BatchSize}, one batch.", nameof(labels));
        }
        (IReadOnlyList<Parameter> decayed, IReadOnlyList<Parameter> notDecayed) = ParameterGroups.Split(detector);
        using OptimizerHelper optimizer = optim.AdamW(
            [new AdamW.ParamGroup(decayed, new AdamW.Options { weight_decay = options.WeightDecay }), new AdamW.ParamGroup(notDecayed, new AdamW.Options { weight_decay = 0 })],
            options.LearningRate);
        CosineSchedule rate = new(options.LearningRate, options.LearningRate * 0.01, options.Updates, Math.Min(options.Updates, options.Updates / 20));
        bool training = detector.training;
        detector.train();
        for (int step = 0; step < options.Updates; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            double loss = Update(detector, images, labels, labelled, options, optimizer, rate, step, generator);
            progress?.Report(new(step + 1, options.Updates, loss));
            onUpdate?.Invoke(step + 1);
        }
        detector.train(training);
    }

    private static double Update(
        MaskDetector detector, Tensor images, PseudoLabels labels, Tensor labelled, DetectorTrainingOptions options,
        OptimizerHelper optimizer, CosineSchedule rate, int step, Generator generator)
    {
        using var scope = NewDisposeScope();
        Tensor index = labelled.index_select(0, randperm(labelled.shape[0], generator: generator).narrow(0, 0, options.BatchSize));
        Tensor x = images.index_select(0, index), m = labels.Masks.index_select(0, index);
        Tensor mirrored = rand([options.BatchSize, 1, 1, 1], generator: generator).lt(0.5);
        (x, m) = (where(mirrored, x.flip(3), x), where(mirrored, m.flip(3), m));
        if (options.CopyPaste is { } copyPaste)
        {
            (x, m) = copyPaste.Apply(x, m, generator);
        }
        optimizer.zero_grad();
        Tensor loss = DetectorLoss.Of(detector, x, m, generator, options.DropTau);
        double value = loss.ToDouble();
        if (!double.IsFinite(value))
        {
            throw new InvalidOperationException($"The detector's loss is {value} at update {step + 1}: take a smaller learning rate.");
        }
        loss.backward();
        nn.utils.clip_grad_norm_(detector.parameters(), options.ClipNorm);
        foreach (ParamGroup group in optimizer.ParamGroups)
        {
            group.LearningRate = rate.At(step);
        }
        optimizer.step();
        return value;
    }
}
