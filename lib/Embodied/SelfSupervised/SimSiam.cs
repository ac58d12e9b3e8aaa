using Embodied.Networks;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.SelfSupervised;

/// <summary>
/// SimSiam: BYOL without the moving average,
/// <code>
/// L = ½ D(p₁, stopgrad(z₂)) + ½ D(p₂, stopgrad(z₁)),      z = g(f(x)), p = q(z).
/// </code>
/// What keeps it from mapping everything to one point is that z is held constant while p is drawn to it.
/// </summary>
/// <remarks>Chen &amp; He 2021, algorithm 1; figure 2 shows the collapse. Lecture: self-supervised learning.</remarks>
public sealed class SimSiam : SelfSupervisedMethod
{
    private readonly ProjectedEncoder network;
    private readonly Module<Tensor, Tensor>? predictor;
    private readonly bool stopGradient;

    /// <inheritdoc/>
    public override Module<Tensor, Tensor> Encoder => network.Encoder;

    /// <summary>Joins the networks.</summary>
    /// <param name="network">f and g.</param>
    /// <param name="predictor">q; null for none, which collapses.</param>
    /// <param name="stopGradient">Whether z is held constant; false collapses.</param>
    public SimSiam(ProjectedEncoder network, Module<Tensor, Tensor>? predictor, bool stopGradient = true) : base(nameof(SimSiam))
    {
        (this.network, this.predictor, this.stopGradient) = (network, predictor, stopGradient);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Loss(ViewBatch batch)
    {
        ViewCheck.Count(batch.Views, 2);
        using var scope = NewDisposeScope();
        Tensor z1 = network.call(batch.Views[0]), z2 = network.call(batch.Views[1]);
        Tensor p1 = predictor?.call(z1) ?? z1, p2 = predictor?.call(z2) ?? z2;
        Tensor loss = 0.5 * NegativeCosine.Loss(p1, z2, stopGradient) + 0.5 * NegativeCosine.Loss(p2, z1, stopGradient);
        return loss.MoveToOuterDisposeScope();
    }
}
