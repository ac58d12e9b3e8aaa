using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>
/// A pre-norm transformer block,
/// <code>
/// x ← x + Attention(LN(x)),      x ← x + W₂ GELU(W₁ LN(x)).
/// </code>
/// </summary>
/// <remarks>Dosovitskiy et al., <i>An image is worth 16x16 words</i>, 2021, eqs. 2 and 3.</remarks>
public sealed class TransformerBlock : Module<Tensor, Tensor>
{
    private readonly LayerNorm norm1;
    private readonly SelfAttention attn;
    private readonly LayerNorm norm2;
    private readonly PerceptronPair mlp;

    /// <summary>A block whose weights torch.nn draws.</summary>
    /// <param name="width">Width d of a token.</param>
    /// <param name="heads">Heads of the attention, a divisor of d.</param>
    /// <param name="hidden">Width of the perceptron's hidden layer.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentException">The width is not a multiple of the heads.</exception>
    public TransformerBlock(int width, int heads, int hidden, ScalarType dtype = ScalarType.Float32) : base(nameof(TransformerBlock))
    {
        norm1 = LayerNorm(width, eps: 1e-6, dtype: dtype);
        attn = new SelfAttention(width, heads, dtype);
        norm2 = LayerNorm(width, eps: 1e-6, dtype: dtype);
        mlp = new PerceptronPair(width, hidden, dtype);
        RegisterComponents();
    }

    /// <summary>One block.</summary>
    /// <param name="input">[n, T, d].</param>
    /// <returns>[n, T, d].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, -1, attn.Width);
        using var scope = NewDisposeScope();
        Tensor x = input + attn.call(norm1.call(input));
        return (x + mlp.call(norm2.call(x))).MoveToOuterDisposeScope();
    }

    /// <summary>One block, with its attention written out.</summary>
    /// <param name="input">[n, T, d].</param>
    /// <returns>The output, [n, T, d], and the attention's maps.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public (Tensor Output, AttentionMaps Maps) Inspect(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, -1, attn.Width);
        using var scope = NewDisposeScope();
        (Tensor attended, AttentionMaps maps) = attn.Inspect(norm1.call(input));
        Tensor x = input + attended;
        Tensor output = x + mlp.call(norm2.call(x));
        return (output.MoveToOuterDisposeScope(),
            new(maps.Queries.MoveToOuterDisposeScope(), maps.Keys.MoveToOuterDisposeScope(),
                maps.Values.MoveToOuterDisposeScope(), maps.Weights.MoveToOuterDisposeScope()));
    }

    // A module of its own for the names mlp.fc1 and mlp.fc2 of the released checkpoints.
    private sealed class PerceptronPair : Module<Tensor, Tensor>
    {
        private readonly Linear fc1;
        private readonly Linear fc2;

        internal PerceptronPair(int width, int hidden, ScalarType dtype) : base(nameof(PerceptronPair))
        {
            fc1 = Linear(width, hidden, dtype: dtype);
            fc2 = Linear(hidden, width, dtype: dtype);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return fc2.call(functional.gelu(fc1.call(input))).MoveToOuterDisposeScope();
        }
    }
}
