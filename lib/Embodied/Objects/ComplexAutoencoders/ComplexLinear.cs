using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.ComplexAutoencoders;

/// <summary>A complex layer whose f_w is a matrix, x ↦ x Wᵀ; magnitudes are normalised over the features of each example.</summary>
/// <remarks>Löwe et al. 2022, § 3.2. Lecture: object-centric learning.</remarks>
public sealed class ComplexLinear : ComplexLayer
{
    private readonly long inputs;

    /// <summary>A layer with random weights.</summary>
    /// <param name="inputs">Features of z.</param>
    /// <param name="outputs">Features of ẑ.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="gate">How inputs out of phase are weighed.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public ComplexLinear(long inputs, long outputs, Generator generator, PhaseGate gate = PhaseGate.Half, ScalarType dtype = ScalarType.Float32)
        : base(nameof(ComplexLinear), [outputs, inputs], Positive(inputs), Positive(outputs), LayerNorm([outputs], dtype: dtype), gate, generator, dtype)
    {
        this.inputs = inputs;
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor x) => functional.linear(x, weight);

    private protected override void Check(Tensor input) => ShapeCheck.Require(input, nameof(input), -1, inputs);
}
