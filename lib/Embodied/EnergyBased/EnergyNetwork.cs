using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.EnergyBased;

/// <summary>
/// A neural energy,
/// <code>
/// E(x) = f(x / scale) + ½κ ‖x‖²,
/// </code>
/// with f a perceptron of three hidden layers. SiLU, smooth everywhere, is the activation: samples move along ∇E, which would jump at every
/// kink of a ReLU. κ, when not 0, is a Gaussian reference as in Xie et al. 2016 (<i>A theory of generative ConvNet</i>): it keeps
/// exp(−E) normalisable, and the network has only to learn what sets the data apart from a Gaussian.
/// </summary>
public sealed class EnergyNetwork : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> f;

    /// <summary>The length d of an input.</summary>
    public int Dimensions { get; }

    /// <summary>What inputs are divided by: about the data's standard deviation.</summary>
    public double Scale { get; }

    /// <summary>κ, the curvature of the Gaussian reference.</summary>
    public double Confinement { get; }

    /// <summary>A network with random weights.</summary>
    /// <param name="dimensions">Length d of an input.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="width">Units of a hidden layer.</param>
    /// <param name="scale">What inputs are divided by.</param>
    /// <param name="confinement">κ, in nats per squared unit of x.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or κ is negative.</exception>
    public EnergyNetwork(
        int dimensions, Generator generator, int width = 128, double scale = 1, double confinement = 0, ScalarType dtype = ScalarType.Float32)
        : base(nameof(EnergyNetwork))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        ArgumentOutOfRangeException.ThrowIfNegative(confinement);
        (Dimensions, Scale, Confinement) = (dimensions, scale, confinement);
        f = Sequential(
            Linear(dimensions, width, dtype: dtype), SiLU(), Linear(width, width, dtype: dtype), SiLU(),
            Linear(width, width, dtype: dtype), SiLU(), Linear(width, 1, dtype: dtype));
        RegisterComponents();
        Initialise(generator);
    }

    /// <summary>E(x), row by row.</summary>
    /// <param name="input">x, [n, d].</param>
    /// <returns>[n], in nats.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, Dimensions);
        using var scope = NewDisposeScope();
        Tensor E = f.call(input / Scale).squeeze(1);
        return (Confinement > 0 ? E + Confinement / 2 * input.square().sum(1) : E).MoveToOuterDisposeScope();
    }

    // The initialisers of torch.nn draw from the global generator; a seed has to fix the network.
    private void Initialise(Generator generator)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var parameter in parameters())
        {
            if (parameter.dim() == 2)
            {
                parameter.copy_(randn(parameter.shape, dtype: parameter.dtype, generator: generator) / Math.Sqrt(parameter.shape[1]));
            }
            else
            {
                parameter.zero_();
            }
        }
    }
}
