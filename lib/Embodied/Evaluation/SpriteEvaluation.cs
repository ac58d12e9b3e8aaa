using Embodied.Datasets.Sprites;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Evaluation;

/// <summary>What a frozen representation knows of sprite scenes; shares from 0 to 1, but for the rank.</summary>
/// <param name="Instances">Retrieval: the share of unseen renderings of seen objects whose nearest neighbour shows the same object.</param>
/// <param name="InstanceProbe">Accuracy of a linear probe that names the seen object, on unseen renderings.</param>
/// <param name="HeldOut">Retrieval among renderings of held-out objects, of which nothing was ever seen.</param>
/// <param name="Categories">Accuracy of weighted k-NN that names a held-out object's category, from seen objects.</param>
/// <param name="CategoryProbe">The same of a linear probe.</param>
/// <param name="Rank">The effective rank of the seen objects' representations.</param>
public sealed record RepresentationScores(double Instances, double InstanceProbe, double HeldOut, double Categories, double CategoryProbe, double Rank);

/// <summary>How representations are compared on sprite scenes.</summary>
public sealed record SpriteEvaluationOptions
{
    /// <summary>What the scenes look like: the same as those trained on, unless another world is to be tried.</summary>
    public SpriteSceneOptions Scene { get; init; } = new();

    /// <summary>Objects of each split; fewer where there are fewer.</summary>
    public int Objects { get; init; } = 150;

    /// <summary>Renderings of each object, each over a background of its own; at least 2.</summary>
    public int Renderings { get; init; } = 6;

    /// <summary>Neighbours that vote for a category.</summary>
    public int Neighbours { get; init; } = 20;

    /// <summary>Which renderings.</summary>
    public long Seed { get; init; } = 20_260;
}

/// <summary>
/// The measures that every self-supervised method of the course is held to, on one set of scenes: instances (unseen renderings of seen
/// objects) and categories (of held-out objects), by neighbours and by a linear probe on frozen features. Put raw pixels and the untrained network beside
/// every number: much of a score is there before anything is learned.
/// </summary>
/// <remarks>Wu et al. 2018, section 4; Caron et al. 2021, section 4.1. Lecture: self-supervised learning.</remarks>
public sealed class SpriteEvaluation : IDisposable
{
    private const int Block = 128;
    private readonly SpriteEvaluationOptions options;
    private readonly SpriteBatch seen;
    private readonly SpriteBatch heldOut;

    /// <summary>Renderings of seen objects, object by object.</summary>
    public SpriteBatch Seen => seen;

    /// <summary>Renderings of held-out objects, object by object.</summary>
    public SpriteBatch HeldOut => heldOut;

    /// <summary>Draws the scenes.</summary>
    /// <param name="options">Which.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 renderings of an object, or no objects.</exception>
    public SpriteEvaluation(SpriteEvaluationOptions? options = null)
    {
        this.options = options ?? new();
        ArgumentOutOfRangeException.ThrowIfLessThan(this.options.Objects, 2, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(this.options.Renderings, 2, nameof(options));
        seen = Draw(SpriteSplit.Seen, this.options.Seed);
        heldOut = Draw(SpriteSplit.HeldOut, this.options.Seed + 1);
    }

    /// <summary>What an encoder's features know.</summary>
    /// <param name="encoder">From [n, 3, size, size] to [n, d]; it is asked in evaluation mode and left in the mode that it had.</param>
    public RepresentationScores Of(Module<Tensor, Tensor> encoder)
    {
        using var scope = NewDisposeScope();
        return Of(Features(encoder, seen.Images), Features(encoder, heldOut.Images));
    }

    /// <summary>What the pixels themselves know, their mean over the seen scenes taken away.</summary>
    public RepresentationScores OfPixels()
    {
        using var scope = NewDisposeScope();
        Tensor train = seen.Images.flatten(1), mean = train.mean([0L]);
        return Of(train - mean, heldOut.Images.flatten(1) - mean);
    }

    /// <summary>What features know that were made by anything else.</summary>
    /// <param name="seenFeatures">Of <see cref="Seen"/>, [n, d].</param>
    /// <param name="heldOutFeatures">Of <see cref="HeldOut"/>, [m, d].</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public RepresentationScores Of(Tensor seenFeatures, Tensor heldOutFeatures)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor instances = seen.Objects.select(1, 0), others = heldOut.Objects.select(1, 0);
        Tensor groups = seen.Groups.select(1, 0), otherGroups = heldOut.Groups.select(1, 0);
        // The probe learns from all renderings of an object but the last two (the last one of two).
        long n = seenFeatures.shape[0], r = options.Renderings, kept = Math.Max(1, r - 2);
        Tensor place = arange(n).remainder(r), number = arange(n).div(r, RoundingMode.floor).to(ScalarType.Int64);
        Tensor train = place.lt(kept).nonzero().squeeze(1), test = place.ge(kept).nonzero().squeeze(1);
        return new RepresentationScores(
            NearestNeighbours.Retrieval(seenFeatures, instances),
            LinearProbe.Accuracy(seenFeatures.index_select(0, train), number.index_select(0, train), seenFeatures.index_select(0, test), number.index_select(0, test), Probe),
            NearestNeighbours.Retrieval(heldOutFeatures, others),
            NearestNeighbours.Accuracy(seenFeatures, groups, heldOutFeatures, otherGroups, new() { Neighbours = Math.Min(options.Neighbours, (int)n) }),
            LinearProbe.Accuracy(seenFeatures, groups, heldOutFeatures, otherGroups, Probe),
            EffectiveRank.Of(seenFeatures));
    }

    /// <summary>Only the share of renderings of seen objects whose nearest neighbour shows the same object: cheap enough for a training's curve.</summary>
    /// <param name="encoder">From [n, 3, size, size] to [n, d].</param>
    public double Instances(Module<Tensor, Tensor> encoder) => Retrieval(encoder, seen);

    /// <summary>The same among renderings of held-out objects.</summary>
    /// <param name="encoder">From [n, 3, size, size] to [n, d].</param>
    public double HeldOutInstances(Module<Tensor, Tensor> encoder) => Retrieval(encoder, heldOut);

    /// <summary>Features of images in evaluation mode, without gradient, a block at a time.</summary>
    /// <param name="encoder">From [n, c, h, w] to [n, d]; it is left in the mode that it had.</param>
    /// <param name="images">[n, c, h, w].</param>
    /// <returns>[n, d].</returns>
    public static Tensor Features(Module<Tensor, Tensor> encoder, Tensor images)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        bool training = encoder.training;
        encoder.eval();
        List<Tensor> blocks = [];
        for (long from = 0; from < images.shape[0]; from += Block)
        {
            using var block = NewDisposeScope();
            blocks.Add(encoder.call(images.narrow(0, from, Math.Min(Block, images.shape[0] - from))).MoveToOuterDisposeScope());
        }
        encoder.train(training);
        return cat(blocks).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        seen.Dispose();
        heldOut.Dispose();
    }

    // Wide features of few pictures: a stronger penalty than the default, the same for all.
    private static LinearProbeOptions Probe { get; } = new() { Penalty = 1e-2, Steps = 200 };

    private static double Retrieval(Module<Tensor, Tensor> encoder, SpriteBatch scenes)
    {
        using var scope = NewDisposeScope();
        return NearestNeighbours.Retrieval(Features(encoder, scenes.Images), scenes.Objects.select(1, 0));
    }

    private SpriteBatch Draw(SpriteSplit split, long seed)
    {
        // Evenly from all: the first ones are all of two or three categories.
        IReadOnlyList<int> all = SpriteObjects.Shared.Of(split);
        int count = Math.Min(options.Objects, all.Count);
        int[] ids = [.. Enumerable.Range(0, count).SelectMany(i => Enumerable.Repeat(all[i * all.Count / count], options.Renderings))];
        return SpriteScenes.DrawObjects(ids, options.Scene, poses: seed, backgrounds: ~seed);
    }
}
