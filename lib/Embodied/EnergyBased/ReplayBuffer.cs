using static TorchSharp.torch;

namespace Embodied.EnergyBased;

/// <summary>
/// The ends of earlier Langevin chains, to go on from. A chain of K steps from noise is too short to reach equilibrium; going on where
/// an earlier one ended makes it as long as the training, and a few restarts from noise keep it from forgetting how to begin.
/// It is to Langevin EBMs what persistent chains are to RBMs.
/// </summary>
/// <remarks>Du &amp; Mordatch 2019, section 3.2. Not safe to use from several threads.</remarks>
public sealed class ReplayBuffer : IDisposable
{
    private readonly Tensor states;
    private readonly Generator generator;

    /// <summary>The number of states held.</summary>
    public int Capacity => (int)states.shape[0];

    /// <summary>Half the width of the noise: restarts are uniform from −Range to Range in every coordinate.</summary>
    public double Range { get; }

    /// <summary>Everything that is held, [capacity, d]; a view, not a copy.</summary>
    public Tensor States => states.alias();

    /// <summary>A buffer full of noise.</summary>
    /// <param name="capacity">States held; 10,000 in the paper.</param>
    /// <param name="dimensions">Length d of a state.</param>
    /// <param name="range">Half the width of the uniform noise, in units of x.</param>
    /// <param name="generator">Where noise and choices come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not positive.</exception>
    public ReplayBuffer(int capacity, int dimensions, double range, Generator generator, ScalarType dtype = ScalarType.Float32)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(range);
        (Range, this.generator) = (range, generator);
        states = Noise(capacity, dimensions, range, generator, dtype).DetachFromDisposeScope();
    }

    /// <summary>Uniform noise from −range to range, [n, d]: where chains begin.</summary>
    public static Tensor Noise(long n, long dimensions, double range, Generator generator, ScalarType dtype = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        return ((2 * rand(n, dimensions, dtype: dtype, generator: generator) - 1) * range).MoveToOuterDisposeScope();
    }

    /// <summary>Draws different states at random, and replaces the given share of them by fresh noise.</summary>
    /// <param name="count">How many, at most <see cref="Capacity"/>.</param>
    /// <param name="restart">The probability that a state is replaced, 0 to 1; 0.05 in the paper.</param>
    /// <returns>Where they lie, int64 [count], and the states, [count, d].</returns>
    /// <exception cref="ArgumentOutOfRangeException">More are asked for than there are, or the share is none.</exception>
    public (Tensor Places, Tensor States) Draw(int count, double restart)
    {
        if (count < 1 || count > Capacity)
        {
            throw new ArgumentOutOfRangeException(nameof(count), count, $"The buffer holds {Capacity} states; ask for 1 to {Capacity}.");
        }
        ArgumentOutOfRangeException.ThrowIfNegative(restart);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(restart, 1);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor places = randperm(Capacity, generator: generator).narrow(0, 0, count).clone();
        Tensor noise = Noise(count, states.shape[1], Range, generator, states.dtype);
        Tensor fresh = rand(count, 1, generator: generator).lt(restart);
        return (places.MoveToOuterDisposeScope(), where(fresh, noise, states.index_select(0, places)).MoveToOuterDisposeScope());
    }

    /// <summary>Puts the ends of chains back where their starts were drawn.</summary>
    /// <param name="places">What <see cref="Draw"/> gave, [n].</param>
    /// <param name="ends">[n, d].</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public void Store(Tensor places, Tensor ends)
    {
        ShapeCheck.Require(places, nameof(places), -1);
        ShapeCheck.Require(ends, nameof(ends), places.shape[0], states.shape[1]);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        states.index_copy_(0, places, ends.detach());
    }

    /// <inheritdoc/>
    public void Dispose() => states.Dispose();
}
