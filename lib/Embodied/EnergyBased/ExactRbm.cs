using static TorchSharp.torch;

namespace Embodied.EnergyBased;

/// <summary>
/// What an RBM approximates, computed exactly by visiting every state: the partition function, the likelihood and its gradient, and what CD-k
/// is on average. Feasible up to about 20 units; meant to check the approximations with.
/// </summary>
public static class ExactRbm
{
    private const int MostUnits = 22;

    /// <summary>Every binary word of <paramref name="n"/> bits, in counting order.</summary>
    /// <param name="n">Bits, 1 to 22.</param>
    /// <param name="dtype">Element type.</param>
    /// <returns>[2ⁿ, n], zeros and ones.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is not from 1 to 22.</exception>
    public static Tensor States(int n, ScalarType dtype = ScalarType.Float64)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(n, MostUnits);
        using var scope = NewDisposeScope();
        Tensor words = arange(1L << n).unsqueeze(1);
        Tensor places = pow(2, arange(n)).unsqueeze(0);
        return words.div(places, RoundingMode.floor).remainder(2).to(dtype).MoveToOuterDisposeScope();
    }

    /// <summary>log Z = log Σ_v Σ_h exp(−E(v, h)) = log Σ_v exp(−F(v)). Differentiable.</summary>
    /// <param name="rbm">A machine of at most 22 visible units.</param>
    /// <returns>A scalar, in nats.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are more visible units than can be enumerated.</exception>
    public static Tensor LogPartition(Rbm rbm)
    {
        using var scope = NewDisposeScope();
        return (-rbm.FreeEnergy(States(rbm.Visible, rbm.W.dtype))).logsumexp(0).MoveToOuterDisposeScope();
    }

    /// <summary>Mean log p(v) = −F(v) − log Z over the data. Differentiable: autograd through it is the gradient that the identity is checked against.</summary>
    /// <param name="rbm">A machine of at most 22 visible units.</param>
    /// <param name="data">[n, visible].</param>
    /// <returns>A scalar, in nats per example.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public static Tensor LogLikelihood(Rbm rbm, Tensor data)
    {
        using var scope = NewDisposeScope();
        return (-rbm.FreeEnergy(data).mean() - LogPartition(rbm)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// ⟨v hᵀ⟩⁰ − ⟨v hᵀ⟩^∞ with both averages exact: each sums over all joint states (v, h) with weights made from E(v, h) alone,
    /// using neither the conditionals nor the free energy nor autograd.
    /// </summary>
    /// <param name="rbm">A machine of at most 22 units in all.</param>
    /// <param name="data">Binary rows, [n, visible].</param>
    /// <exception cref="ArgumentException">The shape does not fit, or there are too many units.</exception>
    public static RbmGradient Gradient(Rbm rbm, Tensor data)
    {
        ShapeCheck.Require(data, nameof(data), -1, rbm.Visible);
        if (rbm.Visible + rbm.Hidden > MostUnits)
        {
            throw new ArgumentException($"rbm has {rbm.Visible} + {rbm.Hidden} units, wanted at most {MostUnits} in all to visit every state.", nameof(rbm));
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor h = States(rbm.Hidden, rbm.W.dtype);
        RbmGradient positive = Average(data, h, JointEnergies(rbm, data, h).neg().softmax(1) / data.shape[0]);
        Tensor v = States(rbm.Visible, rbm.W.dtype);
        Tensor energies = JointEnergies(rbm, v, h);
        RbmGradient negative = Average(v, h, energies.neg().flatten().softmax(0).reshape(energies.shape));
        return new(
            (positive.W - negative.W).MoveToOuterDisposeScope(),
            (positive.b - negative.b).MoveToOuterDisposeScope(),
            (positive.c - negative.c).MoveToOuterDisposeScope());
    }

    /// <summary>The transition matrix of one Gibbs sweep on the visible units, T(v'|v) = Σ_h p(h|v) p(v'|h).</summary>
    /// <param name="rbm">A machine of at most 11 visible and 22 units in all.</param>
    /// <returns>[2ᵈ, 2ᵈ]; row v holds the distribution of v'.</returns>
    public static Tensor GibbsMatrix(Rbm rbm)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor v = States(rbm.Visible, rbm.W.dtype), h = States(rbm.Hidden, rbm.W.dtype);
        return Product(rbm.HiddenGivenVisible(v), h).matmul(Product(rbm.VisibleGivenHidden(h), v)).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of the CD-k estimate over all its coin flips: the negative phase averages over p⁰Tᵏ instead of p^∞.</summary>
    /// <param name="rbm">A machine of at most 11 visible and 22 units in all.</param>
    /// <param name="data">Binary rows, [n, visible].</param>
    /// <param name="k">Sweeps; 0 gives zero, since the chain has not left the data.</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public static RbmGradient ExpectedContrastiveDivergence(Rbm rbm, Tensor data, int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        ShapeCheck.Require(data, nameof(data), -1, rbm.Visible);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor v = States(rbm.Visible, rbm.W.dtype);
        Tensor p0 = Product(data, v).mean([0L]);
        Tensor pk = p0.unsqueeze(0).matmul(GibbsMatrix(rbm).matrix_power(k)).squeeze(0);
        Tensor shift = (p0 - pk).unsqueeze(1);
        Tensor h = rbm.HiddenGivenVisible(v);
        return new(
            v.t().matmul(shift * h).MoveToOuterDisposeScope(),
            (shift * v).sum(dim: 0).MoveToOuterDisposeScope(),
            (shift * h).sum(dim: 0).MoveToOuterDisposeScope());
    }

    // E for every pair: [rows of v, rows of h].
    private static Tensor JointEnergies(Rbm rbm, Tensor v, Tensor h) =>
        -v.matmul(rbm.b).unsqueeze(1) - h.matmul(rbm.c).unsqueeze(0) - v.matmul(rbm.W).matmul(h.t());

    private static RbmGradient Average(Tensor v, Tensor h, Tensor weights) =>
        new(v.t().matmul(weights).matmul(h), weights.sum(1).matmul(v), weights.sum(dim: 0).matmul(h));

    // Π_i p_i^{s_i} (1 − p_i)^{1 − s_i} for every row of p [n, d] and state s [2ᵈ, d]; exact also where p is 0 or 1.
    private static Tensor Product(Tensor p, Tensor s) =>
        (p.unsqueeze(1) * s + (1 - p).unsqueeze(1) * (1 - s)).prod(-1);
}
