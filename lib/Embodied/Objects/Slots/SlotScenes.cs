using Embodied.Datasets;
using Embodied.Datasets.Sprites;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Objects.Slots;

/// <summary>What slots learn from.</summary>
public enum SlotData
{
    /// <summary>Three tetrominoes on a black ground.</summary>
    Tetrominoes,

    /// <summary>Two to five objects of any shape on a black ground.</summary>
    Sprites,

    /// <summary>The same of compact objects: slots of this size draw round blobs, and what is long is drawn by two.</summary>
    CompactSprites,
}

/// <summary>Scenes to take apart, at 32 px. Dispose it to free the tensors.</summary>
/// <param name="Images">[n, 3, 32, 32], float32, 0 to 1; of sprites with stretched colours, see <see cref="SlotScenes.Stretched"/>.</param>
/// <param name="Masks">What one sees of each object, [n, K, 32, 32], bool; empty where a scene has fewer than K.</param>
public sealed record SlotScenes(Tensor Images, Tensor Masks) : IDisposable
{
    /// <summary>The image's side.</summary>
    public const int Size = 32;

    /// <summary>c, how much the colours of sprites are stretched.</summary>
    public const double Contrast = 3;

    /// <summary>How much of a square with its longer side a compact object covers at least.</summary>
    public const double Compact = 0.6;

    // Scalars that are made on the way may be collected while native code still reads them.
    private static readonly Scalar ToStretched = Contrast, ToNatural = 1 / Contrast;

    /// <summary>
    /// The sprite scenes: their ground is blackened, there are no shadows, and nine tenths of every object are seen. Over a coloured ground slots stay alike for longer than
    /// half an hour of one core, for most of the error is the ground's.
    /// </summary>
    public static SpriteSceneOptions Sprites { get; } = new()
    {
        Size = Size, MinObjects = 2, MaxObjects = 5, MinScale = 0.28, MaxScale = 0.42, MinVisible = 0.9, Shadow = 0, Backgrounds = [BackgroundKind.Plain],
    };

    /// <summary>Draws scenes to learn from, or held-out ones: of sprites, other objects.</summary>
    /// <param name="data">Of what.</param>
    /// <param name="count">n.</param>
    /// <param name="seed">Which scenes.</param>
    /// <param name="first">The number of the first.</param>
    /// <param name="heldOut">Whether from objects, or seeds, that training never draws.</param>
    public static SlotScenes Draw(SlotData data, int count, long seed, long first = 0, bool heldOut = false)
    {
        // Training takes even seeds, the rest odd ones.
        long which = unchecked(2 * seed + (heldOut ? 1 : 0));
        if (data == SlotData.Tetrominoes)
        {
            TetrominoBatch drawn = Tetrominoes.Draw(count, new() { Size = Size, DistinctColours = true }, which, first);
            drawn.Shapes.Dispose();
            drawn.Colours.Dispose();
            return new(drawn.Images, drawn.Masks);
        }
        SpriteBatch scenes = SpriteScenes.Draw(count, Sprites with { Split = heldOut ? SpriteSplit.HeldOut : SpriteSplit.Seen, MinFill = data == SlotData.CompactSprites ? Compact : 0 }, which, first);
        foreach (Tensor tensor in (Tensor[])[scenes.Boxes, scenes.Objects, scenes.Groups, scenes.Visible])
        {
            tensor.Dispose();
        }
        using (NewDisposeScope())
        {
            scenes.Images.mul_(scenes.Masks.any(1, keepdim: true));
        }
        using (scenes.Images)
        {
            return new(Stretched(scenes.Images), scenes.Masks);
        }
    }

    /// <summary>
    /// x ↦ ℓ + c (x − ℓ), where ℓ is the mean of red, green and blue and c is <see cref="Contrast"/>. In plain colours most of the squared error is lightness, and slots learn to share
    /// out what is light by regions; colour, which tells one object from the next, counts as much as lightness so.
    /// </summary>
    /// <param name="images">[n, 3, h, w].</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public static Tensor Stretched(Tensor images) => Coloured(images, ToStretched);

    /// <summary>The inverse of <see cref="Stretched"/>, to look at.</summary>
    /// <param name="images">[n, 3, h, w].</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public static Tensor Natural(Tensor images) => Coloured(images, ToNatural);

    private static Tensor Coloured(Tensor images, Scalar contrast)
    {
        ShapeCheck.Require(images, nameof(images), -1, 3, -1, -1);
        using var scope = NewDisposeScope();
        Tensor lightness = images.mean([1L], keepdim: true);
        return (lightness + (images - lightness) * contrast).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Images.Dispose();
        Masks.Dispose();
    }
}
