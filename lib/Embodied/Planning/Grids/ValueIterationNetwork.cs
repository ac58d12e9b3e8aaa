using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Planning.Grids;

/// <summary>The network's sizes. The defaults are the paper's for maps of 16 cells.</summary>
public sealed record ValueIterationNetworkOptions
{
    /// <summary>K, sweeps of the VI module: about as many as the longest path has steps.</summary>
    public int Sweeps { get; init; } = 20;

    /// <summary>Channels of the VI module, the network's own abstract actions.</summary>
    public int Actions { get; init; } = 10;

    /// <summary>Channels between map and reward.</summary>
    public int Hidden { get; init; } = 150;

    /// <summary>Whether all sweeps share their kernels, as value iteration does.</summary>
    public bool Tied { get; init; } = true;

    /// <summary>The deviation of the first kernels.</summary>
    public double Deviation { get; init; } = 0.02;

    /// <summary>K as in the paper: 10, 20 and 36 for maps of 8, 16 and 28 cells.</summary>
    /// <param name="side">Cells along a side.</param>
    public static int SweepsFor(int side) => side <= 8 ? 10 : side <= 16 ? 20 : (int)Math.Ceiling(36.0 * side / 28);
}

/// <summary>
/// A value iteration network for grid maps. A convolution makes the map a reward, the VI module plans with it, attention reads Q at the agent's cell, and a
/// linear layer without bias turns that into the log-odds of eight moves:
/// <code>
/// R = w · (W_h ∗ map + b),     Q = VI(R),     ψ(s) = Q[·, s],     π(· | s) = softmax(W_π ψ(s)).
/// </code>
/// Q depends on the map alone. Computed once, it serves every state of that map.
/// </summary>
/// <remarks>Tamar et al. 2016, sections 4 and 4.1. Lecture: value iteration networks.</remarks>
public sealed class ValueIterationNetwork : Module
{
    private readonly Parameter hidden, bias, reward, kernels, policy;

    /// <summary>A network with normal first weights.</summary>
    /// <param name="options">Its sizes.</param>
    /// <param name="generator">Where its weights come from.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public ValueIterationNetwork(ValueIterationNetworkOptions options, Generator generator)
        : base(nameof(ValueIterationNetwork))
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Sweeps, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Actions, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Hidden, 1, nameof(options));
        Options = options;
        Parameter Draw(double deviation, params long[] shape) => new(randn(shape, generator: generator) * deviation);
        hidden = Draw(0.3, options.Hidden, 2, 3, 3);
        bias = new(zeros(options.Hidden));
        reward = Draw(1 / Math.Sqrt(options.Hidden), 1, options.Hidden);
        kernels = Draw(options.Deviation, options.Tied ? 1 : options.Sweeps + 1, options.Actions, 2, 3, 3);
        policy = Draw(1 / Math.Sqrt(options.Actions), GridMoves.Count, options.Actions);
        RegisterComponents();
    }

    /// <summary>Its sizes.</summary>
    public ValueIterationNetworkOptions Options { get; }

    /// <summary>The VI module's kernels, [1 or K + 1, A, 2, 3, 3].</summary>
    public Tensor Kernels => kernels;

    /// <summary>W_π, [8, A].</summary>
    public Tensor Policy => policy;

    /// <summary>The reward that the network sees in maps.</summary>
    /// <param name="images">[n, 2, h, w], as <see cref="GridMap.Images"/> gives them.</param>
    /// <returns>[n, 1, h, w].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor Reward(Tensor images)
    {
        ShapeCheck.Require(images, nameof(images), -1, 2, -1, -1);
        using var scope = NewDisposeScope();
        // Two linear layers in a row are one: w (W_h ∗ x + b) = (w W_h) ∗ x + w b. Its gradient is the same, its cost a hundredth.
        Tensor kernel = reward.mm(hidden.view(Options.Hidden, 18)).view(1, 2, 3, 3);
        return functional.conv2d(images, kernel, reward.mv(bias), padding: [1L, 1L]).MoveToOuterDisposeScope();
    }

    /// <summary>Q of maps, once for all their states.</summary>
    /// <param name="images">[n, 2, h, w].</param>
    /// <param name="sweeps">Another number of sweeps than in training; only tied kernels know how to go on.</param>
    /// <returns>[n, A, h, w].</returns>
    /// <exception cref="ArgumentException">The shape does not fit, or untied kernels are asked for another number of sweeps.</exception>
    public Tensor ActionValues(Tensor images, int? sweeps = null)
    {
        using var scope = NewDisposeScope();
        return FusedValueIteration.Apply(Reward(images), kernels, sweeps ?? Options.Sweeps).MoveToOuterDisposeScope();
    }

    /// <summary>V of maps, max_a Q.</summary>
    /// <inheritdoc cref="ActionValues"/>
    /// <returns>[n, h, w].</returns>
    public Tensor Values(Tensor images, int? sweeps = null)
    {
        using var scope = NewDisposeScope();
        return ActionValues(images, sweeps).amax([1L]).MoveToOuterDisposeScope();
    }

    /// <summary>Log-odds of the eight moves in some states.</summary>
    /// <param name="images">[n, 2, h, w].</param>
    /// <param name="states">Where: map · h · w + row · w + column, int64 [m]; every cell of every map, in order, when null.</param>
    /// <param name="sweeps">As in <see cref="ActionValues"/>.</param>
    /// <returns>[m, 8].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Logits(Tensor images, Tensor? states = null, int? sweeps = null)
    {
        using var scope = NewDisposeScope();
        Tensor Q = ActionValues(images, sweeps);
        Tensor psi = Q.permute(0, 2, 3, 1).reshape(-1, Options.Actions);
        if (states is not null)
        {
            ShapeCheck.Require(states, nameof(states), -1);
            psi = psi.index_select(0, states);
        }
        return psi.mm(policy.t()).MoveToOuterDisposeScope();
    }

    /// <summary>The likeliest move of every cell.</summary>
    /// <param name="images">[n, 2, h, w].</param>
    /// <param name="sweeps">As in <see cref="ActionValues"/>.</param>
    /// <returns>int64 [n, h · w].</returns>
    public Tensor Moves(Tensor images, int? sweeps = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return Logits(images, null, sweeps).argmax(1).view(images.shape[0], -1).MoveToOuterDisposeScope();
    }
}
