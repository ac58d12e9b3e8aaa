using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>
/// The loss of the methods without negatives, between a prediction p and a target z,
/// <code>
/// D(p, z) = −⟨p, z⟩ / ‖p‖‖z‖,
/// </code>
/// SimSiam's; BYOL's, ‖p̄ − z̄‖² = 2 + 2D, is the same up to scale. z is held constant: with a gradient into both sides the shortest way
/// down is to map everything to one point.
/// </summary>
/// <remarks>Chen &amp; He, <i>Exploring simple Siamese representation learning</i>, 2021, eqs. 1 to 4; Grill et al. (BYOL) 2020, eq. 2. Lecture: self-supervised learning.</remarks>
public static class NegativeCosine
{
    /// <summary>D(p, stopgrad(z)), averaged over the rows. Differentiable in p.</summary>
    /// <param name="p">Predictions, [n, d].</param>
    /// <param name="z">Targets, [n, d].</param>
    /// <param name="stopGradient">Whether z is held constant; false lets the gradient into it, to show the collapse.</param>
    /// <returns>A scalar, −1 to 1.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor Loss(Tensor p, Tensor z, bool stopGradient = true)
    {
        ViewCheck.Pair(p, nameof(p), z, nameof(z));
        using var scope = NewDisposeScope();
        Tensor target = stopGradient ? z.detach() : z;
        return (-(nn.functional.normalize(p, dim: 1) * nn.functional.normalize(target, dim: 1)).sum(1).mean()).MoveToOuterDisposeScope();
    }

    /// <summary>BYOL's ‖p̄ − z̄‖² with p̄ and z̄ on the unit sphere, averaged over the rows. Differentiable in p.</summary>
    /// <param name="p">Predictions, [n, d].</param>
    /// <param name="z">Targets, [n, d].</param>
    /// <param name="stopGradient">Whether z is held constant.</param>
    /// <returns>A scalar, 0 to 4.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor SquaredDistance(Tensor p, Tensor z, bool stopGradient = true)
    {
        using var scope = NewDisposeScope();
        return (2 + 2 * Loss(p, z, stopGradient)).MoveToOuterDisposeScope();
    }
}
