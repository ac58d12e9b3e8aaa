using static TorchSharp.torch;

namespace Embodied.EnergyBased;

/// <summary>
/// The loss whose gradient is the contrastive gradient of the likelihood: pull energy down on data, push it up on the model's own samples,
/// <code>
/// L = ⟨E(x⁺)⟩ − ⟨E(x⁻)⟩ + α (⟨E(x⁺)²⟩ + ⟨E(x⁻)²⟩).
/// </code>
/// For α = 0 and x⁻ ~ p_θ, ∇_θ L = −∇_θ ⟨log p_θ(x⁺)⟩: it is ⟨v h⟩⁰ − ⟨v h⟩^∞ of the RBM, for any energy. Only differences of energy matter to
/// p_θ, so that the level drifts; α holds it near zero.
/// </summary>
/// <remarks>
/// Hinton 2002; Du &amp; Mordatch 2019, section 3.3, with α = 1 there. A strong α also bounds how deep a valley can be: at its optimum
/// energies differ by 1/α nats at most, since the derivative 1 + 2αE vanishes at E = −1/2α on data and at 1/2α on samples.
/// </remarks>
public static class EnergyContrast
{
    /// <summary>The loss from the energies of both phases. Differentiable.</summary>
    /// <param name="positive">E(x⁺) of data, [n], in nats.</param>
    /// <param name="negative">E(x⁻) of the model's samples, [m], in nats.</param>
    /// <param name="alpha">α ≥ 0, in 1/nats.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The energies are no vectors.</exception>
    /// <exception cref="ArgumentOutOfRangeException">α is negative.</exception>
    public static Tensor Loss(Tensor positive, Tensor negative, double alpha)
    {
        ShapeCheck.Require(positive, nameof(positive), -1);
        ShapeCheck.Require(negative, nameof(negative), -1);
        ArgumentOutOfRangeException.ThrowIfNegative(alpha);
        using var scope = NewDisposeScope();
        return (positive.mean() - negative.mean() + alpha * (positive.square().mean() + negative.square().mean())).MoveToOuterDisposeScope();
    }
}
