using Embodied.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>Which optimiser.</summary>
public enum SelfSupervisedOptimizer
{
    /// <summary>Stochastic gradient descent with momentum.</summary>
    Sgd,

    /// <summary>Adam with decoupled weight decay (Loshchilov &amp; Hutter 2019).</summary>
    AdamW,
}

/// <summary>How a <see cref="SelfSupervisedMethod"/> is trained; the defaults are SimSiam's.</summary>
public sealed record SelfSupervisedOptions
{
    /// <summary>Updates in all.</summary>
    public int Updates { get; init; } = 1000;

    /// <summary>Images per update.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>Which optimiser.</summary>
    public SelfSupervisedOptimizer Optimizer { get; init; } = SelfSupervisedOptimizer.Sgd;

    /// <summary>Highest learning rate; it falls along a cosine.</summary>
    public double LearningRate { get; init; } = 0.05;

    /// <summary>Learning rate of the last update.</summary>
    public double FinalLearningRate { get; init; }

    /// <summary>Updates in which the learning rate rises linearly.</summary>
    public int WarmUp { get; init; }

    /// <summary>Momentum of SGD.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Weight decay at the start, of matrices and kernels; biases, norms and tokens are never decayed.</summary>
    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>Weight decay at the end, reached along a cosine; null for the same as at the start.</summary>
    public double? FinalWeightDecay { get; init; }

    /// <summary>Largest norm of the gradient of all parameters together; longer ones are shortened to it. Null for no bound.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>DINO's: AdamW, weight decay from 0.04 to 0.4, gradients clipped at 3 (there parameter by parameter).</summary>
    public static SelfSupervisedOptions Dino { get; } = new()
    {
        Optimizer = SelfSupervisedOptimizer.AdamW, LearningRate = 5e-4, FinalLearningRate = 1e-6, WeightDecay = 0.04, FinalWeightDecay = 0.4,
        ClipNorm = 3,
    };
}

/// <summary>
/// The training loop that all methods share: draw a batch, make its views, step down the loss, let the method do what it does after a step. It can
/// be saved at any update and goes on from there exactly as if it had not been interrupted.
/// </summary>
public sealed class SelfSupervisedTraining : IDisposable
{

    private readonly SelfSupervisedMethod method;
    private readonly SelfSupervisedOptions options;
    private readonly OptimizerHelper optimizer;

    /// <summary>Updates done.</summary>
    public int Step { get; private set; }

    /// <summary>A training at its start.</summary>
    /// <param name="method">What is trained; it is not disposed with this.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no updates, or the batch is empty.</exception>
    public SelfSupervisedTraining(SelfSupervisedMethod method, SelfSupervisedOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Updates, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        (this.method, this.options) = (method, options);
        (IReadOnlyList<Parameter> decayed, IReadOnlyList<Parameter> notDecayed) = ParameterGroups.Split(method);
        optimizer = options.Optimizer == SelfSupervisedOptimizer.AdamW
            ? optim.AdamW([new AdamW.ParamGroup(decayed, new AdamW.Options()), new AdamW.ParamGroup(notDecayed, new AdamW.Options { weight_decay = 0 })],
                options.LearningRate, weight_decay: options.WeightDecay)
            : optim.SGD([new SGD.ParamGroup(decayed, new SGD.Options()), new SGD.ParamGroup(notDecayed, new SGD.Options { weight_decay = 0 })],
                options.LearningRate, options.Momentum, weight_decay: options.WeightDecay);
    }

    /// <summary>Trains from <see cref="Step"/> to the last update.</summary>
    /// <param name="images">The data, [n, ...]; rows of it are handed to <paramref name="views"/>.</param>
    /// <param name="views">Makes the views of a batch, each [b, c, H, W], with the generator given.</param>
    /// <param name="generator">Where batches and views come from.</param>
    /// <param name="progress">Told every update and its loss.</param>
    /// <param name="onUpdate">Called with the number of updates done.</param>
    /// <param name="cancellation">Stops the training.</param>
    /// <exception cref="ArgumentException">The data is smaller than a batch, or a shape does not fit.</exception>
    /// <exception cref="InvalidOperationException">The loss turned NaN or infinite; the message names the update.</exception>
    public void Run(
        Tensor images, Func<Tensor, Generator, IReadOnlyList<Tensor>> views, Generator generator,
        IProgress<TrainingProgress>? progress = null, Action<int>? onUpdate = null, CancellationToken cancellation = default)
    {
        if (images.dim() == 0 || images.shape[0] < options.BatchSize)
        {
            throw new ArgumentException($"images has shape [{string.Join(", ", images.shape)}], wanted at least {options.BatchSize} rows, one batch.", nameof(images));
        }
        while (Step < options.Updates)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            // Without replacement: an image twice in a batch would be its own negative.
            Tensor indices = randperm(images.shape[0], generator: generator).narrow(0, 0, options.BatchSize);
            ViewBatch batch = new(views(images.index_select(0, indices), generator), indices);
            double loss = Update(batch);
            progress?.Report(new(Step, options.Updates, loss));
            onUpdate?.Invoke(Step);
        }
    }

    /// <summary>One update.</summary>
    /// <param name="batch">Views.</param>
    /// <returns>The loss before it.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="InvalidOperationException">The loss turned NaN or infinite; the message names the update. Nothing was changed.</exception>
    public double Update(ViewBatch batch)
    {
        using var scope = NewDisposeScope();
        method.Begin(Step, options.Updates);
        optimizer.zero_grad();
        Tensor loss = method.Loss(batch);
        double value = loss.ToDouble();
        if (!double.IsFinite(value))
        {
            throw new InvalidOperationException($"The loss of {method.GetName()} is {value} at update {Step + 1}: take a smaller learning rate.");
        }
        loss.backward();
        method.BeforeUpdate();
        if (options.ClipNorm is { } norm)
        {
            nn.utils.clip_grad_norm_(method.parameters().Where(p => p.requires_grad), norm);
        }
        Schedule();
        optimizer.step();
        method.AfterUpdate();
        Step++;
        return value;
    }

    /// <summary>Saves networks, optimiser, generator and step, to go on from later.</summary>
    /// <param name="path">The file.</param>
    /// <param name="generator">The one that <see cref="Run"/> was given.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path, Generator generator) => Checkpoint.SaveTraining(path, method, optimizer, generator, Step);

    /// <summary>Goes back, or ahead, to where a training of the same method and options was saved.</summary>
    /// <param name="path">The file.</param>
    /// <param name="generator">Gets the state that it had.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is truncated, of another architecture, or no training's.</exception>
    public void Load(string path, Generator generator) => Step = Checkpoint.LoadTraining(path, method, optimizer, generator);

    /// <inheritdoc/>
    public void Dispose() => optimizer.Dispose();

    private void Schedule()
    {
        double rate = new CosineSchedule(options.LearningRate, options.FinalLearningRate, options.Updates, options.WarmUp).At(Step);
        double decay = new CosineSchedule(options.WeightDecay, options.FinalWeightDecay ?? options.WeightDecay, options.Updates).At(Step);
        bool decayed = true; // The first group alone.
        foreach (ParamGroup group in optimizer.ParamGroups)
        {
            group.LearningRate = rate;
            switch (group.Options)
            {
                case AdamW.Options adam:
                    adam.weight_decay = decayed ? decay : 0;
                    break;
                case SGD.Options sgd:
                    sgd.weight_decay = decayed ? decay : 0;
                    break;
            }
            decayed = false;
        }
    }
}
