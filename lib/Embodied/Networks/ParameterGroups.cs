using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>
/// Parameters with weight decay and without: biases, the gains and shifts of norms and everything else that is one vector is left alone, as
/// decay would pull a norm's gain to zero without making the function any simpler.
/// </summary>
public static class ParameterGroups
{
    /// <summary>Splits what is to be trained (parameters that ask for gradients).</summary>
    /// <param name="network">The network.</param>
    /// <returns>Those to be decayed, and those not.</returns>
    public static (IReadOnlyList<Parameter> Decayed, IReadOnlyList<Parameter> NotDecayed) Split(Module network)
    {
        ILookup<bool, Parameter> byKind = network.named_parameters().Where(p => p.parameter.requires_grad)
            .ToLookup(p => p.parameter.dim() > 1 && !p.name.EndsWith("bias", StringComparison.Ordinal), p => p.parameter);
        return ([.. byKind[true]], [.. byKind[false]]);
    }
}
