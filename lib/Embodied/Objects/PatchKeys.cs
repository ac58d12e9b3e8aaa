using TorchSharp;
using Embodied.Networks;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects;

/// <summary>Which keys, and on how fine a grid.</summary>
public sealed record PatchKeysOptions
{
    /// <summary>The block: 0 is the first, −1 the last.</summary>
    public int Layer { get; init; } = -1;

    /// <summary>
    /// Pixels from one patch to the next, a divisor of the patch; null for the patch itself. Half the patch makes a grid twice as fine: the network is then
    /// asked four times, of the image shifted by −P/4 and P/4 either way, and the answers are interleaved.
    /// </summary>
    public int? Stride { get; init; }

    /// <summary>Images are enlarged so many times before the network sees them; its positions are interpolated.</summary>
    public int Enlargement { get; init; } = 1;

    /// <summary>
    /// Whether keys are the mean of those of the image and of its mirror image. What a key says of its patch is the same in both; what it says by accident, of the place or of
    /// how the patch's border cuts through an edge, cancels in part.
    /// </summary>
    public bool Mirrored { get; init; }

    /// <summary>Whether the mean over an image's patches is taken away: what all patches have in common tells none from the others.</summary>
    public bool Centred { get; init; } = true;

    /// <summary>Images that go through the network at once.</summary>
    public int BatchSize { get; init; } = 64;
}

/// <summary>Keys of patches, heads joined, one vector per patch.</summary>
/// <param name="Keys">Row by row, [n, height · width, d].</param>
/// <param name="Height">Patches from top to bottom.</param>
/// <param name="Width">Patches from left to right.</param>
public sealed record PatchKeyGrid(Tensor Keys, int Height, int Width);

/// <summary>
/// What <see cref="MaskCut"/> compares patches by: the keys k_i = W_k LN(z_i) of a vision transformer's attention. A key says by what a patch wants to be
/// found by others, so patches of one object have keys that point the same way.
/// </summary>
/// <remarks>
/// Siméoni et al., <i>Localizing objects with self-supervised transformers</i> (LOST), 2021; TokenCut, Wang et al. 2022; denser grids by overlapping patches:
/// Amir et al., <i>Deep ViT features as dense visual descriptors</i>, 2021. Lecture: object discovery.
/// </remarks>
public static class PatchKeys
{
    /// <summary>Keys of every image's patches.</summary>
    /// <param name="network">In evaluation mode, or without dropout.</param>
    /// <param name="images">[n, channels, H, W], H and W multiples of the patch, prepared as the network wants them.</param>
    /// <param name="options">Which; null for the defaults.</param>
    /// <exception cref="ArgumentException">The shape does not fit, or the stride does not divide the patch.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block, or the enlargement is not positive.</exception>
    public static PatchKeyGrid Of(VisionTransformer network, Tensor images, PatchKeysOptions? options = null)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Enlargement, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        int P = network.Options.PatchSize, stride = options.Stride ?? P;
        if (stride < 1 || P % stride != 0)
        {
            throw new ArgumentException($"The stride is {stride} px; a divisor of the patch, {P} px, is wanted.", nameof(options));
        }
        ShapeCheck.Require(images, nameof(images), -1, network.Options.Channels, -1, -1);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        int height = (int)images.shape[2] * options.Enlargement / stride, width = (int)images.shape[3] * options.Enlargement / stride;
        List<Tensor> batches = [];
        for (long from = 0; from < images.shape[0]; from += options.BatchSize)
        {
            Tensor some = images.narrow(0, from, Math.Min(options.BatchSize, images.shape[0] - from)), found = Batch(network, some, stride, options);
            if (options.Mirrored)
            {
                Tensor mirrored = Batch(network, some.flip(3), stride, options).view(some.shape[0], height, width, -1).flip(2).flatten(1, 2);
                found = (found + mirrored) / 2;
            }
            batches.Add(found);
        }
        Tensor keys = cat(batches);
        return new((options.Centred ? keys - keys.mean([1L], keepdim: true) : keys).MoveToOuterDisposeScope(), height, width);
    }

    // [n, height · width, d]
    private static Tensor Batch(VisionTransformer network, Tensor images, int stride, PatchKeysOptions options)
    {
        using var scope = NewDisposeScope();
        if (options.Enlargement > 1)
        {
            images = functional.interpolate(images, scale_factor: [options.Enlargement, options.Enlargement], mode: InterpolationMode.Bilinear, align_corners: false);
        }
        long n = images.shape[0], H = images.shape[2], W = images.shape[3];
        int P = network.Options.PatchSize, shifts = P / stride, margin = (P - stride + 1) / 2;
        Tensor padded = margin == 0 ? images : functional.pad(images, [margin, margin, margin, margin], PaddingModes.Replicate);
        Tensor[] rows = new Tensor[shifts];
        for (int a = 0; a < shifts; a++)
        {
            // The patch of stride a begins (P − stride)/2 before it, so that they share their middle.
            Tensor[] columns = new Tensor[shifts];
            for (int b = 0; b < shifts; b++)
            {
                using var pass = NewDisposeScope();
                Tensor shifted = padded.narrow(2, a * stride, H).narrow(3, b * stride, W);
                columns[b] = network.Inspect(shifted, options.Layer).Layer.PatchKeys().view(n, H / P, W / P, -1).MoveToOuterDisposeScope();
            }
            rows[a] = stack(columns, 3);                                             // [n, H/P, W/P, shifts, d]
        }
        return stack(rows, 2).reshape(n, H / stride * (W / stride), -1).MoveToOuterDisposeScope();
    }
}
