using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.EnergyBased;

/// <summary>How a Langevin EBM is trained; the defaults are those of Du &amp; Mordatch 2019 (on images, appendix A.3).</summary>
public sealed record EbmOptions
{
    /// <summary>Updates of the energy.</summary>
    public int Updates { get; init; } = 1000;

    /// <summary>Examples, and chains, per update.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>The Langevin dynamics of the negative phase.</summary>
    public LangevinOptions Langevin { get; init; } = new();

    /// <summary>The share of chains that start from noise rather than from the buffer.</summary>
    public double Restart { get; init; } = 0.05;

    /// <summary>α, the weight of the squared energies.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary>
    /// Standard deviation of Gaussian noise added to the data, anew in every batch. Data on a thin sheet have no density to learn: the energy
    /// would have to fall infinitely steeply onto it. Noise gives the sheet a thickness (Nijkamp et al. 2020 add 0.03 to images).
    /// </summary>
    public double DataNoise { get; init; }

    /// <summary>Adam's first learning rate.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Whether the rate falls linearly to zero, so that the last energies are not those of the last few batches.</summary>
    public bool Decay { get; init; }

    /// <summary>Adam's β₁ and β₂: no momentum, since the samples chase the energy.</summary>
    public (double Beta1, double Beta2) Betas { get; init; } = (0, 0.999);
}

/// <summary>
/// Maximum likelihood of p(x) ∝ exp(−E(x)) with contrastive gradients: data against the ends of Langevin chains that go on from
/// update to update.
/// </summary>
/// <remarks>Du &amp; Mordatch 2019, algorithm 1. Lecture: energy-based learning.</remarks>
public static class EbmTraining
{
    /// <summary>Trains in place.</summary>
    /// <param name="energy">The network.</param>
    /// <param name="data">[n, d].</param>
    /// <param name="buffer">Where chains go on from; it is filled on.</param>
    /// <param name="options">How.</param>
    /// <param name="generator">Where batches and noise come from.</param>
    /// <param name="progress">Told each update and ⟨E(x⁺)⟩ − ⟨E(x⁻)⟩, in nats: near zero when samples look like data.</param>
    /// <param name="onUpdate">Called with the number of updates done, 0 before the first.</param>
    /// <param name="cancellation">Stops the training.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="InvalidOperationException">The loss turned NaN or infinite; the message names the update.</exception>
    public static void Train(
        EnergyNetwork energy, Tensor data, ReplayBuffer buffer, EbmOptions options, Generator generator,
        IProgress<TrainingProgress>? progress = null, Action<int>? onUpdate = null, CancellationToken cancellation = default)
    {
        ShapeCheck.Require(data, nameof(data), -1, energy.Dimensions);
        using Tensor held = buffer.States;
        ShapeCheck.Require(held, nameof(buffer), -1, energy.Dimensions);
        using var trainingScope = NewDisposeScope();
        using var optimizer = optim.Adam(energy.parameters(), options.LearningRate, options.Betas.Beta1, options.Betas.Beta2);
        onUpdate?.Invoke(0);
        for (int update = 1; update <= options.Updates; update++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Tensor positive = data.index_select(0, randint(data.shape[0], options.BatchSize, generator: generator));
            if (options.DataNoise > 0)
            {
                positive = positive + options.DataNoise * randn(positive.shape, dtype: positive.dtype, generator: generator);
            }
            (Tensor places, Tensor starts) = buffer.Draw(options.BatchSize, options.Restart);
            Tensor negative = LangevinSampler.Sample(energy.call, starts, options.Langevin, generator, cancellation: cancellation);
            buffer.Store(places, negative);

            Tensor up = energy.call(positive), down = energy.call(negative);
            Tensor loss = EnergyContrast.Loss(up, down, options.Alpha);
            double value = loss.ToDouble(), contrast = up.mean().ToDouble() - down.mean().ToDouble();
            progress?.Report(new(update, options.Updates, contrast));
            if (!double.IsFinite(value))
            {
                throw new InvalidOperationException($"The EBM's loss is {value} at update {update}: take a smaller learning rate or Langevin step.");
            }
            if (options.Decay)
            {
                double rate = options.LearningRate * (1 - (update - 1.0) / options.Updates);
                foreach (var group in optimizer.ParamGroups)
                {
                    group.LearningRate = rate;
                }
            }
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
            onUpdate?.Invoke(update);
        }
    }
}
