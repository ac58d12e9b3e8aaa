using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Embodied.EnergyBased;

/// <summary>
/// A restricted Boltzmann machine with binary units: visible v ∈ {0, 1}ᵈ, hidden h ∈ {0, 1}ᵐ, and
/// <code>
/// E(v, h) = −bᵀv − cᵀh − vᵀW h,      p(v, h) = exp(−E(v, h)) / Z.
/// </code>
/// No edge joins two units of one layer, so p(h|v) and p(v|h) factorise.
/// </summary>
/// <remarks>Smolensky 1986; Hinton 2002. Lecture: energy-based learning. A visible value between 0 and 1 is read as a probability.</remarks>
public sealed class Rbm : nn.Module
{
    /// <summary>Weights W, [visible, hidden].</summary>
    public readonly Parameter W;

    /// <summary>Visible biases b, [visible].</summary>
    public readonly Parameter b;

    /// <summary>Hidden biases c, [hidden].</summary>
    public readonly Parameter c;

    /// <summary>The number of visible units, d.</summary>
    public int Visible { get; }

    /// <summary>The number of hidden units, m.</summary>
    public int Hidden { get; }

    /// <summary>A machine with W ~ N(0, std²) and zero biases.</summary>
    /// <param name="visible">Visible units.</param>
    /// <param name="hidden">Hidden units.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="std">Standard deviation of the weights; 0.01 is the advice of Hinton 2010, section 8.</param>
    /// <param name="dtype">Element type: float64 for checks, float32 for training.</param>
    /// <exception cref="ArgumentOutOfRangeException">A layer has no unit.</exception>
    public Rbm(int visible, int hidden, Generator generator, double std = 0.01, ScalarType dtype = ScalarType.Float32) : base(nameof(Rbm))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(visible, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(hidden, 1);
        (Visible, Hidden) = (visible, hidden);
        using var scope = NewDisposeScope();
        W = new Parameter(randn(visible, hidden, dtype: dtype, generator: generator) * std);
        b = new Parameter(zeros(visible, dtype: dtype));
        c = new Parameter(zeros(hidden, dtype: dtype));
        W.DetachFromDisposeScope();
        b.DetachFromDisposeScope();
        c.DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>E(v, h) = −bᵀv − cᵀh − vᵀW h, row by row.</summary>
    /// <param name="v">[n, visible].</param>
    /// <param name="h">[n, hidden].</param>
    /// <returns>[n], in nats.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Energy(Tensor v, Tensor h)
    {
        ShapeCheck.Require(v, nameof(v), -1, Visible);
        ShapeCheck.Require(h, nameof(h), v.shape[0], Hidden);
        using var scope = NewDisposeScope();
        return (-v.matmul(b) - h.matmul(c) - (v.matmul(W) * h).sum(1)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// F(v) = −log Σ_h exp(−E(v, h)) = −bᵀv − Σⱼ softplus(cⱼ + (vᵀW)ⱼ), so that p(v) = exp(−F(v)) / Z: the 2ᵐ hidden states
    /// are summed in closed form, because given v each hidden unit is on its own.
    /// </summary>
    /// <param name="v">[n, visible].</param>
    /// <returns>[n], in nats.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor FreeEnergy(Tensor v)
    {
        ShapeCheck.Require(v, nameof(v), -1, Visible);
        using var scope = NewDisposeScope();
        return (-v.matmul(b) - nn.functional.softplus(v.matmul(W) + c).sum(1)).MoveToOuterDisposeScope();
    }

    /// <summary>p(hⱼ = 1 | v) = σ(cⱼ + Σᵢ vᵢ Wᵢⱼ).</summary>
    /// <param name="v">[n, visible].</param>
    /// <returns>[n, hidden].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor HiddenGivenVisible(Tensor v)
    {
        ShapeCheck.Require(v, nameof(v), -1, Visible);
        using var scope = NewDisposeScope();
        return addmm(c, v, W, 1, 1).sigmoid().MoveToOuterDisposeScope();
    }

    /// <summary>p(vᵢ = 1 | h) = σ(bᵢ + Σⱼ Wᵢⱼ hⱼ).</summary>
    /// <param name="h">[n, hidden].</param>
    /// <returns>[n, visible].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor VisibleGivenHidden(Tensor h)
    {
        ShapeCheck.Require(h, nameof(h), -1, Hidden);
        using var scope = NewDisposeScope();
        return addmm(b, h, W.t(), 1, 1).sigmoid().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One sweep of block Gibbs sampling, h ~ p(h|v) and then v' ~ p(v|h): a Markov chain that leaves p(v, h) as it is.
    /// </summary>
    /// <param name="v">[n, visible].</param>
    /// <param name="generator">Where the coin flips come from.</param>
    /// <returns>v' and the probabilities that it was drawn from, each [n, visible].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public (Tensor Sample, Tensor Probabilities) GibbsSweep(Tensor v, Generator generator)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor h = Flip(HiddenGivenVisible(v), generator);
        Tensor probabilities = VisibleGivenHidden(h);
        return (Flip(probabilities, generator).MoveToOuterDisposeScope(), probabilities.MoveToOuterDisposeScope());
    }

    /// <summary>Independent coin flips: 1 with the given probability, else 0.</summary>
    /// <param name="probabilities">Any shape, from 0 to 1.</param>
    /// <param name="generator">Where the coin flips come from.</param>
    /// <returns>Zeros and ones, of the same shape and type.</returns>
    public static Tensor Flip(Tensor probabilities, Generator generator)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return rand(probabilities.shape, dtype: probabilities.dtype, generator: generator)
            .lt(probabilities).to(probabilities.dtype).MoveToOuterDisposeScope();
    }
}
