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
    public int Updates { get; init; } = 10_000;

    /// <summary>Maps of an update, with all their demonstrated steps.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Highest learning rate of Adam; after a short warm-up it falls along half a cosine, to nothing.</summary>
    public double LearningRate { get; init; } = 2e-2;

    /// <summary>Longest gradient.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>
    /// Whether any of the expert's best moves will do, or only the one that it made. Where several are best, the one that was made is chance, and chance is
    /// nothing to learn.
    /// </summary>
    public bool AnyBestMove { get; init; } = true;

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
/// Imitation: the network's policy shall make the expert's moves, in all demonstrated steps of a few maps at a time,
/// <code>
/// L = −mean log Σ_a∈B(s) π(a | s),
/// </code>
/// by Adam. B(s) holds all best moves, or the expert's alone: then L is cross-entropy.
/// </summary>
/// <remarks>Tamar et al. 2016, section 4.1. Lecture: value iteration networks.</remarks>
public static class ValueIterationTraining
{
    private static readonly Scalar Never = double.NegativeInfinity; // Kept: a number made anew may be freed while native code reads it.

    /// <summary>−mean log Σ_a∈B(s) π(a | s).</summary>
    /// <param name="logits">[m, 8].</param>
    /// <param name="right">B(s), bool [m, 8]: at least one move in each state.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Loss(Tensor logits, Tensor right)
    {
        ShapeCheck.Require(logits, nameof(logits), -1, GridMoves.Count);
        ShapeCheck.Require(right, nameof(right), logits.shape[0], GridMoves.Count);
        using var scope = NewDisposeScope();
        Tensor among = logits.masked_fill(right.logical_not(), Never).logsumexp(1);
        return (logits.logsumexp(1) - among).mean().MoveToOuterDisposeScope();
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
                using Tensor shuffled = randperm(from.Maps.Count, generator: generator);
                order = shuffled.data<long>().ToArray();
                at = 0;
            }
            int size = Math.Min(options.BatchSize, order.Length);
            GridBatch batch = from.Batch(order.AsSpan(at, size));
            Tensor right = options.AnyBestMove ? batch.Best : nn.functional.one_hot(batch.Moves, GridMoves.Count).to(ScalarType.Bool);
            at += size;
            optimizer.zero_grad();
            Tensor loss = Loss(network.Logits(batch.Images, batch.States), right);
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
