using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>
/// First weights from a generator. The layers of torch.nn draw theirs from one generator that the whole process shares, so a seed would
/// not fix a network.
/// </summary>
internal static class Initialisation
{
    /// <summary>
    /// Linear weights from a normal of the given deviation, their biases zero; kernels even within ±1/√inputs. DINO's rule: its normal is cut at ±2,
    /// a hundred deviations away, which changes nothing (and TorchSharp's trunc_normal_ gives 0.02 everywhere).
    /// </summary>
    internal static void Normal(Module network, Generator generator, double deviation = 0.02)
    {
        using var _ = no_grad();
        foreach (var module in network.modules())
        {
            switch (module)
            {
                case Linear linear:
                    linear.weight!.normal_(0, deviation, generator);
                    linear.bias?.zero_();
                    break;
                case Conv2d convolution:
                    Uniform(convolution.weight, convolution.weight!.numel() / convolution.weight.shape[0], generator);
                    convolution.bias?.zero_();
                    break;
            }
        }
    }

    /// <summary>Weights from a normal of variance 1 / (inputs of a unit), which keeps the scale through linear layers (LeCun et al. 1998); biases zero.</summary>
    internal static void LeCun(Module network, Generator generator) => Scaled(network, generator, 1);

    /// <summary>Weights from a normal of variance 2 / (inputs of a unit), which keeps the scale through ReLUs (He et al. 2015); biases zero.</summary>
    internal static void He(Module network, Generator generator) => Scaled(network, generator, 2);

    private static void Scaled(Module network, Generator generator, double gain)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var module in network.modules())
        {
            (Tensor? weight, Tensor? bias) = module switch
            {
                Linear linear => ((Tensor?)linear.weight, (Tensor?)linear.bias),
                Conv2d convolution => (convolution.weight, convolution.bias),
                _ => (null, null),
            };
            weight?.normal_(0, Math.Sqrt(gain / (weight.numel() / weight.shape[0])), generator);
            bias?.zero_();
        }
    }

    private static void Uniform(Tensor weight, long fanIn, Generator generator)
    {
        double bound = 1 / Math.Sqrt(fanIn);
        weight.uniform_(-bound, bound, generator);
    }
}
