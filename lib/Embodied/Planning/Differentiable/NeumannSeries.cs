using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>
/// (I − Jᵀ)⁻¹v = v + Jᵀv + (Jᵀ)²v + …, which converges where all eigenvalues of J are within the unit circle: as fast as the largest, λ, lets it,
/// the error after k terms being of order |λ|ᵏ.
/// </summary>
/// <remarks>Liao et al. 2018, Neumann recurrent back-propagation. Lecture: differentiable planning.</remarks>
public static class NeumannSeries
{
    /// <summary>The first terms, summed.</summary>
    /// <param name="transposed">Maps [n, d] to the rows' Jᵀw, [n, d].</param>
    /// <param name="v">[n, d].</param>
    /// <param name="terms">How many; v alone is one.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Sum(Func<Tensor, Tensor> transposed, Tensor v, int terms)
    {
        ShapeCheck.Require(v, nameof(v), -1, -1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(terms);
        using var scope = NewDisposeScope();
        Tensor sum = v.clone(), term = v;
        for (int k = 1; k < terms; k++)
        {
            term = transposed(term);
            ShapeCheck.Require(term, nameof(transposed), v.shape);
            sum = sum + term;
        }
        return sum.MoveToOuterDisposeScope();
    }
}
