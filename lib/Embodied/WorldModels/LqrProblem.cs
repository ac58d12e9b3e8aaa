using System.Globalization;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>
/// A linear-quadratic problem, time-varying, with cross, linear and affine terms, for a batch of n at once: find u₀, …, u_{T−1} that minimise
/// <code>
/// J = Σ_{t&lt;T} ( ½ xᵗᵀQₜxₜ + uₜᵀSₜxₜ + ½ uₜᵀRₜuₜ + qₜᵀxₜ + rₜᵀuₜ )  +  ½ x_TᵀQ_T x_T + q_Tᵀx_T,      xₜ₊₁ = Aₜxₜ + Bₜuₜ + cₜ.
/// </code>
/// </summary>
/// <remarks>Lecture: dynamics and LQR. All tensors are of one floating-point type; expanded views need no memory.</remarks>
public sealed class LqrProblem
{
    /// <summary>Checks and holds a problem.</summary>
    /// <param name="A">[n, T, n_x, n_x].</param>
    /// <param name="B">[n, T, n_x, n_u].</param>
    /// <param name="Q">[n, T + 1, n_x, n_x], symmetric; the last is the final cost.</param>
    /// <param name="R">[n, T, n_u, n_u], symmetric.</param>
    /// <param name="S">The cross term, [n, T, n_u, n_x]; 0 when null.</param>
    /// <param name="q">[n, T + 1, n_x]; 0 when null.</param>
    /// <param name="r">[n, T, n_u]; 0 when null.</param>
    /// <param name="c">[n, T, n_x]; 0 when null.</param>
    /// <exception cref="ArgumentException">A shape or type does not fit; a value is not finite, or Q or R not symmetric: the message names matrix, step and problem.</exception>
    public LqrProblem(Tensor A, Tensor B, Tensor Q, Tensor R, Tensor? S = null, Tensor? q = null, Tensor? r = null, Tensor? c = null)
    {
        ShapeCheck.Require(A, nameof(A), -1, -1, -1, A.shape[^1]);
        long n = A.shape[0], T = A.shape[1], nx = A.shape[2];
        ShapeCheck.Require(B, nameof(B), n, T, nx, -1);
        long nu = B.shape[3];
        ShapeCheck.Require(Q, nameof(Q), n, T + 1, nx, nx);
        ShapeCheck.Require(R, nameof(R), n, T, nu, nu);
        if (n == 0 || T == 0 || nx == 0 || nu == 0)
        {
            throw new ArgumentException($"A and B describe {n} problems of {T} steps with {nx} states and {nu} controls; wanted at least one of each.", nameof(A));
        }
        this.A = Sound(A, A);
        this.B = Sound(B, A);
        this.Q = Symmetric(Sound(Q, A), nameof(Q));
        this.R = Symmetric(Sound(R, A), nameof(R));
        this.S = Optional(S, A, n, T, nu, nx);
        this.q = Optional(q, A, n, T + 1, nx);
        this.r = Optional(r, A, n, T, nu);
        this.c = Optional(c, A, n, T, nx);
    }

    /// <summary>A problem whose matrices are the same at every step, the states being paid from the origin.</summary>
    /// <param name="A">[n_x, n_x] or, for a batch, [n, n_x, n_x]; so the others.</param>
    /// <param name="B">[n_x, n_u].</param>
    /// <param name="Q">[n_x, n_x].</param>
    /// <param name="R">[n_u, n_u].</param>
    /// <param name="horizon">T, steps.</param>
    /// <param name="final">Q_T, [n_x, n_x]; Q when null.</param>
    /// <param name="S">[n_u, n_x]; 0 when null.</param>
    /// <exception cref="ArgumentException">As for the constructor.</exception>
    public static LqrProblem TimeInvariant(Tensor A, Tensor B, Tensor Q, Tensor R, int horizon, Tensor? final = null, Tensor? S = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(horizon);
        Tensor Q0 = Held(Q, horizon, nameof(Q)), last = Held(final ?? Q, 1, nameof(final));
        return new(
            Held(A, horizon, nameof(A)), Held(B, horizon, nameof(B)), cat([Q0, last], 1), Held(R, horizon, nameof(R)),
            S is null ? null : Held(S, horizon, nameof(S)));
    }

    /// <summary>Aₜ, [n, T, n_x, n_x].</summary>
    public Tensor A { get; }

    /// <summary>Bₜ, [n, T, n_x, n_u].</summary>
    public Tensor B { get; }

    /// <summary>cₜ, [n, T, n_x].</summary>
    public Tensor c { get; }

    /// <summary>Qₜ, [n, T + 1, n_x, n_x].</summary>
    public Tensor Q { get; }

    /// <summary>Rₜ, [n, T, n_u, n_u].</summary>
    public Tensor R { get; }

    /// <summary>Sₜ, [n, T, n_u, n_x].</summary>
    public Tensor S { get; }

    /// <summary>qₜ, [n, T + 1, n_x].</summary>
    public Tensor q { get; }

    /// <summary>rₜ, [n, T, n_u].</summary>
    public Tensor r { get; }

    /// <summary>n, the number of problems.</summary>
    public int Batch => (int)A.shape[0];

    /// <summary>T, the number of controls.</summary>
    public int Horizon => (int)A.shape[1];

    /// <summary>n_x.</summary>
    public int StateSize => (int)A.shape[2];

    /// <summary>n_u.</summary>
    public int ControlSize => (int)B.shape[3];

    /// <summary>J of states and controls, whether or not they obey the dynamics.</summary>
    /// <param name="x">[n, T + 1, n_x].</param>
    /// <param name="u">[n, T, n_u].</param>
    /// <returns>[n].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Cost(Tensor x, Tensor u)
    {
        ShapeCheck.Require(x, nameof(x), Batch, Horizon + 1, StateSize);
        ShapeCheck.Require(u, nameof(u), Batch, Horizon, ControlSize);
        using var scope = NewDisposeScope();
        Tensor X = x.unsqueeze(-1), U = u.unsqueeze(-1);
        Tensor ofStates = (X * (Q.matmul(X) / 2 + q.unsqueeze(-1))).flatten(1).sum(1);
        Tensor ofControls = (U * (R.matmul(U) / 2 + S.matmul(X[.., ..Horizon]) + r.unsqueeze(-1))).flatten(1).sum(1);
        return (ofStates + ofControls).MoveToOuterDisposeScope();
    }

    // Steps of a batch from one matrix [a, b] or a batch of them [n, a, b].
    private static Tensor Held(Tensor M, int steps, string name)
    {
        if (M.dim() is not (2 or 3))
        {
            throw new ArgumentException($"{name} has shape [{string.Join(", ", M.shape)}], wanted a matrix or a batch of them [n, rows, columns].", name);
        }
        Tensor batch = M.dim() == 2 ? M.unsqueeze(0) : M;
        return batch.unsqueeze(1).expand(batch.shape[0], steps, batch.shape[1], batch.shape[2]);
    }

    private static Tensor Optional(Tensor? M, Tensor like, long n, long T, long rows, long columns = 0, [CallerArgumentExpression(nameof(M))] string name = "")
    {
        long[] shape = columns == 0 ? [n, T, rows] : [n, T, rows, columns];
        if (M is null)
        {
            return zeros(shape, dtype: like.dtype, device: like.device);
        }
        ShapeCheck.Require(M, name, shape);
        return Sound(M, like, name);
    }

    private static Tensor Sound(Tensor M, Tensor like, [CallerArgumentExpression(nameof(M))] string name = "")
    {
        if (M.dtype != like.dtype || M.dtype is not (ScalarType.Float32 or ScalarType.Float64))
        {
            throw new ArgumentException($"{name} is of type {M.dtype} and A of type {like.dtype}; wanted Float32 or Float64 for all.", name);
        }
        using var scope = NewDisposeScope();
        // One pass over sound values; only where the sum says that something is wrong is it looked for.
        if (!Once(M).sum().isfinite().item<bool>() && Place(M.detach().isfinite().logical_not().flatten(2).any(2)) is { } place)
        {
            throw new ArgumentException($"{name} holds a value that is not finite at {place}.", name);
        }
        return M;
    }

    // What is expanded holds the same values again and again.
    private static Tensor Once(Tensor M)
    {
        Tensor plain = M.detach();
        for (int i = 0; i < 2; i++)
        {
            plain = plain.stride(i) == 0 ? plain.narrow(i, 0, 1) : plain;
        }
        return plain;
    }

    private static Tensor Symmetric(Tensor M, string name)
    {
        using var scope = NewDisposeScope();
        Tensor plain = Once(M);
        if (plain.Equals(plain.mT))
        {
            return M;
        }
        plain = M.detach();
        Tensor off = (plain - plain.mT).abs().flatten(2).amax([2L]), size = plain.abs().flatten(2).amax([2L]);
        if (Place(off.gt(size * (M.dtype == ScalarType.Float32 ? 1e-4 : 1e-9))) is { } place)
        {
            throw new ArgumentException($"{name} is not symmetric at {place}.", name);
        }
        return M;
    }

    /// <summary>Where in [n, T] something is so for the first time, in words; null where it is not.</summary>
    /// <param name="wrong">[n, T], bool.</param>
    /// <param name="column">What the second index counts.</param>
    /// <param name="row">What the first counts.</param>
    internal static string? Place(Tensor wrong, string column = "step", string row = "problem")
    {
        if (!wrong.any().item<bool>())
        {
            return null;
        }
        long steps = wrong.shape[1], flat = wrong.flatten().to(ScalarType.Int32).argmax().item<long>();
        return string.Create(CultureInfo.InvariantCulture, $"{column} {flat % steps} of {row} {flat / steps}");
    }
}
