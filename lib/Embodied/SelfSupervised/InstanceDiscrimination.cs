using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>
/// Every image is a class of its own, and its class vector is the embedding it had the last time: with a memory bank v₁ … v_n of unit vectors,
/// <code>
/// P(i | f) = exp(⟨v_i, f⟩ / τ) / Z,      Z = Σ_j exp(⟨v_j, f⟩ / τ),      L = −log P(i | f).
/// </code>
/// Noise-contrastive estimation replaces the sum over all images by telling the image apart from m drawn ones (P_n = 1/n), with Z a constant
/// estimated once:
/// <code>
/// h(i, f) = P(i | f) / (P(i | f) + m/n),      L_NCE = −log h(i, f) − Σ_{j ~ P_n} log(1 − h(j, f)).
/// </code>
/// </summary>
/// <remarks>
/// Wu et al., <i>Unsupervised feature learning via non-parametric instance discrimination</i>, 2018, eqs. 2 to 9. Lecture: self-supervised learning.
/// </remarks>
public static class InstanceDiscrimination
{
    /// <summary>The exact non-parametric softmax loss over the whole bank. Differentiable in f; the bank gets no gradient.</summary>
    /// <param name="f">Embeddings, [b, d]; normalised here.</param>
    /// <param name="bank">v, unit vectors, [n, d].</param>
    /// <param name="indices">Which image of the bank each row of f is, int64, [b].</param>
    /// <param name="tau">τ &gt; 0.</param>
    /// <returns>A scalar, in nats: log n for a bank that says nothing.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">τ is not positive.</exception>
    public static Tensor SoftmaxLoss(Tensor f, Tensor bank, Tensor indices, double tau = 0.07)
    {
        Require(f, bank, tau);
        ShapeCheck.Require(indices, nameof(indices), f.shape[0]);
        using var scope = NewDisposeScope();
        Tensor logits = nn.functional.normalize(f, dim: 1).mm(bank.detach().t()) / tau; // [b, n]
        return nn.functional.cross_entropy(logits, indices).MoveToOuterDisposeScope();
    }

    /// <summary>The Monte-Carlo estimate of the normaliser, Z ≈ n · mean over f and drawn j of exp(⟨v_j, f⟩ / τ) (eq. 9).</summary>
    /// <param name="f">Embeddings, [b, d]; normalised here.</param>
    /// <param name="bank">v, unit vectors, [n, d].</param>
    /// <param name="noise">The drawn j, int64, [b, m]: m for every row.</param>
    /// <param name="tau">τ &gt; 0.</param>
    /// <returns>Z.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">τ is not positive.</exception>
    public static double EstimateZ(Tensor f, Tensor bank, Tensor noise, double tau = 0.07)
    {
        Require(f, bank, tau);
        ShapeCheck.Require(noise, nameof(noise), f.shape[0], -1);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return bank.shape[0] * Similarities(nn.functional.normalize(f, dim: 1), bank, noise, tau).exp().mean().ToDouble();
    }

    /// <summary>The NCE loss, averaged over the rows of f. Differentiable in f; the bank gets no gradient.</summary>
    /// <param name="f">Embeddings, [b, d]; normalised here.</param>
    /// <param name="bank">v, unit vectors, [n, d].</param>
    /// <param name="indices">Which image of the bank each row of f is, int64, [b].</param>
    /// <param name="noise">Images drawn evenly from the bank, int64, [b, m].</param>
    /// <param name="z">Z, from <see cref="EstimateZ"/>.</param>
    /// <param name="tau">τ &gt; 0.</param>
    /// <returns>A scalar, in nats.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">τ or Z is not positive.</exception>
    public static Tensor NceLoss(Tensor f, Tensor bank, Tensor indices, Tensor noise, double z, double tau = 0.07)
    {
        Require(f, bank, tau);
        ShapeCheck.Require(indices, nameof(indices), f.shape[0]);
        ShapeCheck.Require(noise, nameof(noise), f.shape[0], -1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(z);
        using var scope = NewDisposeScope();
        Tensor unit = nn.functional.normalize(f, dim: 1);
        // log of P/(m/n): h = σ(odds), 1 − h = σ(−odds), and softplus(x) = −log σ(−x) neither overflows nor rounds to log 0.
        double offset = Math.Log(z * noise.shape[1] / bank.shape[0]);
        Tensor data = Similarities(unit, bank, indices.unsqueeze(1), tau) - offset; // [b, 1]
        Tensor drawn = Similarities(unit, bank, noise, tau) - offset; // [b, m]
        return (nn.functional.softplus(-data).mean() + nn.functional.softplus(drawn).sum(1).mean()).MoveToOuterDisposeScope();
    }

    /// <summary>Puts new embeddings into the bank, v_i ← (m v_i + (1 − m) f) / ‖·‖, in place.</summary>
    /// <param name="bank">v, unit vectors, [n, d].</param>
    /// <param name="indices">Which, int64, [b].</param>
    /// <param name="f">Embeddings, [b, d]; normalised here.</param>
    /// <param name="momentum">m, from 0 (replace) to 1; the authors' code takes 0.5.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static void Remember(Tensor bank, Tensor indices, Tensor f, double momentum = 0.5)
    {
        Require(f, bank, 1);
        ShapeCheck.Require(indices, nameof(indices), f.shape[0]);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor old = bank.index_select(0, indices);
        bank.index_copy_(0, indices, nn.functional.normalize(momentum * old + (1 - momentum) * nn.functional.normalize(f, dim: 1), dim: 1));
    }

    // ⟨v_j, f⟩ / τ for the chosen j of every row: [b, m]
    private static Tensor Similarities(Tensor unit, Tensor bank, Tensor chosen, double tau)
    {
        Tensor v = bank.detach().index_select(0, chosen.reshape(-1)).view(chosen.shape[0], chosen.shape[1], bank.shape[1]); // [b, m, d]
        return v.bmm(unit.unsqueeze(2)).squeeze(2) / tau;
    }

    private static void Require(Tensor f, Tensor bank, double tau)
    {
        ShapeCheck.Require(f, nameof(f), -1, -1);
        ShapeCheck.Require(bank, nameof(bank), -1, f.shape[1]);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tau);
    }
}
