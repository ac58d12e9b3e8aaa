using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.ComplexAutoencoders;

/// <summary>
/// A complex layer whose f_w is a transposed 3 × 3 convolution of stride 2: it doubles the sides. Magnitudes are normalised over the batch, channel by channel.
/// </summary>
/// <remarks>Löwe et al. 2022, § 3.2. Lecture: object-centric learning.</remarks>
public sealed class ComplexConvTranspose2d : ComplexLayer
{
    private readonly long inputs;

    /// <summary>A layer with random weights.</summary>
    /// <param name="inputs">Channels of z.</param>
    /// <param name="outputs">Channels of ẑ.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="gate">How inputs out of phase are weighed.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public ComplexConvTranspose2d(long inputs, long outputs, Generator generator, PhaseGate gate = PhaseGate.Half, ScalarType dtype = ScalarType.Float32)
        : base(nameof(ComplexConvTranspose2d), [inputs, outputs, 3, 3], 9 * Positive(outputs), Positive(outputs), BatchNorm2d(outputs, dtype: dtype), gate, generator, dtype)
    {
        this.inputs = Positive(inputs);
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor x) => functional.conv_transpose2d(x, weight, null, [2, 2], [1, 1], [1, 1]);

    private protected override void Check(Tensor input) => ShapeCheck.Require(input, nameof(input), -1, inputs, -1, -1);
}
