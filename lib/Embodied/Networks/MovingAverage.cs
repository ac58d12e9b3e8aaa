using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>
/// The exponential moving average of a network,
/// <code>
/// θ̄ ← m θ̄ + (1 − m) θ,
/// </code>
/// whose momentum m sets how long it remembers, about 1/(1 − m) updates: the momentum encoder of MoCo, the target of BYOL, the teacher of DINO.
/// </summary>
/// <remarks>Tarvainen &amp; Valpola, <i>Mean teachers</i>, 2017; He et al. (MoCo) 2020, eq. 2. Lecture: self-supervised learning.</remarks>
public static class MovingAverage
{
    /// <summary>Makes the average equal to the network, and takes it out of training: its parameters ask for no gradients from now on.</summary>
    /// <param name="average">θ̄, of the same architecture.</param>
    /// <param name="network">θ.</param>
    /// <exception cref="ArgumentException">The networks differ in architecture.</exception>
    public static void Start(Module average, Module network)
    {
        Update(average, network, 0);
        foreach (var parameter in average.parameters())
        {
            parameter.requires_grad_(false);
        }
    }

    /// <summary>One update, of parameters and of buffers that hold floating-point numbers (running means); other buffers are copied.</summary>
    /// <param name="average">θ̄.</param>
    /// <param name="network">θ, of the same architecture.</param>
    /// <param name="momentum">m, 0 to 1.</param>
    /// <exception cref="ArgumentException">The networks differ in architecture.</exception>
    /// <exception cref="ArgumentOutOfRangeException">m is not from 0 to 1.</exception>
    public static void Update(Module average, Module network, double momentum)
    {
        if (!(momentum is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(momentum), momentum, "A momentum is from 0 to 1.");
        }
        (string Name, Tensor Value)[] to = [.. State(average)], from = [.. State(network)];
        // All are compared before any is changed: half an average would be none.
        if (to.Length != from.Length)
        {
            throw new ArgumentException($"average has {to.Length} parameters and buffers, network {from.Length}.", nameof(average));
        }
        foreach (((string name, Tensor a), (string other, Tensor b)) in to.Zip(from))
        {
            if (name != other)
            {
                throw new ArgumentException($"average has {name} where network has {other}.", nameof(average));
            }
            ShapeCheck.Require(a, $"average.{name}", b.shape);
        }
        using var _ = no_grad();
        // An implicit Scalar may be finalised by another thread while native code still reads it.
        using Scalar old = momentum, fresh = 1 - momentum;
        foreach (((string _, Tensor a), (string _, Tensor b)) in to.Zip(from))
        {
            if (momentum == 0 || !a.is_floating_point())
            {
                a.copy_(b);
            }
            else
            {
                a.mul_(old).add_(b, alpha: fresh);
            }
        }
    }

    private static IEnumerable<(string Name, Tensor Value)> State(Module network) =>
        network.named_parameters().Select(p => (p.name, (Tensor)p.parameter)).Concat(network.named_buffers().Select(b => (b.name, b.buffer)));
}
