using Embodied.Networks;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.SelfSupervised;

/// <summary>
/// The methods that have one network and a loss on the embeddings of two views, and differ in that loss alone: SimCLR, Barlow Twins, VICReg.
/// </summary>
/// <remarks>Chen et al. 2020; Zbontar et al. 2021; Bardes et al. 2022. Lecture: self-supervised learning.</remarks>
public sealed class JointEmbedding : SelfSupervisedMethod
{
    private readonly ProjectedEncoder network;
    private readonly Func<Tensor, Tensor, Tensor> loss;

    /// <inheritdoc/>
    public override Module<Tensor, Tensor> Encoder => network.Encoder;

    /// <summary>Joins network and loss.</summary>
    /// <param name="network">f and g.</param>
    /// <param name="loss">From both views' embeddings, [n, d] each, to a scalar.</param>
    public JointEmbedding(ProjectedEncoder network, Func<Tensor, Tensor, Tensor> loss) : base(nameof(JointEmbedding))
    {
        (this.network, this.loss) = (network, loss);
        RegisterComponents();
    }

    /// <summary>SimCLR.</summary>
    /// <param name="network">f and g.</param>
    /// <param name="tau">τ of <see cref="NtXent"/>.</param>
    public static JointEmbedding SimClr(ProjectedEncoder network, double tau = 0.5) => new(network, (a, b) => NtXent.Loss(a, b, tau));

    /// <summary>Barlow Twins.</summary>
    /// <param name="network">f and g.</param>
    /// <param name="lambda">λ of <see cref="SelfSupervised.BarlowTwins"/>; 0 leaves invariance alone.</param>
    public static JointEmbedding BarlowTwins(ProjectedEncoder network, double lambda = 5e-3) =>
        new(network, (a, b) => SelfSupervised.BarlowTwins.Loss(a, b, lambda));

    /// <summary>VICReg.</summary>
    /// <param name="network">f and g.</param>
    /// <param name="options">The terms' weights; variance and covariance at 0 leave invariance alone, which collapses.</param>
    public static JointEmbedding VicReg(ProjectedEncoder network, VicRegOptions? options = null) =>
        new(network, (a, b) => SelfSupervised.VicReg.Loss(a, b, options));

    /// <inheritdoc/>
    public override Tensor Loss(ViewBatch batch)
    {
        ViewCheck.Count(batch.Views, 2);
        using var scope = NewDisposeScope();
        return loss(network.call(batch.Views[0]), network.call(batch.Views[1])).MoveToOuterDisposeScope();
    }
}
