using static TorchSharp.torch;

namespace Embodied.EnergyBased;

/// <summary>
/// Contrastive divergence. The gradient of log p(v) is ⟨v hᵀ⟩⁰ − ⟨v hᵀ⟩^∞: hidden units driven by data (positive phase) less
/// those of the model's own equilibrium (negative phase). CD-k breaks the Gibbs chain off after k sweeps from the data (Hinton 2002);
/// persistent CD never restarts it: the chain goes on from where the last update left it (Tieleman 2008).
/// </summary>
public static class ContrastiveDivergence
{
    /// <summary>⟨v p(h|v)ᵀ⟩ over positive states less the same over negative states. Using p(h|v) for h only removes noise: its mean is the same.</summary>
    /// <param name="rbm">The machine.</param>
    /// <param name="positive">Data v⁰, [n, visible].</param>
    /// <param name="negative">The model's states vᵏ, [N, visible].</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static RbmGradient Gradient(Rbm rbm, Tensor positive, Tensor negative)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        RbmGradient data = Statistics(rbm, positive), model = Statistics(rbm, negative);
        return new(
            (data.W - model.W).MoveToOuterDisposeScope(),
            (data.b - model.b).MoveToOuterDisposeScope(),
            (data.c - model.c).MoveToOuterDisposeScope());
    }

    /// <summary>Runs k Gibbs sweeps and takes the gradient there.</summary>
    /// <param name="rbm">The machine.</param>
    /// <param name="data">A batch v⁰, [n, visible].</param>
    /// <param name="start">Where the chains begin, [N, visible]: <paramref name="data"/> for CD-k, the last update's states for persistent CD.</param>
    /// <param name="k">Sweeps, at least 1.</param>
    /// <param name="generator">Where the coin flips come from.</param>
    /// <returns>The gradient, and the chains' states vᵏ, [N, visible].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="k"/> is not positive.</exception>
    public static (RbmGradient Gradient, Tensor Chains) Estimate(Rbm rbm, Tensor data, Tensor start, int k, Generator generator)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        Tensor v = start.alias();
        for (int sweep = 0; sweep < k; sweep++)
        {
            (Tensor next, Tensor probabilities) = rbm.GibbsSweep(v, generator);
            probabilities.Dispose();
            v.Dispose();
            v = next;
        }
        return (Gradient(rbm, data, v), v);
    }

    private static RbmGradient Statistics(Rbm rbm, Tensor v)
    {
        Tensor h = rbm.HiddenGivenVisible(v);
        return new(v.t().matmul(h) / v.shape[0], v.mean([0L]), h.mean([0L]));
    }
}
