using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.ComplexAutoencoders;

/// <summary>How a complex layer weighs inputs that are out of phase.</summary>
public enum PhaseGate
{
    /// <summary>m_z = ½ m_ψ + ½ χ, the paper's.</summary>
    Half,

    /// <summary>m_z = m_ψ: phases of opposite sign cancel whatever they stand for, and nothing else happens to them.</summary>
    None,
}

/// <summary>
/// What the complex layers share. One real function f_w, linear without bias, is applied to the real and to the imaginary part, and once more to the magnitudes:
/// <code>
/// ψ = f_w(Re z) + i f_w(Im z),      m_ψ = |ψ| + b_m,      φ_ψ = arg ψ + b_φ,
/// χ = f_w(|z|) + b_m,               m_z = ½ m_ψ + ½ χ,    ẑ = ReLU(Norm(m_z)) e^{iφ_ψ}.
/// </code>
/// ψ is a sum of arrows: inputs in phase add up, inputs out of phase cancel. χ is what would come if all were in phase. So inputs of the phase of the sum count
/// in full and inputs of the opposite phase not at all: for two inputs of magnitude 1, weights 1 and phase difference π, m_ψ = 0 and χ = 2, so m_z is that of one of them.
/// Rotating all inputs rotates ψ and leaves χ, so it rotates ẑ: nothing depends on where the phase 0 lies. One thing cannot be rotated: where all inputs are 0, so is ψ,
/// arg ψ is 0 by convention, and a unit that its bias opens there has phase b_φ whatever the phases elsewhere. Black background is such a fixed direction.
/// </summary>
/// <remarks>Löwe et al. 2022, § 3.2; the gate is that of Reichert &amp; Serre, <i>Neuronal synchrony in complex-valued deep networks</i>, 2014. Lecture: object-centric learning.</remarks>
public abstract class ComplexLayer : Module<ComplexTensor, ComplexTensor>
{
    private static readonly Scalar OneHalf = 0.5; // Kept: see ComplexTensor.
    private readonly long channels;
    private protected readonly Parameter weight;
    private readonly Parameter magnitude_bias, phase_bias;
    private readonly Module<Tensor, Tensor> norm;

    /// <summary>How inputs out of phase are weighed.</summary>
    public PhaseGate Gate { get; }

    /// <summary>w of f_w.</summary>
    public Parameter Weight => weight;

    /// <summary>b_m, one per channel.</summary>
    public Parameter MagnitudeBias => magnitude_bias;

    /// <summary>b_φ in radians, one per channel.</summary>
    public Parameter PhaseBias => phase_bias;

    private protected ComplexLayer(string name, long[] shape, long fanIn, long channels, Module<Tensor, Tensor> norm, PhaseGate gate, Generator generator, ScalarType dtype)
        : base(name)
    {
        double bound = 1 / Math.Sqrt(fanIn);
        this.channels = channels;
        weight = Parameter(Even(shape));
        magnitude_bias = Parameter(Even([channels]));
        // Not 0: images come in with phase 0, all numbers would be real, and |a + b e^{iε}| has no slope at ε = 0: phases would never leave the line.
        phase_bias = Parameter(Even([channels]));
        this.norm = norm;
        Gate = gate;

        Tensor Even(long[] size)
        {
            using var _ = no_grad();
            return empty(size, dtype: dtype).uniform_(-bound, bound, generator);
        }
    }

    // The bias of the normalisation, after which comes ReLU.
    internal Parameter NormBias => norm switch { BatchNorm2d batch => batch.bias!, LayerNorm layer => layer.bias!, _ => throw new InvalidOperationException() };

    /// <summary>f_w: linear, without bias, the same for real parts, imaginary parts and magnitudes.</summary>
    /// <param name="x">Real numbers.</param>
    protected abstract Tensor Apply(Tensor x);

    /// <summary>The layer.</summary>
    /// <param name="input">z.</param>
    /// <returns>ẑ; channels in the second dimension.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override ComplexTensor forward(ComplexTensor input)
    {
        using var scope = NewDisposeScope();
        (ComplexTensor psi, Tensor m) = Combine(input);
        (Tensor cos, Tensor sin) = psi.Unit();
        Tensor b = PerChannel(phase_bias, cos), cosB = b.cos(), sinB = b.sin();
        m = norm.call(m).relu();
        return ComplexTensor.FromUnit(m, cos * cosB - sin * sinB, sin * cosB + cos * sinB).MoveToOuterDisposeScope();
    }

    /// <summary>What the layer makes before normalisation.</summary>
    /// <param name="input">z.</param>
    /// <returns>ψ, without its biases, and m_z.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public (ComplexTensor Psi, Tensor Magnitude) Combine(ComplexTensor input)
    {
        Check(input.Real);
        using var scope = NewDisposeScope();
        long n = input.Real.shape[0];
        // One call of f_w for all: images one after the other.
        Tensor all = Apply(cat(Gate == PhaseGate.None ? [input.Real, input.Imaginary] : [input.Real, input.Imaginary, input.Magnitude]));
        ComplexTensor psi = new(all.narrow(0, 0, n), all.narrow(0, n, n));
        Tensor m = Gate == PhaseGate.None ? psi.Magnitude : (psi.Magnitude + all.narrow(0, 2 * n, n)) * OneHalf;
        return (psi.MoveToOuterDisposeScope(), (m + PerChannel(magnitude_bias, m)).MoveToOuterDisposeScope());
    }

    private protected abstract void Check(Tensor input);

    private protected static long Positive(long size, [CallerArgumentExpression(nameof(size))] string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, name);
        return size;
    }

    private Tensor PerChannel(Tensor bias, Tensor like) => bias.view([1, channels, .. Enumerable.Repeat(1L, (int)like.dim() - 2)]);
}
