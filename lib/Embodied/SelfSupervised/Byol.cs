using Embodied.Networks;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.SelfSupervised;

/// <summary>
/// Bootstrap your own latent: the online network predicts what a moving average of itself says of another view,
/// <code>
/// L = ‖q̄(z_θ(v)) − z̄_ξ(v′)‖² + the same with v and v′ swapped,      ξ ← τ ξ + (1 − τ) θ.
/// </code>
/// </summary>
/// <remarks>Grill et al., <i>Bootstrap your own latent</i>, 2020, eqs. 1 and 2. Lecture: self-supervised learning.</remarks>
public sealed class Byol : SelfSupervisedMethod
{
    private readonly ProjectedEncoder online;
    private readonly ProjectedEncoder target;
    private readonly Module<Tensor, Tensor>? predictor;
    private readonly double momentum;

    /// <inheritdoc/>
    public override Module<Tensor, Tensor> Encoder => online.Encoder;

    /// <summary>The target network.</summary>
    public ProjectedEncoder Target => target;

    /// <summary>Joins the networks; the target becomes a copy of the online network.</summary>
    /// <param name="online">f_θ and g_θ.</param>
    /// <param name="target">f_ξ and g_ξ, of the same architecture.</param>
    /// <param name="predictor">q; null for none, which collapses.</param>
    /// <param name="momentum">τ at the start; it rises to 1 along a cosine.</param>
    /// <exception cref="ArgumentException">The networks differ in architecture.</exception>
    public Byol(ProjectedEncoder online, ProjectedEncoder target, Module<Tensor, Tensor>? predictor, double momentum = 0.996) : base(nameof(Byol))
    {
        MovingAverage.Start(target, online);
        (this.online, this.target, this.predictor, this.momentum) = (online, target, predictor, momentum);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Loss(ViewBatch batch)
    {
        ViewCheck.Count(batch.Views, 2);
        using var scope = NewDisposeScope();
        Tensor loss = Half(batch.Views[0], batch.Views[1]) + Half(batch.Views[1], batch.Views[0]);
        return loss.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override void AfterUpdate() => MovingAverage.Update(target, online, CosineSchedule.Between(momentum, 1, Done));

    private Tensor Half(Tensor view, Tensor other)
    {
        Tensor z = online.call(view), aim;
        using (no_grad())
        {
            aim = target.call(other);
        }
        return NegativeCosine.SquaredDistance(predictor?.call(z) ?? z, aim);
    }
}
