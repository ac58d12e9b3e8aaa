using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>
/// dx/dt = A x + B u, with u held for a time h, in one exact step x' = A_d x + B_d u, by a single matrix exponential (Van Loan 1978):
/// <code>
/// exp( h [A B] )  =  [A_d B_d]
///      ( [0 0] )     [0   I  ] .
/// </code>
/// </summary>
/// <remarks>C. Van Loan, <i>Computing integrals involving the matrix exponential</i>, 1978. Lecture: dynamics and LQR.</remarks>
public static class ExactDiscretisation
{
    /// <summary>A_d = exp(hA) and B_d = ∫₀ʰ exp(sA) ds B.</summary>
    /// <param name="A">[…, n_x, n_x], per second.</param>
    /// <param name="B">[…, n_x, n_u].</param>
    /// <param name="h">The step in seconds.</param>
    /// <returns>A_d [n, n_x, n_x] and B_d [n, n_x, n_u] with the leading extents of A.</returns>
    /// <exception cref="ArgumentException">A is not square, or B does not fit it.</exception>
    public static (Tensor A, Tensor B) Of(Tensor A, Tensor B, double h)
    {
        long[] outer = MatrixExponential.Square(A, nameof(A));
        long nx = A.shape[^1], nu = B.dim() >= 1 ? B.shape[^1] : -1;
        ShapeCheck.Require(B, nameof(B), [.. outer, nx, nu]);
        using var scope = NewDisposeScope();
        Tensor top = cat([A, B], -1), bottom = zeros([.. outer, nu, nx + nu], dtype: A.dtype, device: A.device);
        Tensor E = MatrixExponential.Of(h * cat([top, bottom], -2));
        Tensor upper = E.narrow(-2, 0, nx);
        return (
            upper.narrow(-1, 0, nx).contiguous().MoveToOuterDisposeScope(),
            upper.narrow(-1, nx, nu).contiguous().MoveToOuterDisposeScope());
    }
}
