using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>
/// DINO's loss: the student should say of every crop what the teacher says of another crop of the same image,
/// <code>
/// L = 1/|pairs| Σ_{x global} Σ_{x′ ≠ x} H(P_t(x), P_s(x′)),      H(a, b) = −Σ_k a_k log b_k,
/// P_t = softmax((g_t − c) / τ_t),      P_s = softmax(g_s / τ_s).
/// </code>
/// Centring (c) keeps one prototype from winning everywhere, sharpening (τ_t &lt; τ_s) keeps all from winning alike: each alone collapses, to the
/// even distribution and to a single prototype.
/// </summary>
/// <remarks>Caron et al., <i>Emerging properties in self-supervised vision transformers</i>, 2021, eqs. 1 to 4, algorithm 1, figure 7. Lecture: self-supervised learning.</remarks>
public static class DinoLoss
{
    /// <summary>P_t. Without gradient.</summary>
    /// <param name="teacher">Logits g_t, [..., K].</param>
    /// <param name="centre">c, [K]; null for no centring.</param>
    /// <param name="temperature">τ_t &gt; 0.</param>
    /// <returns>Distributions, [..., K].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is not positive.</exception>
    public static Tensor Targets(Tensor teacher, Tensor? centre, double temperature)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        if (centre is not null)
        {
            ShapeCheck.Require(centre, nameof(centre), teacher.shape[^1]);
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor centred = centre is null ? teacher : teacher - centre;
        return (centred / temperature).softmax(-1).MoveToOuterDisposeScope();
    }

    /// <summary>The loss. Differentiable in the student's logits; the targets are constants.</summary>
    /// <param name="student">g_s of all V views of n images, view by view, [V, n, K]; the first G views are those that the teacher saw.</param>
    /// <param name="targets">P_t of the G global views in the same order, [G, n, K].</param>
    /// <param name="temperature">τ_s &gt; 0.</param>
    /// <returns>A scalar, in nats, averaged over the GV − G pairs of different views and over the images.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or no two views differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is not positive.</exception>
    public static Tensor Loss(Tensor student, Tensor targets, double temperature = 0.1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        ShapeCheck.Require(student, nameof(student), -1, -1, -1);
        ShapeCheck.Require(targets, nameof(targets), -1, student.shape[1], student.shape[2]);
        long V = student.shape[0], G = targets.shape[0], n = student.shape[1];
        if (G < 1 || G > V || V < 2)
        {
            throw new ArgumentException($"targets holds {G} views of the student's {V}, wanted 1 to {V}, of at least 2.", nameof(targets));
        }
        using var scope = NewDisposeScope();
        Tensor logP = (student / temperature).log_softmax(-1);
        // For each target the sum over all other views: that over all, less that view itself.
        Tensor others = logP.sum(0, keepdim: true) - logP.narrow(0, 0, G); // [G, n, K]
        return (-(targets.detach() * others).sum() / (G * (V - 1) * n)).MoveToOuterDisposeScope();
    }

    /// <summary>The new centre, c ← m c + (1 − m) ⟨g_t⟩, with the mean over everything but the last dimension, in place. Without gradient.</summary>
    /// <param name="centre">c, [K].</param>
    /// <param name="teacher">Logits g_t, [..., K].</param>
    /// <param name="momentum">m, 0 to 1.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">m is not from 0 to 1.</exception>
    public static void UpdateCentre(Tensor centre, Tensor teacher, double momentum = 0.9)
    {
        ShapeCheck.Require(centre, nameof(centre), teacher.shape[^1]);
        if (!(momentum is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(momentum), momentum, "A momentum is from 0 to 1.");
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        centre.mul_(momentum).add_(teacher.reshape(-1, centre.shape[0]).mean([0L]), alpha: 1 - momentum);
    }

    /// <summary>The mean entropy of distributions, h(P) = −Σ P log P: log K when collapsed to the even one, 0 when to single prototypes.</summary>
    /// <param name="targets">P, [..., K].</param>
    /// <returns>In nats.</returns>
    public static double Entropy(Tensor targets)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return -targets.xlogy(targets).sum(-1).mean().ToDouble();
    }

    /// <summary>
    /// The mean divergence KL(P_t ‖ P_s) over the pairs of <see cref="Loss"/>: the loss less the entropy of the targets. It goes to zero when
    /// the targets no longer depend on the image, whichever way they collapsed.
    /// </summary>
    /// <param name="student">g_s, [V, n, K].</param>
    /// <param name="targets">P_t, [G, n, K].</param>
    /// <param name="temperature">τ_s &gt; 0.</param>
    /// <returns>In nats.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static double Divergence(Tensor student, Tensor targets, double temperature = 0.1)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return Loss(student, targets, temperature).ToDouble() - Entropy(targets);
    }
}
