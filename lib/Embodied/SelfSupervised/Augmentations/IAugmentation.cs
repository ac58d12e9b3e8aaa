using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>
/// A random change of images that shall not change what they mean: two results of one image are a positive pair. Every image of a batch
/// gets numbers of its own.
/// </summary>
public interface IAugmentation
{
    /// <summary>Changes a batch.</summary>
    /// <param name="images">[n, c, h, w], float32, 0 to 1.</param>
    /// <param name="generator">Where the random numbers come from.</param>
    /// <returns>A new tensor, [n, c, h', w'].</returns>
    /// <exception cref="ArgumentException">The shape does not fit, or colour is wanted where there is one channel.</exception>
    Tensor Apply(Tensor images, Generator generator);
}

/// <summary>One augmentation after the other.</summary>
/// <param name="Parts">In order.</param>
public sealed record Compose(params IReadOnlyList<IAugmentation> Parts) : IAugmentation
{
    /// <inheritdoc/>
    public Tensor Apply(Tensor images, Generator generator)
    {
        using var scope = NewDisposeScope();
        Tensor changed = Parts.Aggregate(images, (changed, part) => part.Apply(changed, generator));
        return (ReferenceEquals(changed, images) ? changed.clone() : changed).MoveToOuterDisposeScope();
    }
}

/// <summary>An augmentation that befalls an image with probability <paramref name="Probability"/>; it must not change the size.</summary>
/// <param name="Part">The augmentation.</param>
/// <param name="Probability">0 to 1.</param>
public sealed record RandomApply(IAugmentation Part, double Probability) : IAugmentation
{
    /// <inheritdoc/>
    public Tensor Apply(Tensor images, Generator generator)
    {
        ImageBatch.Require(images);
        using var scope = NewDisposeScope();
        Tensor chosen = rand(images.shape[0], generator: generator).lt(Probability).nonzero().squeeze(1);
        Tensor result = images.clone();
        if (chosen.shape[0] > 0)
        {
            result.index_copy_(0, chosen, Part.Apply(images.index_select(0, chosen), generator));
        }
        return result.MoveToOuterDisposeScope();
    }
}
