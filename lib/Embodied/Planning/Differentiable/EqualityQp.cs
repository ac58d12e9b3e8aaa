using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>
/// min ½zᵀQz + cᵀz subject to Az = b, as a layer. With multipliers ν the optimum solves one linear system, and so does its adjoint, by the same factors:
/// <code>
/// [Q Aᵀ; A 0] [z; ν] = [−c; b],      [Q Aᵀ; A 0] [d_z; d_ν] = −[∂ℓ/∂z; ∂ℓ/∂ν],
/// ∂ℓ/∂Q = ½(d_z zᵀ + z d_zᵀ),   ∂ℓ/∂c = d_z,   ∂ℓ/∂A = d_ν zᵀ + ν d_zᵀ,   ∂ℓ/∂b = −d_ν.
/// </code>
/// </summary>
/// <remarks>Amos &amp; Kolter 2017, <i>OptNet</i>; Gould et al. 2016. Lecture: differentiable planning.</remarks>
public static class EqualityQp
{
    /// <summary>Solves a batch.</summary>
    /// <param name="Q">[n, d, d], symmetric, positive definite where Az = 0.</param>
    /// <param name="c">[n, d].</param>
    /// <param name="A">[n, m, d], of full row rank, m ≤ d.</param>
    /// <param name="b">[n, m].</param>
    /// <returns>z [n, d] and multipliers ν [n, m]; gradients flow through both.</returns>
    /// <exception cref="ArgumentException">A shape or type does not fit, Q is not symmetric, or a value is not finite.</exception>
    /// <exception cref="InvalidOperationException">Rows of A depend on each other, or Q has no positive curvature along some direction with Az = 0.</exception>
    public static (Tensor z, Tensor nu) Solve(Tensor Q, Tensor c, Tensor A, Tensor b)
    {
        ShapeCheck.Require(Q, nameof(Q), -1, -1, Q.shape[^1]);
        long n = Q.shape[0], d = Q.shape[1];
        ShapeCheck.Require(c, nameof(c), n, d);
        ShapeCheck.Require(A, nameof(A), n, -1, d);
        long m = A.shape[1];
        ShapeCheck.Require(b, nameof(b), n, m);
        foreach ((Tensor tensor, string name) in new[] { (Q, nameof(Q)), (c, nameof(c)), (A, nameof(A)), (b, nameof(b)) })
        {
            ProblemCheck.Type(tensor, name, Q, nameof(Q));
            ProblemCheck.Finite(tensor, name, tensor.dim() == 3 ? "row" : "entry");
        }
        using var scope = NewDisposeScope();
        (Tensor factors, Tensor pivots, Tensor solution) = Factored(Q, c, A, b);
        Tensor[] outputs = AdjointFunction.Attach(
            [Q, c, A, b], [solution.narrow(1, 0, d).clone(), solution.narrow(1, d, m).clone()], [factors, pivots, solution],
            (saved, gradients) => Backward(saved[0], saved[1], saved[2], cat([.. gradients], 1), d));
        return (outputs[0].MoveToOuterDisposeScope(), outputs[1].MoveToOuterDisposeScope());
    }

    private static (Tensor Factors, Tensor Pivots, Tensor Solution) Factored(Tensor Q, Tensor c, Tensor A, Tensor b)
    {
        using var _ = no_grad();
        Require(Q, A);
        long n = A.shape[0], m = A.shape[1];
        Tensor K = cat([cat([Q, A.mT], 2), cat([A, zeros([n, m, m], dtype: Q.dtype, device: Q.device)], 2)], 1);
        (Tensor factors, Tensor? pivots) = linalg.lu_factor(K);
        return (factors, pivots!, linalg.lu_solve(factors, pivots!, cat([-c, b], 1).unsqueeze(2)).squeeze(2));
    }

    private static Tensor?[] Backward(Tensor factors, Tensor pivots, Tensor solution, Tensor gradient, long d)
    {
        using var scope = NewDisposeScope();
        long m = solution.shape[1] - d;
        Tensor adjoint = linalg.lu_solve(factors, pivots, gradient.neg().unsqueeze(2));
        Tensor dz = adjoint.narrow(1, 0, d), dnu = adjoint.narrow(1, d, m);
        Tensor z = solution.narrow(1, 0, d).unsqueeze(2), nu = solution.narrow(1, d, m).unsqueeze(2);
        Tensor forQ = dz.bmm(z.mT);
        return
        [
            ((forQ + forQ.mT) / 2).MoveToOuterDisposeScope(), dz.squeeze(2).clone().MoveToOuterDisposeScope(),
            (dnu.bmm(z.mT) + nu.bmm(dz.mT)).MoveToOuterDisposeScope(), dnu.squeeze(2).neg().MoveToOuterDisposeScope(),
        ];
    }

    // With Aᵀ = [Y N][U; 0], A has full rank iff U has, and N spans the directions that A does not see.
    private static void Require(Tensor Q, Tensor A)
    {
        long d = A.shape[2], m = A.shape[1];
        double small = Q.dtype == ScalarType.Float32 ? 1e-5 : 1e-11;
        if (LqrProblem.Place((Q - Q.mT).abs().amax([2L]).gt(Q.abs().flatten(1).amax([1L], keepdim: true) * small * 10), "row") is { } crooked)
        {
            throw new ArgumentException($"Q is not symmetric at {crooked}.", nameof(Q));
        }
        if (m > d)
        {
            throw new InvalidOperationException($"A has {m} rows for {d} unknowns: its rows depend on each other, and Az = b has no solution in general.");
        }
        (Tensor basis, Tensor U) = linalg.qr(A.mT, linalg.QRMode.Complete);
        Tensor pivots = U.narrow(1, 0, m).diagonal(0, 1, 2).abs();
        if (LqrProblem.Place(pivots.le(A.abs().flatten(1).amax([1L], keepdim: true) * small), "row") is { } dependent)
        {
            throw new InvalidOperationException($"A does not have full row rank: {dependent} depends on the rows before it, and Az = b has no solution in general.");
        }
        if (m == d)
        {
            return;
        }
        Tensor N = basis.narrow(2, m, d - m), inside = N.mT.bmm(Q).bmm(N);
        Tensor failed = linalg.cholesky_ex((inside + inside.mT) / 2).info.ne(0);
        if (failed.any().item<bool>())
        {
            long problem = failed.to(ScalarType.Int32).argmax().item<long>();
            throw new InvalidOperationException($"Q is not positive definite where Az = 0 in problem {problem}: the cost has no minimum there.");
        }
    }
}
