using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.ComplexAutoencoders;

/// <summary>A complex layer whose f_w is a 3 × 3 convolution, padded by 1; magnitudes are normalised over the batch, channel by channel.</summary>
/// <remarks>Löwe et al. 2022, § 3.2. Lecture: object-centric learning.</remarks>
public sealed class ComplexConv2d : ComplexLayer
{
    private readonly long inputs, stride;

    /// <summary>A layer with random weights.</summary>
    /// <param name="inputs">Channels of z.</param>
    /// <param name="outputs">Channels of ẑ.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="stride">Pixels from place to place.</param>
    /// <param name="gate">How inputs out of phase are weighed.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public ComplexConv2d(long inputs, long outputs, Generator generator, long stride = 1, PhaseGate gate = PhaseGate.Half, ScalarType dtype = ScalarType.Float32)
        : base(nameof(ComplexConv2d), [outputs, inputs, 3, 3], 9 * Positive(inputs), Positive(outputs), BatchNorm2d(outputs, dtype: dtype), gate, generator, dtype)
    {
        this.inputs = inputs;
        this.stride = Positive(stride);
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor x) => functional.conv2d(x, weight, strides: [stride, stride], padding: [1, 1]);

    private protected override void Check(Tensor input) => ShapeCheck.Require(input, nameof(input), -1, inputs, -1, -1);
}
