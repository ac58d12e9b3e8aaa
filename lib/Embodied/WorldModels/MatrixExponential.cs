using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>
/// exp(M) by scaling and squaring: exp(M) = exp(M/2ˢ)^(2ˢ), where for the small matrix the Padé approximant r₁₃ = q(−M)⁻¹ q(M) is exact to
/// rounding.
/// </summary>
/// <remarks>N. Higham, <i>The scaling and squaring method for the matrix exponential revisited</i>, 2005, algorithm 2.3.</remarks>
public static class MatrixExponential
{
    // Below this 1-norm r₁₃ has a backward error less than the unit roundoff of float64.
    private const double Theta13 = 5.371920351148152;

    /// <summary>exp(M), matrix by matrix.</summary>
    /// <param name="M">[…, n, n].</param>
    /// <returns>As M; gradients flow.</returns>
    /// <exception cref="ArgumentException">M is not square or not finite.</exception>
    public static Tensor Of(Tensor M)
    {
        Square(M, nameof(M));
        using var scope = NewDisposeScope();
        double norm = M.numel() == 0 ? 0 : M.detach().abs().sum(-2).max().to(ScalarType.Float64).item<double>();
        if (!double.IsFinite(norm))
        {
            throw new ArgumentException("M holds a value that is not finite.", nameof(M));
        }
        int squarings = norm <= Theta13 ? 0 : (int)Math.Ceiling(Math.Log2(norm / Theta13));
        Tensor A = M * Math.Pow(2, -squarings), I = eye(M.shape[^1], dtype: M.dtype, device: M.device);
        Tensor A2 = A.matmul(A), A4 = A2.matmul(A2), A6 = A4.matmul(A2);

        // q(A) = U + V with U odd and V even, so that q(−A) = V − U. The coefficients are (26 − j)! 13! / (26! j! (13 − j)!), times those of j = 13.
        Tensor U = A.matmul(
            A6.matmul(A6 + 16380 * A4 + 40840800 * A2) + 33522128640 * A6 + 10559470521600 * A4 + 1187353796428800 * A2 + 32382376266240000 * I);
        Tensor V = A6.matmul(182 * A6 + 960960 * A4 + 1323241920 * A2)
            + 670442572800 * A6 + 129060195264000 * A4 + 7771770303897600 * A2 + 64764752532480000 * I;
        Tensor E = linalg.solve(V - U, V + U);
        for (int i = 0; i < squarings; i++)
        {
            E = E.matmul(E);
        }
        return E.MoveToOuterDisposeScope();
    }

    /// <summary>The extents before the last two of a square matrix.</summary>
    internal static long[] Square(Tensor M, string name)
    {
        if (M.dim() < 2 || M.shape[^1] != M.shape[^2])
        {
            throw new ArgumentException($"{name} has shape [{string.Join(", ", M.shape)}], wanted a square matrix [..., n, n].", name);
        }
        return M.shape[..^2];
    }
}
