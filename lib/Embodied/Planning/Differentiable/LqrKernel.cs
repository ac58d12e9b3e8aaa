using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>The optimal motion of an LQR problem, and what a second problem with the same matrices is solved from.</summary>
/// <param name="States">[n, T + 1, n_x].</param>
/// <param name="Controls">[n, T, n_u].</param>
/// <param name="Costates">λₜ = Vₜxₜ + vₜ, [n, T + 1, n_x].</param>
/// <param name="V">[n, T + 1, n_x, n_x].</param>
/// <param name="K">[n, T, n_u, n_x].</param>
/// <param name="Factor">Lower, of R + BᵀVB, [n, T, n_u, n_u].</param>
internal sealed record LqrMotion(Tensor States, Tensor Controls, Tensor Costates, Tensor V, Tensor K, Tensor Factor);

/// <summary>
/// What <see cref="Lqr"/> computes, one problem after another instead of one step of all problems after another: its matrices stay in the first cache, and
/// there is no call of a library in between. Problems are shared among threads. For tensors in the memory of the CPU.
/// </summary>
internal static unsafe class LqrKernel
{
    /// <summary>Solves a batch and follows the policies from the starts.</summary>
    /// <exception cref="InvalidOperationException">R + BᵀVB is not positive definite; as <see cref="Lqr.Solve"/> says.</exception>
    internal static LqrMotion Solve(LqrProblem problem, Tensor start) =>
        problem.A.dtype == ScalarType.Float32 ? Solve<float>(problem, start) : Solve<double>(problem, start);

    /// <summary>The motion of a problem with the matrices of a solved one, linear terms q and r, no drift, starting at 0.</summary>
    internal static (Tensor States, Tensor Controls, Tensor Costates) Again(Tensor A, Tensor B, Tensor V, Tensor K, Tensor factor, Tensor q, Tensor r) =>
        A.dtype == ScalarType.Float32 ? Again<float>(A, B, V, K, factor, q, r) : Again<double>(A, B, V, K, factor, q, r);

    /// <summary>scale (a bᵀ + c dᵀ) of vectors at every step, b and d T steps long, a and c the last T of as many or one more.</summary>
    internal static Tensor Outer(Tensor a, Tensor b, Tensor c, Tensor d, double scale, bool last = false) =>
        a.dtype == ScalarType.Float32 ? Outer<float>(a, b, c, d, scale, last) : Outer<double>(a, b, c, d, scale, last);

    private static LqrMotion Solve<T>(LqrProblem problem, Tensor start) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var scope = NewDisposeScope();
        int n = problem.Batch, steps = problem.Horizon, nx = problem.StateSize, nu = problem.ControlSize;
        Tensor Empty(params long[] shape) => empty(shape, dtype: problem.A.dtype);
        Tensor x = Empty(n, steps + 1, nx), u = Empty(n, steps, nu), costates = Empty(n, steps + 1, nx);
        Tensor V = Empty(n, steps + 1, nx, nx), K = Empty(n, steps, nu, nx), factor = Empty(n, steps, nu, nu);
        Tensor[] given =
        [
            .. new[] { problem.A, problem.B, problem.Q, problem.R, problem.S, problem.q, problem.r, problem.c, start }.Select(each => each.detach().contiguous()),
        ];
        int[] failed = new int[n];
        Share(n, (from, to) =>
        {
            T[] scratch = new T[Sweep<T>.Scratch(steps, nx, nu)];
            fixed (T* work = scratch)
            {
                var sweep = new Sweep<T>(steps, nx, nu, work);
                for (int p = from; p < to; p++)
                {
                    failed[p] = sweep.Backward(
                        At<T>(given[0], p), At<T>(given[1], p), At<T>(given[2], p), At<T>(given[3], p), At<T>(given[4], p), At<T>(given[5], p),
                        At<T>(given[6], p), At<T>(given[7], p), At<T>(V, p), At<T>(K, p), At<T>(factor, p));
                    if (failed[p] == 0)
                    {
                        sweep.Forward(
                            At<T>(given[0], p), At<T>(given[1], p), At<T>(given[7], p), At<T>(given[8], p), At<T>(V, p), At<T>(K, p),
                            At<T>(x, p), At<T>(u, p), At<T>(costates, p));
                    }
                }
            }
        });
        int bad = Array.FindIndex(failed, step => step > 0);
        if (bad >= 0)
        {
            throw Lqr.NoMinimum(failed[bad] - 1, bad);
        }
        return new(
            x.MoveToOuterDisposeScope(), u.MoveToOuterDisposeScope(), costates.MoveToOuterDisposeScope(),
            V.MoveToOuterDisposeScope(), K.MoveToOuterDisposeScope(), factor.MoveToOuterDisposeScope());
    }

    private static (Tensor States, Tensor Controls, Tensor Costates) Again<T>(Tensor A, Tensor B, Tensor V, Tensor K, Tensor factor, Tensor q, Tensor r)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var scope = NewDisposeScope();
        int n = (int)A.shape[0], steps = (int)A.shape[1], nx = (int)A.shape[2], nu = (int)B.shape[3];
        Tensor[] given = [.. new[] { A, B, V, K, factor, q, r }.Select(each => each.detach().contiguous())];
        Tensor x = empty_like(given[5]), u = empty_like(given[6]), costates = empty_like(given[5]);
        Share(n, (from, to) =>
        {
            T[] scratch = new T[Sweep<T>.Scratch(steps, nx, nu)];
            fixed (T* work = scratch)
            {
                var sweep = new Sweep<T>(steps, nx, nu, work);
                for (int p = from; p < to; p++)
                {
                    T* a = At<T>(given[0], p), b = At<T>(given[1], p), v = At<T>(given[2], p), k = At<T>(given[3], p);
                    sweep.Linear(a, b, k, At<T>(given[4], p), At<T>(given[5], p), At<T>(given[6], p));
                    sweep.Forward(a, b, null, null, v, k, At<T>(x, p), At<T>(u, p), At<T>(costates, p));
                }
            }
        });
        return (x.MoveToOuterDisposeScope(), u.MoveToOuterDisposeScope(), costates.MoveToOuterDisposeScope());
    }

    private static Tensor Outer<T>(Tensor a, Tensor b, Tensor c, Tensor d, double scale, bool last) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = (int)b.shape[0], steps = (int)b.shape[1], rows = (int)a.shape[2], columns = (int)b.shape[2];
        // Costates belong to the end of a step.
        int skip = last ? 1 : 0;
        Tensor result = empty([n, steps, rows, columns], dtype: a.dtype);
        T factor = T.CreateChecked(scale);
        int lane = Vector<T>.Count;
        Share(n, (from, to) =>
        {
            for (int p = from; p < to; p++)
            {
                T* left = At<T>(a, p) + skip * rows, other = At<T>(c, p) + skip * rows, right = At<T>(b, p), also = At<T>(d, p), into = At<T>(result, p);
                for (int t = 0; t < steps; t++, right += columns, also += columns)
                {
                    for (int i = 0; i < rows; i++, into += columns)
                    {
                        T first = factor * *left++, second = factor * *other++;
                        int j = 0;
                        for (; j + lane <= columns; j += lane)
                        {
                            Vector.Store(new Vector<T>(first) * Vector.Load(right + j) + new Vector<T>(second) * Vector.Load(also + j), into + j);
                        }
                        for (; j < columns; j++)
                        {
                            into[j] = first * right[j] + second * also[j];
                        }
                    }
                }
            }
        });
        return result;
    }

    // Problem p of a contiguous tensor.
    private static T* At<T>(Tensor x, int p) where T : unmanaged
    {
        Span<byte> bytes = x.bytes;
        return (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)) + bytes.Length / sizeof(T) / x.shape[0] * p;
    }

    private static void Share(int n, Action<int, int> work)
    {
        int parts = Math.Min(n, get_num_threads());
        if (parts == 1)
        {
            work(0, n);
            return;
        }
        Parallel.For(0, parts, k => work((int)((long)n * k / parts), (int)((long)n * (k + 1) / parts)));
    }

    // One problem. Matrices are row-major; v and k of all steps, which nothing outside needs, stay in the scratch.
    private readonly struct Sweep<T>(int steps, int nx, int nu, T* work) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly int nz = nx + nu;
        private readonly T* values = work;
        private readonly T* feed = work + (steps + 1) * nx;
        private readonly T* F = work + (steps + 1) * nx + steps * nu;
        private readonly T* VF = work + (steps + 1) * nx + steps * nu + nx * (nx + nu);
        private readonly T* W = work + (steps + 1) * nx + steps * nu + 2 * nx * (nx + nu);
        private readonly T* w = work + (steps + 1) * nx + steps * nu + 2 * nx * (nx + nu) + (nx + nu) * (nx + nu);
        private readonly T* spare = work + (steps + 1) * nx + steps * nu + 2 * nx * (nx + nu) + (nx + nu) * (nx + nu) + nx + nu;

        internal static int Scratch(int steps, int nx, int nu) =>
            (steps + 1) * nx + steps * nu + 2 * nx * (nx + nu) + (nx + nu) * (nx + nu) + nx + nu + 2 * nu * nx + nu * nu + nx;

        /// <summary>The Riccati recursion; 0, or 1 + the step at which there is no minimum.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        internal int Backward(T* A, T* B, T* Q, T* R, T* S, T* q, T* r, T* c, T* V, T* K, T* factor)
        {
            Copy(V + steps * nx * nx, Q + steps * nx * nx, nx * nx);
            Copy(values + steps * nx, q + steps * nx, nx);
            for (int t = steps - 1; t >= 0; t--)
            {
                T* next = V + (t + 1) * nx * nx, at = A + t * nx * nx, bt = B + t * nx * nu, k = K + t * nu * nx, l = factor + t * nu * nu;
                for (int i = 0; i < nx; i++)
                {
                    Copy(F + i * nz, at + i * nx, nx);
                    Copy(F + i * nz + nx, bt + i * nu, nu);
                    Copy(W + i * nz, Q + t * nx * nx + i * nx, nx);
                    for (int j = 0; j < nu; j++)
                    {
                        W[i * nz + nx + j] = S[t * nu * nx + j * nx + i];
                    }
                }
                for (int i = 0; i < nu; i++)
                {
                    Copy(W + (nx + i) * nz, S + t * nu * nx + i * nx, nx);
                    Copy(W + (nx + i) * nz + nx, R + t * nu * nu + i * nu, nu);
                }
                Clear(VF, nx * nz);
                SmallMatrix.Add(VF, next, nx, 1, F, nx, nx, nz);
                SmallMatrix.Add(W, F, 1, nz, VF, nz, nx, nz);
                Copy(spare, values + (t + 1) * nx, nx);
                SmallMatrix.AddTimes(spare, next, c + t * nx, nx, nx);
                Copy(w, q + t * nx, nx);
                Copy(w + nx, r + t * nu, nu);
                SmallMatrix.AddTransposedTimes(w, F, spare, nx, nz);

                T* lower = W + nx * nz;
                if (!SmallMatrix.Cholesky(l, lower + nx, nz, nu))
                {
                    return t + 1;
                }
                T* Wux = spare, rest = spare + nu * nx, Wuu = rest + nu * nx, right = F;
                for (int i = 0; i < nu; i++)
                {
                    Copy(Wux + i * nx, lower + i * nz, nx);
                    Copy(rest + i * nx, lower + i * nz, nx);
                    Copy(Wuu + i * nu, lower + i * nz + nx, nu);
                }
                Copy(k, Wux, nu * nx);
                SmallMatrix.SolveNegative(l, k, nu, nx);
                T* kt = feed + t * nu;
                Copy(kt, w + nx, nu);
                SmallMatrix.SolveNegative(l, kt, nu, 1);
                // V = W_xx + W_xu K + Kᵀ(W_ux + W_uu K): the last is 0 but for what rounding has left of it.
                SmallMatrix.Add(rest, Wuu, nu, 1, k, nu, nu, nx);
                T* now = right;
                for (int i = 0; i < nx; i++)
                {
                    Copy(now + i * nx, W + i * nz, nx);
                }
                SmallMatrix.Add(now, Wux, 1, nx, k, nx, nu, nx);
                SmallMatrix.Add(now, k, 1, nx, rest, nx, nu, nx);
                T* into = V + t * nx * nx, half = values + t * nx;
                for (int i = 0; i < nx; i++)
                {
                    for (int j = 0; j < nx; j++)
                    {
                        into[i * nx + j] = (now[i * nx + j] + now[j * nx + i]) / (T.One + T.One);
                    }
                }
                Copy(half, w, nx);
                SmallMatrix.AddTransposedTimes(half, Wux, kt, nu, nx);
                Copy(rest, w + nx, nu);
                SmallMatrix.AddTimes(rest, Wuu, kt, nu, nu);
                SmallMatrix.AddTransposedTimes(half, k, rest, nu, nx);
            }
            return 0;
        }

        /// <summary>v and k alone, for other linear terms.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        internal void Linear(T* A, T* B, T* K, T* factor, T* q, T* r)
        {
            Copy(values + steps * nx, q + steps * nx, nx);
            for (int t = steps - 1; t >= 0; t--)
            {
                T* next = values + (t + 1) * nx, v = values + t * nx, k = feed + t * nu;
                Copy(k, r + t * nu, nu);
                SmallMatrix.AddTransposedTimes(k, B + t * nx * nu, next, nx, nu);
                // v = q + Aᵀv' + Kᵀ(r + Bᵀv').
                Copy(v, q + t * nx, nx);
                SmallMatrix.AddTransposedTimes(v, A + t * nx * nx, next, nx, nx);
                SmallMatrix.AddTransposedTimes(v, K + t * nu * nx, k, nu, nx);
                SmallMatrix.SolveNegative(factor + t * nu * nu, k, nu, 1);
            }
        }

        /// <summary>The motion under K and k; from 0 without a start, without drift if there is none.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        internal void Forward(T* A, T* B, T* c, T* start, T* V, T* K, T* x, T* u, T* costates)
        {
            if (start == null)
            {
                Clear(x, nx);
            }
            else
            {
                Copy(x, start, nx);
            }
            for (int t = 0; t <= steps; t++)
            {
                T* state = x + t * nx, price = costates + t * nx;
                Copy(price, values + t * nx, nx);
                SmallMatrix.AddTimes(price, V + t * nx * nx, state, nx, nx);
                if (t == steps)
                {
                    break;
                }
                T* control = u + t * nu, next = state + nx;
                Copy(control, feed + t * nu, nu);
                SmallMatrix.AddTimes(control, K + t * nu * nx, state, nu, nx);
                if (c == null)
                {
                    Clear(next, nx);
                }
                else
                {
                    Copy(next, c + t * nx, nx);
                }
                SmallMatrix.AddTimes(next, A + t * nx * nx, state, nx, nx);
                SmallMatrix.AddTimes(next, B + t * nx * nu, control, nx, nu);
            }
        }

        private static void Copy(T* to, T* from, int count) => new ReadOnlySpan<T>(from, count).CopyTo(new Span<T>(to, count));

        private static void Clear(T* at, int count) => new Span<T>(at, count).Clear();
    }
}
