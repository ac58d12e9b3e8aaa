using System.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.Slots;

/// <summary>The size of a <see cref="SlotAutoencoder"/>; the defaults suit 32 px on a processor.</summary>
public sealed record SlotAutoencoderOptions
{
    /// <summary>The image's side, in pixels: <see cref="Grid"/> times a power of two.</summary>
    public int ImageSize { get; init; } = 32;

    /// <summary>Channels of encoder and decoder.</summary>
    public int Channels { get; init; } = 32;

    /// <summary>D, length of a slot.</summary>
    public int Width { get; init; } = 32;

    /// <summary>K, slots in training: as many as objects, and one more if the ground takes one to draw.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>T, rounds of attention.</summary>
    public int Iterations { get; init; } = 3;

    /// <summary>The side of the grid that the decoder begins with.</summary>
    public int Grid { get; init; } = 8;

    /// <summary>How loud places are at first in the encoder, beside what is there: loud ones tempt slots to share out the image by regions.</summary>
    public double Positions { get; init; } = 1;

    /// <summary>What the attention's softmax runs over.</summary>
    public SlotCompetition Competition { get; init; } = SlotCompetition.OverSlots;

    /// <summary>Where slots begin.</summary>
    public SlotStart Start { get; init; } = SlotStart.Sampled;
}

/// <summary>A scene taken apart.</summary>
/// <param name="Reconstruction">x̂, [n, 3, s, s].</param>
/// <param name="Images">What each slot draws, [n, K, 3, s, s].</param>
/// <param name="Masks">Each slot's share of each pixel, [n, K, s, s], 1 in sum over the slots.</param>
/// <param name="Attention">Where each slot looked, [n, T, K, s/2, s/2].</param>
/// <param name="Slots">[n, K, D].</param>
public sealed record SlotDecomposition(Tensor Reconstruction, Tensor Images, Tensor Masks, Tensor Attention, Tensor Slots);

/// <summary>
/// An image is encoded into a set of inputs, slots compete for these, and each slot is decoded by itself; the images that they draw, added up by their masks,
/// have to give the image back: L = mean (x̂ − x)². Nothing tells what an object is. A slot has little room and only sees what it wins, so the cheapest way to
/// rebuild the image is an object per slot.
/// </summary>
/// <remarks>Locatello et al., <i>Object-centric learning with slot attention</i>, 2020, section 3.1. Lecture: object-centric learning.</remarks>
public sealed class SlotAutoencoder : Module<Tensor, Tensor>
{
    private readonly SlotEncoder encoder;
    private readonly SlotAttention attention;
    private readonly SpatialBroadcastDecoder decoder;

    /// <summary>The size.</summary>
    public SlotAutoencoderOptions Options { get; }

    /// <summary>The attention, with the Gaussian that slots begin from.</summary>
    public SlotAttention Attention => attention;

    /// <summary>A network with random weights.</summary>
    /// <param name="options">The size.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentException">The image's side is not the grid's times a power of two, at least 2.</exception>
    public SlotAutoencoder(SlotAutoencoderOptions options, Generator generator, ScalarType dtype = ScalarType.Float32) : base(nameof(SlotAutoencoder))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Grid, 1, nameof(options));
        int times = options.ImageSize / options.Grid;
        if (times < 2 || times * options.Grid != options.ImageSize || !BitOperations.IsPow2(times))
        {
            throw new ArgumentException($"ImageSize is {options.ImageSize}, wanted {options.Grid} (Grid) times 2, 4, 8 or so.", nameof(options));
        }
        Options = options;
        encoder = new SlotEncoder(options.Channels, generator, dtype, options.Positions);
        attention = new SlotAttention(
            new()
            {
                InputWidth = options.Channels, Width = options.Width, Slots = options.Slots, Iterations = options.Iterations, Hidden = 2 * options.Width,
                Competition = options.Competition, Start = options.Start,
            }, generator, dtype);
        decoder = new SpatialBroadcastDecoder(options.Width, options.Channels, options.Grid, BitOperations.Log2((uint)times), generator, dtype);
        RegisterComponents();
    }

    /// <summary>The inputs that slots compete for.</summary>
    /// <param name="input">Images, [n, 3, s, s].</param>
    /// <returns>[n, (s/2)², channels].</returns>
    public override Tensor forward(Tensor input) => encoder.call(input);

    /// <summary>Takes scenes apart.</summary>
    /// <param name="images">[n, 3, s, s], 0 to 1.</param>
    /// <param name="generator">Where slots begin, if they are sampled.</param>
    /// <param name="slots">K, if another number than in training is wanted.</param>
    /// <param name="iterations">T, if another number than in training is wanted.</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public SlotDecomposition Decompose(Tensor images, Generator generator, int? slots = null, int? iterations = null)
    {
        int s = Options.ImageSize;
        ShapeCheck.Require(images, nameof(images), -1, 3, s, s);
        using var scope = NewDisposeScope();
        SlotAttentionResult found = attention.Attend(encoder.call(images), attention.Begin(images.shape[0], generator, slots), iterations);
        (Tensor reconstruction, Tensor drawn, Tensor masks) = decoder.Decode(found.Slots);
        return new(
            reconstruction.MoveToOuterDisposeScope(), drawn.MoveToOuterDisposeScope(), masks.MoveToOuterDisposeScope(),
            found.Attention.unflatten(3, [s / 2, s / 2]).MoveToOuterDisposeScope(), found.Slots.MoveToOuterDisposeScope());
    }

    /// <summary>L = mean (x̂ − x)².</summary>
    /// <param name="images">[n, 3, s, s], 0 to 1.</param>
    /// <param name="generator">Where slots begin.</param>
    public Tensor Loss(Tensor images, Generator generator)
    {
        using var scope = NewDisposeScope();
        return functional.mse_loss(Decompose(images, generator).Reconstruction, images).MoveToOuterDisposeScope();
    }
}
