using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>What one self-attention layer computed on the way: h heads of width d' = d/h over T tokens.</summary>
/// <param name="Queries">Q, [n, h, T, d'].</param>
/// <param name="Keys">K, [n, h, T, d'].</param>
/// <param name="Values">V, [n, h, T, d'].</param>
/// <param name="Weights">softmax(QKᵀ/√d'), [n, h, T, T]: row i is where token i looks, and sums to 1.</param>
public sealed record AttentionMaps(Tensor Queries, Tensor Keys, Tensor Values, Tensor Weights)
{
    /// <summary>Tokens that go before the patches': 1 for [CLS], 0 where it has not joined yet, more with registers.</summary>
    public int Leading { get; init; } = 1;

    /// <summary>p, the number of patches.</summary>
    public long Patches => Weights.shape[3] - Leading;

    /// <summary>What [CLS], the first token, gives to each patch. A row sums to 1 less what [CLS] gives to itself.</summary>
    /// <returns>[n, h, p].</returns>
    /// <exception cref="InvalidOperationException">[CLS] has not joined the patches in this layer.</exception>
    public Tensor OfClass() => Leading > 0
        ? OfToken(0)
        : throw new InvalidOperationException("There is no [CLS] among this layer's tokens; it joins in a later one.");

    /// <summary>What a patch gives to each patch. A row sums to 1 less what it gives to [CLS].</summary>
    /// <param name="patch">Which, row by row from 0.</param>
    /// <returns>[n, h, p].</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such patch.</exception>
    public Tensor OfPatch(int patch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(patch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(patch, Patches);
        return OfToken(patch + Leading);
    }

    /// <summary>What the patches give to each other.</summary>
    /// <returns>[n, h, p, p].</returns>
    public Tensor BetweenPatches()
    {
        using var scope = NewDisposeScope();
        return Weights.narrow(2, Leading, Patches).narrow(3, Leading, Patches).MoveToOuterDisposeScope();
    }

    /// <summary>The patches' keys, the heads' one after the other: what LOST, TokenCut and CutLER compare patches by.</summary>
    /// <returns>[n, p, d], d = h · d'.</returns>
    public Tensor PatchKeys()
    {
        using var scope = NewDisposeScope();
        return Keys.narrow(2, Leading, Patches).transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }

    private Tensor OfToken(long token)
    {
        using var scope = NewDisposeScope();
        return Weights.select(2, token).narrow(2, Leading, Patches).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Multi-head self-attention,
/// <code>
/// Attention(x) = W_o [softmax(Q_i K_iᵀ / √d') V_i]_{i=1..h},      (Q, K, V) = W_qkv x.
/// </code>
/// </summary>
/// <remarks>Vaswani et al. 2017, section 3.2; parameter names as in DINO's released checkpoints. Lecture: self-supervised learning.</remarks>
public sealed class SelfAttention : Module<Tensor, Tensor>
{
    private readonly Linear qkv;
    private readonly Linear proj;

    /// <summary>Width d of a token.</summary>
    public int Width { get; }

    /// <summary>Heads h.</summary>
    public int Heads { get; }

    /// <summary>A layer whose weights torch.nn draws; <see cref="VisionTransformer"/> draws them anew from its generator.</summary>
    /// <param name="width">d.</param>
    /// <param name="heads">h, a divisor of d.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentException">The width is not a multiple of the heads.</exception>
    public SelfAttention(int width, int heads, ScalarType dtype = ScalarType.Float32) : base(nameof(SelfAttention))
    {
        if (heads < 1 || width < 1 || width % heads != 0)
        {
            throw new ArgumentException($"A width of {width} cannot be shared out to {heads} heads.", nameof(heads));
        }
        (Width, Heads) = (width, heads);
        qkv = Linear(width, 3 * width, dtype: dtype);
        proj = Linear(width, width, dtype: dtype);
        RegisterComponents();
    }

    /// <summary>Attention(x), by the fused kernel that never stores the T × T weights.</summary>
    /// <param name="input">x, [n, T, d].</param>
    /// <returns>[n, T, d].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, -1, Width);
        using var scope = NewDisposeScope();
        (Tensor Q, Tensor K, Tensor V) = Project(input);
        return Merge(functional.scaled_dot_product_attention(Q, K, V)).MoveToOuterDisposeScope();
    }

    /// <summary>Attention(x) with everything computed on the way, written out as in the equation.</summary>
    /// <param name="input">x, [n, T, d].</param>
    /// <returns>The output, [n, T, d], and the maps.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public (Tensor Output, AttentionMaps Maps) Inspect(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, -1, Width);
        using var scope = NewDisposeScope();
        (Tensor Q, Tensor K, Tensor V) = Project(input);
        Tensor weights = (Q.matmul(K.transpose(-2, -1)) / Math.Sqrt((double)Width / Heads)).softmax(-1);
        Tensor output = Merge(weights.matmul(V));
        return (output.MoveToOuterDisposeScope(),
            new(Q.MoveToOuterDisposeScope(), K.MoveToOuterDisposeScope(), V.MoveToOuterDisposeScope(), weights.MoveToOuterDisposeScope()));
    }

    private (Tensor Q, Tensor K, Tensor V) Project(Tensor x)
    {
        long n = x.shape[0], T = x.shape[1];
        Tensor all = qkv.call(x).view(n, T, 3, Heads, Width / Heads).permute(2, 0, 3, 1, 4);
        return (all[0], all[1], all[2]);
    }

    // [n, h, T, d'] to [n, T, d]
    private Tensor Merge(Tensor heads) => proj.call(heads.transpose(1, 2).reshape(heads.shape[0], heads.shape[2], Width));
}
