using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>The size of a <see cref="VisionTransformer"/>; the defaults are ViT-S/16, DINO's smallest.</summary>
public sealed record VisionTransformerOptions
{
    /// <summary>Side of a square image, in pixels, at which the position embeddings are learned; other sizes interpolate them.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Side of a square patch, in pixels, a divisor of <see cref="ImageSize"/>.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Channels of the image.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Width d of a token.</summary>
    public int Width { get; init; } = 384;

    /// <summary>Blocks.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Heads h of every attention, a divisor of <see cref="Width"/>.</summary>
    public int Heads { get; init; } = 6;

    /// <summary>Hidden units of a block's perceptron per unit of <see cref="Width"/>.</summary>
    public int MlpRatio { get; init; } = 4;

    /// <summary>
    /// Channels of the first layer of a convolutional stem, which makes the patches' tokens by halving the image log₂(<see cref="PatchSize"/>) times, 3 × 3 and
    /// batch normalisation each; 0 for one linear map of each patch. With few pictures to learn from, a stem learns several times faster (Xiao et al. 2021).
    /// </summary>
    public int StemWidth { get; init; }

    /// <summary>
    /// The block before which [CLS] joins the patches: 0 as in ViT. Where it joins late, it has that much less time to gather, and has to look where there is something
    /// to be had; patches cannot use it as a common store (class attention: Touvron et al. 2021).
    /// </summary>
    public int ClassFrom { get; init; }

    /// <summary>What two cores can train: 64 px, patches of 8, width 192, six blocks of three heads, 2.7 million parameters.</summary>
    public static VisionTransformerOptions Small64 { get; } = new() { ImageSize = 64, PatchSize = 8, Width = 192, Depth = 6, Heads = 3 };
}

/// <summary>The last layer's tokens, after the final norm.</summary>
/// <param name="Class">The [CLS] token, [n, d].</param>
/// <param name="Patches">One token per patch, row by row, [n, p, d].</param>
public sealed record VisionTokens(Tensor Class, Tensor Patches);

/// <summary>
/// A vision transformer: the image is cut into patches, each becomes a token by one linear map, a learned [CLS] token goes before them, a
/// learned embedding of the position is added, and pre-norm blocks follow. (<see cref="VisionTransformerOptions.StemWidth"/> and
/// <see cref="VisionTransformerOptions.ClassFrom"/> depart from that.)
/// <code>
/// z₀ = [x_cls; x₁E; …; x_pE] + E_pos,      z_l = Block_l(z_{l−1}),      y = LN(z_L)
/// </code>
/// Layout and parameter names are those of DINO's released checkpoints.
/// </summary>
/// <remarks>
/// Dosovitskiy et al. 2021, eqs. 1 to 4; Xiao et al., <i>Early convolutions help transformers see better</i>, 2021; Touvron et al., <i>Going deeper with image transformers</i>, 2021; Liu et al., <i>PatchDropout</i>, 2022; Caron et al., <i>Emerging properties in self-supervised vision transformers</i>, 2021.
/// Lecture: self-supervised learning.
/// </remarks>
public sealed class VisionTransformer : Module<Tensor, Tensor>
{
    private readonly Parameter cls_token;
    private readonly Parameter pos_embed;
    private readonly PatchEmbedding patch_embed;
    private readonly ModuleList<TransformerBlock> blocks;
    private readonly LayerNorm norm;

    /// <summary>The size.</summary>
    public VisionTransformerOptions Options { get; }

    /// <summary>
    /// While training, the share of patches that are missing from where [CLS] joins on, others in every pass, and where the choice comes from; null for none. A [CLS]
    /// that cannot count on any one patch has a reason to look at all of an object's (PatchDropout: Liu et al. 2022).
    /// </summary>
    public (double Share, Generator Generator)? PatchDropout { get; set; }

    /// <summary>
    /// A network with random weights: normal of variance 1 / inputs, biases zero; [CLS] and positions of deviation 0.02. DINO draws all of them with
    /// 0.02, which suits 384 channels and more: a network of 128 stays on a plateau for hundreds of updates (NT-Xent at log(2n − 1)).
    /// </summary>
    /// <param name="options">The size.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentException">The patch does not divide the image, or the heads the width.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public VisionTransformer(VisionTransformerOptions options, Generator generator, ScalarType dtype = ScalarType.Float32)
        : base(nameof(VisionTransformer))
    {
        foreach (int size in (ReadOnlySpan<int>)[options.PatchSize, options.ImageSize, options.Channels, options.Width, options.Depth, options.MlpRatio])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, nameof(options));
        }
        if (options.ImageSize % options.PatchSize != 0)
        {
            throw new ArgumentException($"Patches of {options.PatchSize} px do not fill an image of {options.ImageSize} px.", nameof(options));
        }
        if (options.StemWidth < 0 || (options.StemWidth > 0 && (options.PatchSize < 2 || !int.IsPow2(options.PatchSize))))
        {
            throw new ArgumentException($"A convolutional stem of {options.StemWidth} channels cannot make patches of {options.PatchSize} px; it halves the image, so that a power of two is wanted.", nameof(options));
        }
        if (options.ClassFrom < 0 || options.ClassFrom >= options.Depth)
        {
            throw new ArgumentException($"[CLS] cannot join before block {options.ClassFrom}; there are blocks 0 to {options.Depth - 1}.", nameof(options));
        }
        Options = options;
        int d = options.Width, side = options.ImageSize / options.PatchSize;
        cls_token = new Parameter(zeros(1, 1, d, dtype: dtype));
        pos_embed = new Parameter(zeros(1, 1 + side * side, d, dtype: dtype));
        patch_embed = new PatchEmbedding(options, dtype);
        blocks = ModuleList(Enumerable.Range(0, options.Depth).Select(_ => new TransformerBlock(d, options.Heads, options.MlpRatio * d, dtype)).ToArray());
        norm = LayerNorm(d, eps: 1e-6, dtype: dtype);
        RegisterComponents();

        Initialisation.LeCun(this, generator);
        if (options.StemWidth > 0)
        {
            Initialisation.He(patch_embed, generator);
        }
        using var _ = no_grad();
        cls_token.normal_(0, 0.02, generator);
        pos_embed.normal_(0, 0.02, generator);
    }

    /// <summary>The [CLS] token: the representation of the whole image.</summary>
    /// <param name="input">Images, [n, channels, H, W], H and W multiples of the patch.</param>
    /// <returns>[n, d].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor x = Run(input);
        // Only [CLS] is asked for, and the norm works token by token.
        return norm.call(x.select(1, 0)).MoveToOuterDisposeScope();
    }

    /// <summary>[CLS] and patch tokens of the last layer.</summary>
    /// <param name="images">[n, channels, H, W], H and W multiples of the patch.</param>
    /// <returns>The tokens; p = HW / patch².</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public VisionTokens Tokens(Tensor images)
    {
        using var scope = NewDisposeScope();
        Tensor x = Run(images);
        return Split(norm.call(x));
    }

    /// <summary>
    /// Tokens, and the queries, keys, values and attention of the last block. Keys are what LOST, TokenCut and CutLER compare patches by;
    /// the attention's first row, without its first entry, is where [CLS] looks.
    /// </summary>
    /// <param name="images">[n, channels, H, W], H and W multiples of the patch.</param>
    /// <returns>The tokens, and the maps over 1 + p tokens of which the first is [CLS].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public (VisionTokens Tokens, AttentionMaps LastLayer) Inspect(Tensor images) => Inspect(images, -1);

    /// <summary>Tokens of the last block, and the queries, keys, values and attention of any.</summary>
    /// <param name="images">[n, channels, H, W], H and W multiples of the patch.</param>
    /// <param name="layer">The block: 0 is the first, −1 the last.</param>
    /// <returns>The tokens, and the maps over 1 + p tokens, of which the first is [CLS], or over p before it joins.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public (VisionTokens Tokens, AttentionMaps Layer) Inspect(Tensor images, int layer)
    {
        int at = layer < 0 ? blocks.Count + layer : layer;
        ArgumentOutOfRangeException.ThrowIfNegative(at, nameof(layer));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(at, blocks.Count, nameof(layer));
        using var scope = NewDisposeScope();
        AttentionMaps? maps = null;
        Tensor x = Run(images, (l, block, tokens) =>
        {
            if (l != at)
            {
                return block.call(tokens);
            }
            (Tensor output, maps) = block.Inspect(tokens);
            return output;
        });
        return (Split(norm.call(x)),
            new(maps!.Queries.MoveToOuterDisposeScope(), maps.Keys.MoveToOuterDisposeScope(),
                maps.Values.MoveToOuterDisposeScope(), maps.Weights.MoveToOuterDisposeScope()) { Leading = at < Options.ClassFrom ? 0 : 1 });
    }

    /// <summary>
    /// E_pos for a grid of another size, bicubically interpolated between the learned positions; [CLS]'s is kept. At the native size these
    /// are the learned embeddings themselves.
    /// </summary>
    /// <param name="rows">Patches from top to bottom.</param>
    /// <param name="columns">Patches from left to right.</param>
    /// <returns>[1, 1 + rows · columns, d].</returns>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public Tensor Positions(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        int side = Options.ImageSize / Options.PatchSize;
        using var scope = NewDisposeScope();
        if (rows == side && columns == side)
        {
            return pos_embed.alias().MoveToOuterDisposeScope();
        }
        Tensor grid = pos_embed.narrow(1, 1, side * side).reshape(1, side, side, Options.Width).permute(0, 3, 1, 2); // [1, d, side, side]
        Tensor resized = functional.interpolate(grid, size: [rows, columns], mode: InterpolationMode.Bicubic, align_corners: false);
        Tensor patches = resized.permute(0, 2, 3, 1).reshape(1, rows * columns, Options.Width);
        return cat([pos_embed.narrow(1, 0, 1), patches], 1).MoveToOuterDisposeScope();
    }

    // [n, 1 + p, d], before the last norm.
    private Tensor Run(Tensor images, Func<int, TransformerBlock, Tensor, Tensor>? call = null)
    {
        ShapeCheck.Require(images, nameof(images), -1, Options.Channels, -1, -1);
        long P = Options.PatchSize, H = images.shape[2], W = images.shape[3];
        if (H < P || W < P || H % P != 0 || W % P != 0)
        {
            throw new ArgumentException($"images has shape [{string.Join(", ", images.shape)}], wanted sides that are multiples of the patch, {P}.", nameof(images));
        }
        Tensor positions = Positions((int)(H / P), (int)(W / P));
        Tensor x = patch_embed.call(images) + positions.narrow(1, 1, positions.shape[1] - 1); // [n, p, d]
        for (int l = 0; l < blocks.Count; l++)
        {
            if (l == Options.ClassFrom)
            {
                if (training && PatchDropout is var (share, generator))
                {
                    long left = Math.Max(1, (long)Math.Round(x.shape[1] * (1 - share)));
                    x = x.index_select(1, randperm(x.shape[1], generator: generator).narrow(0, 0, left));
                }
                x = cat([(cls_token + positions.narrow(1, 0, 1)).expand(images.shape[0], 1, Options.Width), x], 1);
            }
            x = call is null ? blocks[l].call(x) : call(l, blocks[l], x);
        }
        return x;
    }

    private static VisionTokens Split(Tensor y) => new(y.select(1, 0).MoveToOuterDisposeScope(), y.narrow(1, 1, y.shape[1] - 1).MoveToOuterDisposeScope());

    // A module of its own for the name patch_embed.proj of the released checkpoints.
    private sealed class PatchEmbedding : Module<Tensor, Tensor>
    {
        private readonly Sequential? stem;
        private readonly Conv2d proj;

        internal PatchEmbedding(VisionTransformerOptions options, ScalarType dtype) : base(nameof(PatchEmbedding))
        {
            int halvings = int.Log2(options.PatchSize), w = options.StemWidth;
            if (w > 0)
            {
                // Zeros beyond the border would mark the border's patches, and a cut between these and the rest would be a cheap one.
                stem = Sequential(Enumerable.Range(0, halvings).SelectMany(s => (Module<Tensor, Tensor>[])
                [
                    Conv2d(s == 0 ? options.Channels : w << (s - 1), w << s, kernel_size: 3, stride: 2, padding: 1, padding_mode: PaddingModes.Replicate, bias: false, dtype: dtype),
                    BatchNorm2d(w << s, dtype: dtype),
                    ReLU(),
                ]).ToArray());
                proj = Conv2d(w << (halvings - 1), options.Width, kernel_size: 1, dtype: dtype);
            }
            else
            {
                proj = Conv2d(options.Channels, options.Width, kernel_size: options.PatchSize, stride: options.PatchSize, dtype: dtype);
            }
            RegisterComponents();
        }

        // [n, channels, H, W] to [n, p, d]
        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return proj.call(stem is null ? input : stem.call(input)).flatten(2).transpose(1, 2).MoveToOuterDisposeScope();
        }
    }
}
