using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.EnergyBased;

/// <summary>How an RBM is trained; the defaults follow Hinton's <i>A practical guide to training restricted Boltzmann machines</i> (2010).</summary>
public sealed record RbmOptions
{
    /// <summary>Passes over the data.</summary>
    public int Epochs { get; init; } = 5;

    /// <summary>Examples per update.</summary>
    public int BatchSize { get; init; } = 100;

    /// <summary>Gibbs sweeps k per update.</summary>
    public int Sweeps { get; init; } = 1;

    /// <summary>Whether the negative chains go on from the last update (persistent CD) instead of restarting at the data (CD-k).</summary>
    public bool Persistent { get; init; } = true;

    /// <summary>First learning rate; it falls linearly to zero, as persistent chains need (Tieleman 2008).</summary>
    public double LearningRate { get; init; } = 0.05;

    /// <summary>Momentum of the update.</summary>
    public double Momentum { get; init; } = 0.5;

    /// <summary>L2 decay of W (not of the biases).</summary>
    public double WeightDecay { get; init; } = 1e-4;
}

/// <summary>Stochastic gradient ascent on an RBM's likelihood with (persistent) contrastive divergence.</summary>
public static class RbmTraining
{
    /// <summary>Trains in place. Visible biases start at the log-odds of the data's mean, so that W need not learn the average image.</summary>
    /// <param name="rbm">The machine.</param>
    /// <param name="data">[n, visible], each from 0 to 1; pixels are flipped into zeros and ones anew for every batch.</param>
    /// <param name="options">How.</param>
    /// <param name="generator">Where batches and coin flips come from.</param>
    /// <param name="progress">Told each update and its reconstruction error (mean squared, per unit): a monitor, not what is minimised.</param>
    /// <param name="onEpoch">Called with the number of epochs done, 0 before the first.</param>
    /// <param name="cancellation">Stops the training.</param>
    /// <returns>The states of the negative chains, [batch, visible].</returns>
    /// <exception cref="ArgumentException">The data's shape does not fit.</exception>
    /// <exception cref="InvalidOperationException">The reconstruction error turned NaN; the message names the update.</exception>
    public static Tensor Train(
        Rbm rbm, Tensor data, RbmOptions options, Generator generator,
        IProgress<TrainingProgress>? progress = null, Action<int>? onEpoch = null, CancellationToken cancellation = default)
    {
        ShapeCheck.Require(data, nameof(data), -1, rbm.Visible);
        using var trainingScope = NewDisposeScope();
        using var _ = no_grad();
        int perEpoch = (int)Math.Max(1, data.shape[0] / options.BatchSize);
        int updates = perEpoch * options.Epochs;

        Tensor mean = data.mean([0L]).clamp(0.01, 0.99);
        rbm.b.copy_((mean / (1 - mean)).log());
        Tensor[] parameters = [rbm.W, rbm.b, rbm.c];
        Tensor[] velocities = [.. parameters.Select(p => zeros_like(p))];
        Tensor chains = Rbm.Flip(mean.expand(options.BatchSize, -1), generator);

        int update = 0;
        onEpoch?.Invoke(0);
        for (int epoch = 1; epoch <= options.Epochs; epoch++)
        {
            using var epochScope = NewDisposeScope();
            Tensor order = randperm(data.shape[0], generator: generator);
            for (int i = 0; i < perEpoch; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                long from = (long)i * options.BatchSize;
                Tensor batch = data.index_select(0, order.narrow(0, from, Math.Min(options.BatchSize, data.shape[0] - from)));
                Tensor v = Rbm.Flip(batch, generator);
                (RbmGradient gradient, Tensor next) =
                    ContrastiveDivergence.Estimate(rbm, v, options.Persistent ? chains : v, options.Sweeps, generator);
                chains.set_(next);

                double rate = options.LearningRate * (1 - (double)update / updates);
                Tensor[] ascent = [gradient.W - options.WeightDecay * rbm.W, gradient.b, gradient.c];
                for (int p = 0; p < parameters.Length; p++)
                {
                    velocities[p].mul_(options.Momentum).add_(ascent[p], alpha: rate);
                    parameters[p].add_(velocities[p]);
                }

                update++;
                if (update % 20 == 0 || update == updates)
                {
                    double error = (rbm.VisibleGivenHidden(rbm.HiddenGivenVisible(batch)) - batch).square().mean().ToDouble();
                    progress?.Report(new(update, updates, error));
                    if (!double.IsFinite(error))
                    {
                        throw new InvalidOperationException($"The RBM's reconstruction error is {error} at update {update}: take a smaller learning rate.");
                    }
                }
            }
            onEpoch?.Invoke(epoch);
        }
        return chains.clone().MoveToOuterDisposeScope();
    }
}
