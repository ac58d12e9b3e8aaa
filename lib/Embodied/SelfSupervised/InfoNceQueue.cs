using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.SelfSupervised;

/// <summary>
/// MoCo's dictionary of negatives: the keys of the last batches, first in first out, so that there can be many more negatives than a batch holds.
/// A module, so that its keys and its place are saved with the network.
/// </summary>
/// <remarks>He et al., <i>Momentum contrast for unsupervised visual representation learning</i>, 2020, section 3.2. Lecture: self-supervised learning.</remarks>
public sealed class InfoNceQueue : Module
{
    private readonly Tensor keys;
    private readonly Tensor place;

    /// <summary>The keys, unit vectors, [capacity, d]; row <see cref="Place"/> is the oldest. A view: clone what you keep.</summary>
    public Tensor Keys => keys;

    /// <summary>Where the next key goes, 0 to capacity − 1.</summary>
    public long Place => place.item<long>();

    /// <summary>Keys that it holds.</summary>
    public long Capacity => keys.shape[0];

    /// <summary>A queue full of random unit vectors, which the first batches replace.</summary>
    /// <param name="capacity">Keys; MoCo takes 65,536.</param>
    /// <param name="width">Length d of a key.</param>
    /// <param name="generator">Where the first keys come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public InfoNceQueue(int capacity, int width, Generator generator, ScalarType dtype = ScalarType.Float32) : base(nameof(InfoNceQueue))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        using var scope = NewDisposeScope();
        keys = functional.normalize(randn(capacity, width, dtype: dtype, generator: generator), dim: 1).DetachFromDisposeScope();
        place = zeros(1, ScalarType.Int64).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>Lets the batch in, in its order, and as many of the oldest out; a batch need not divide the capacity.</summary>
    /// <param name="batch">Keys, [b, d] with b up to the capacity; taken as they are.</param>
    /// <exception cref="ArgumentException">The shape does not fit, or there are more than the queue can hold.</exception>
    public void Enqueue(Tensor batch)
    {
        ShapeCheck.Require(batch, nameof(batch), -1, keys.shape[1]);
        long b = batch.shape[0], at = Place;
        if (b > Capacity)
        {
            throw new ArgumentException($"batch has {b} keys, more than the queue's capacity of {Capacity}.", nameof(batch));
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        long before = Math.Min(b, Capacity - at);
        keys.narrow(0, at, before).copy_(batch.narrow(0, 0, before));
        if (before < b)
        {
            keys.narrow(0, 0, b - before).copy_(batch.narrow(0, before, b - before));
        }
        place.fill_((at + b) % Capacity);
    }
}
