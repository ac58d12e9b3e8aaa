using Embodied.Datasets.Sprites;
using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>
/// Views that no augmentation of one picture can make: each shows the same object anew, elsewhere, turned, in another size, before another
/// background, as if one had walked around it. What the views share is what a network learns from them, so that here it can be chosen.
/// </summary>
/// <remarks>Lecture: self-supervised learning; what two views should share is the subject of Tian et al., <i>What makes for good views for contrastive learning?</i>, 2020.</remarks>
public sealed record RenderedViews
{
    /// <summary>What the scenes look like.</summary>
    public SpriteSceneOptions Scene { get; init; } = new();

    /// <summary>How many views of each object.</summary>
    public int Count { get; init; } = 2;

    /// <summary>Whether all views of an object have the same background: then it is the background that a network learns.</summary>
    public bool SharedBackground { get; init; }

    /// <summary>What befalls every view after it was drawn.</summary>
    public IAugmentation Distortion { get; init; } = new Compose();

    /// <summary>Draws the views of a batch.</summary>
    /// <param name="objects">The objects' numbers, int64, [n].</param>
    /// <param name="generator">Where the random numbers come from.</param>
    /// <returns>Each [n, 3, size, size].</returns>
    /// <exception cref="ArgumentException">There is no such object, or an option makes no sense.</exception>
    public IReadOnlyList<Tensor> Apply(Tensor objects, Generator generator)
    {
        ShapeCheck.Require(objects, nameof(objects), -1);
        int[] ids = [.. objects.data<long>().Select(id => checked((int)id))];
        using Tensor drawn = randint(long.MaxValue, [Count + (SharedBackground ? 1 : Count)], dtype: ScalarType.Int64, generator: generator);
        long[] seeds = [.. drawn.data<long>()];
        return [.. Enumerable.Range(0, Count).Select(v =>
        {
            using SpriteBatch scenes = SpriteScenes.DrawObjects(ids, Scene, poses: seeds[v], backgrounds: seeds[SharedBackground ? Count : Count + v]);
            return Distortion.Apply(scenes.Images, generator);
        })];
    }
}
