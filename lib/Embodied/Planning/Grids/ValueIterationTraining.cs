using Embodied.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Embodied.Planning.Grids;

/// <summary>How a value iteration network is trained.</summary>
public sealed record ValueIterationTrainingOptions
{
    /// <summary>The network.</summary>
    public ValueIterationNetworkOptions Network { get; init; } = new();

    /// <summary>What maps look like.</summary>
    public GridMapOptions World { get; init; } = GridMapOptions.Of(16);

    /// <summary>Maps to learn from.</summary>
    public int Maps { get; init; } = 5_000;

    /// <summary>Trajectories in each.</summary>
    public int Trajectories { get; init; } = 7;

    /// <summary>Updates in all.</summary>
    public int Updates { get; init; } = 6_000;

    /// <summary>Maps of an update, with all their demonstrated steps.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Highest learning rate of Adam; after a short warm-up it falls along half a cosine, to nothing.</summary>
    public double LearningRate { get; init; } = 5e-3;

    /// <summary>Longest gradient.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Where weights, maps and demonstrations come from.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The paper's sizes: K = 10, 20, 36 for maps of 8, 16 and 28 cells.</summary>
    /// <param name="side">Cells along a side.</param>
    public static ValueIterationTrainingOptions Of(int side) => new()
    {
        World = GridMapOptions.Of(side), Network = new() { Sweeps = ValueIterationNetworkOptions.SweepsFor(side) },
    };
}

/// <summary>
/// Imitation: cross-entropy between the network's policy and the expert's moves, in all demonstrated steps of a few maps at a time, by Adam.
/// </summary>
/// <remarks>Tamar et al. 2016, section 4.1. Lecture: value iteration networks.</remarks>
public static class ValueIterationTraining
{
    /// <summary>−mean log π(move | state), over the demonstrated steps of a batch.</summary>
    /// <param name="network">The network.</param>
    /// <param name="images">[n, 2, h, w].</param>
    /// <param name="states">[m], as in <see cref="ValueIterationNetwork.Logits"/>.</param>
    /// <param name="moves">int64 [m].</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Loss(ValueIterationNetwork network, Tensor images, Tensor states, Tensor moves)
    {
        ShapeCheck.Require(moves, nameof(moves), states.numel());
        using var scope = NewDisposeScope();
        return nn.functional.cross_entropy(network.Logits(images, states), moves).MoveToOuterDisposeScope();
    }

    /// <summary>Trains a network from its first weights.</summary>
    /// <param name="options">How.</param>
    /// <param name="progress">Told every update and its loss.</param>
    /// <param name="onUpdate">Called after every update.</param>
    /// <param name="cancellation">Stops between two updates.</param>
    /// <param name="data">What it learns from, where it has been drawn already.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="InvalidOperationException">The loss turned NaN or infinite; the message names the update.</exception>
    public static ValueIterationNetwork Run(
        ValueIterationTrainingOptions options, IProgress<TrainingProgress>? progress = null, Action<int, ValueIterationNetwork>? onUpdate = null,
        CancellationToken cancellation = default, GridDemonstrations? data = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Maps, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Updates, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        using GridDemonstrations? drawn = data is null ? GridDemonstrations.Draw(options.Maps, options.World, options.Seed, options.Trajectories) : null;
        GridDemonstrations from = data ?? drawn!;
        using Generator generator = new(unchecked((ulong)options.Seed));
        ValueIterationNetwork network = new(options.Network, generator);
        using OptimizerHelper optimizer = optim.Adam(network.parameters(), options.LearningRate);
        CosineSchedule schedule = new(options.LearningRate, 0, options.Updates, Math.Min(100, options.Updates / 10));
        long[] order = [];
        for (int step = 0, at = 0; step < options.Updates; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            if (order.Length == 0 || at + options.BatchSize > order.Length)
            {
                order = randperm(from.Maps.Count, generator: generator).data<long>().ToArray();
                at = 0;
            }
            int size = Math.Min(options.BatchSize, order.Length);
            (Tensor images, Tensor states, Tensor moves) = from.Batch(order.AsSpan(at, size));
            at += size;
            optimizer.zero_grad();
            Tensor loss = Loss(network, images, states, moves);
            double value = loss.ToDouble();
            if (!double.IsFinite(value))
            {
                throw new InvalidOperationException($"The loss of the value iteration network is {value} at update {step + 1}: take a smaller learning rate.");
            }
            loss.backward();
            nn.utils.clip_grad_norm_(network.parameters(), options.ClipNorm);
            foreach (ParamGroup group in optimizer.ParamGroups)
            {
                group.LearningRate = schedule.At(step);
            }
            optimizer.step();
            progress?.Report(new(step + 1, options.Updates, value));
            onUpdate?.Invoke(step + 1, network);
        }
        return network;
    }
}
