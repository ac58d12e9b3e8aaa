using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.Slots;

/// <summary>
/// Draws each slot by itself: the slot is copied to every place of a small grid, places are told where they are, and after a 3 × 3 convolution transposed
/// ones of stride 2 bring the grid to the image's size, with a colour and a logit α for every pixel. The slots share the pixels by a softmax,
/// <code>
/// mask_j = softmax_j (α_j),      x̂ = Σ_j mask_j ⊙ image_j.
/// </code>
/// </summary>
/// <remarks>Watters et al., <i>Spatial broadcast decoder</i>, 2019; Locatello et al. 2020, appendix E.2. Lecture: object-centric learning.</remarks>
public sealed class SpatialBroadcastDecoder : Module<Tensor, Tensor>
{
    private readonly SoftPositions positions;
    private readonly Conv2d first;
    private readonly ModuleList<ConvTranspose2d> rising;
    private readonly int width, grid;

    /// <summary>A decoder with random weights.</summary>
    /// <param name="width">D, length of a slot.</param>
    /// <param name="channels">Channels of the layers.</param>
    /// <param name="grid">The side of the grid that slots are copied to.</param>
    /// <param name="doublings">How often it is doubled: the image's side is grid · 2^doublings.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public SpatialBroadcastDecoder(int width, int channels, int grid, int doublings, Generator generator, ScalarType dtype = ScalarType.Float32)
        : base(nameof(SpatialBroadcastDecoder))
    {
        foreach (int size in (int[])[width, channels, grid, doublings])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        }
        (this.width, this.grid) = (width, grid);
        positions = new SoftPositions(width, generator, dtype);
        first = Conv2d(width, channels, 3, padding: 1, dtype: dtype);
        rising = ModuleList([.. Enumerable.Range(1, doublings).Select(i => ConvTranspose2d(channels, i < doublings ? channels : 4, 4, stride: 2, padding: 1, dtype: dtype))]);
        RegisterComponents();
        SlotWeights.Draw(this, generator);
    }

    /// <summary>Colour and logit of every pixel.</summary>
    /// <param name="input">Slots, [n, D].</param>
    /// <returns>[n, 4, s, s]: red, green, blue, α.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, width);
        using var scope = NewDisposeScope();
        Tensor x = first.call(positions.call(input.view(-1, width, 1, 1).expand(-1, -1, grid, grid)));
        foreach (ConvTranspose2d layer in rising)
        {
            x = layer.call(functional.relu(x));
        }
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>Every slot's image, its share of each pixel, and what they make together.</summary>
    /// <param name="slots">[n, K, D].</param>
    /// <returns>x̂ [n, 3, s, s]; images [n, K, 3, s, s]; masks [n, K, s, s], which sum to 1 over the slots.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public (Tensor Reconstruction, Tensor Images, Tensor Masks) Decode(Tensor slots)
    {
        ShapeCheck.Require(slots, nameof(slots), -1, -1, width);
        using var scope = NewDisposeScope();
        long n = slots.shape[0], K = slots.shape[1];
        Tensor drawn = call(slots.reshape(n * K, width));
        drawn = drawn.view(n, K, 4, drawn.shape[2], drawn.shape[3]);
        Tensor images = drawn.narrow(2, 0, 3), masks = softmax(drawn.narrow(2, 3, 1), 1);
        return ((images * masks).sum(1).MoveToOuterDisposeScope(), images.MoveToOuterDisposeScope(), masks.squeeze(2).MoveToOuterDisposeScope());
    }
}
