using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Embodied.Planning.Grids;

/// <summary>
/// <see cref="ValueIterationModule.Unrolled"/> and its gradient, fast: all sweeps in one pass over memory that stays in cache, several maps side by side in
/// the lanes of a vector register. A convolution with one channel in and ten out is too small for a library that is made for large ones, and the backward
/// pass of a maximum follows its winner alone.
/// </summary>
/// <remarks>With G = ∂L/∂Q: ∂L/∂W_a[δ] = Σ G_a[i] x[i + δ], ∂L/∂x[i + δ] = Σ_a G_a[i] W_a[δ] for x = R, V; and ∂L/∂V_k goes to the action that won there.</remarks>
public static class FusedValueIteration
{
    /// <summary>Q of V_K, and its gradient with respect to R and W.</summary>
    /// <param name="R">[n, 1, h, w], float32 or float64.</param>
    /// <param name="W">[s, A, 2, 3, 3] with s = 1 or K + 1.</param>
    /// <param name="K">Sweeps, from 0.</param>
    /// <returns>[n, A, h, w].</returns>
    /// <exception cref="ArgumentException">As <see cref="ValueIterationModule.Unrolled"/>, or a type that is neither.</exception>
    public static Tensor Apply(Tensor R, Tensor W, int K)
    {
        ValueIterationModule.Require(R, W, K);
        return R.dtype switch
        {
            ScalarType.Float32 => Function<float>.apply(R, W, K),
            ScalarType.Float64 => Function<double>.apply(R, W, K),
            _ => throw new ArgumentException($"R is {R.dtype}, wanted Float32 or Float64.", nameof(R)),
        };
    }

    /// <summary>V_K without Q: the map of values that a network believes in.</summary>
    /// <inheritdoc cref="Apply"/>
    /// <returns>[n, h, w].</returns>
    public static Tensor Values(Tensor R, Tensor W, int K)
    {
        // max of the last convolution is V_K+1 with tied kernels; the kernels of sweep K are the last but one where they are not.
        if (K == 0)
        {
            ValueIterationModule.Require(R, W, K);
            return zeros_like(R).squeeze(1);
        }
        using var scope = NewDisposeScope();
        return Apply(R, W.shape[0] == 1 ? W : W[..^1], K - 1).amax([1L]).MoveToOuterDisposeScope();
    }

    private sealed class Function<T> : autograd.SingleTensorFunction<Function<T>>
        where T : unmanaged, INumber<T>
    {
        public override string Name => nameof(FusedValueIteration);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            (Tensor R, Tensor W) = ((Tensor)vars[0], (Tensor)vars[1]);
            Sweeps<T> sweeps = new(R, W, (int)vars[2]);
            ctx.save_data(nameof(sweeps), sweeps);
            return sweeps.Forward(R, W);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            (Tensor dR, Tensor dW) = ((Sweeps<T>)ctx.get_data("sweeps")).Backward(grad_output);
            return [dR, dW, null!];
        }
    }

    // One call's numbers. A block holds Vector<T>.Count maps, cell by cell, each cell one vector, with a border of zeros around the map.
    private sealed class Sweeps<T>
        where T : unmanaged, INumber<T>
    {
        private static readonly int Lanes = Vector<T>.Count;
        private readonly int n, h, w, A, S, K, pitch, padded;
        private readonly int[] taps;
        private readonly Vector<T>[] weights;
        private readonly Block[] blocks;

        private sealed class Block
        {
            public required Vector<T>[] R { get; init; }

            // V₀ … V_K, and the action that won in each cell of V₁ … V_K.
            public required Vector<T>[] V { get; init; }

            public required Vector<T>[] Winner { get; init; }
        }

        public Sweeps(Tensor R, Tensor W, int sweeps)
        {
            (n, h, w) = ((int)R.shape[0], (int)R.shape[2], (int)R.shape[3]);
            (S, A, K) = ((int)W.shape[0], (int)W.shape[1], sweeps);
            pitch = w + 2;
            padded = (h + 2) * pitch;
            taps = [.. Enumerable.Range(0, 9).Select(j => (j / 3 - 1) * pitch + j % 3 - 1)];
            weights = new Vector<T>[S * A * 18];
            blocks = new Block[(n + Lanes - 1) / Lanes];
        }

        public Tensor Forward(Tensor R, Tensor W)
        {
            T[] r = Read(R), q = new T[n * A * h * w];
            foreach ((int i, T weight) in Read(W).Index())
            {
                weights[i] = new(weight);
            }
            InParallel(b => blocks[b] = Forward(b, r, q));
            return Write(q, R.dtype, n, A, h, w);
        }

        public (Tensor dR, Tensor dW) Backward(Tensor dQ)
        {
            T[] g = Read(dQ), dr = new T[n * h * w];
            var parts = new T[blocks.Length][];
            InParallel(b => parts[b] = Backward(b, g, dr));
            // Summed in the blocks' order, so that the result does not depend on the number of threads.
            var dw = new T[S * A * 18];
            foreach (T[] part in parts)
            {
                for (int i = 0; i < dw.Length; i++)
                {
                    dw[i] += part[i];
                }
            }
            return (Write(dr, dQ.dtype, n, 1, h, w), Write(dw, dQ.dtype, S, A, 2, 3, 3));
        }

        private Block Forward(int b, T[] r, T[] q)
        {
            Block block = new() { R = new Vector<T>[padded], V = new Vector<T>[(K + 1) * padded], Winner = new Vector<T>[K * padded] };
            Gather(r, b, 0, 1, block.R);
            var fromR = new Vector<T>[padded * A];
            for (int k = 0; k <= K; k++)
            {
                int kernels = S == 1 ? 0 : k;
                if (k == 0 || S > 1)
                {
                    for (int a = 0; a < A; a++)
                    {
                        Convolve(block.R, 0, kernels, a, 0, fromR);
                    }
                }
                if (k < K)
                {
                    Sweep(block, k, kernels, fromR);
                }
                else
                {
                    Last(block, kernels, fromR, b, q);
                }
            }
            return block;
        }

        // What channel `channel` of action a's kernels adds to Q: out[p A + a].
        private void Convolve(Vector<T>[] x, int from, int kernels, int a, int channel, Vector<T>[] into)
        {
            ref Vector<T> weight = ref weights[((kernels * A + a) * 2 + channel) * 9];
            for (int row = 1; row <= h; row++)
            {
                for (int p = row * pitch + 1; p <= row * pitch + w; p++)
                {
                    into[p * A + a] = Nine(ref x[from + p - pitch - 1], ref weight);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector<T> Nine(ref Vector<T> corner, ref Vector<T> weight)
        {
            ref Vector<T> middle = ref Unsafe.Add(ref corner, pitch);
            ref Vector<T> below = ref Unsafe.Add(ref middle, pitch);
            return weight * corner + Unsafe.Add(ref weight, 1) * Unsafe.Add(ref corner, 1) + Unsafe.Add(ref weight, 2) * Unsafe.Add(ref corner, 2)
                + Unsafe.Add(ref weight, 3) * middle + Unsafe.Add(ref weight, 4) * Unsafe.Add(ref middle, 1) + Unsafe.Add(ref weight, 5) * Unsafe.Add(ref middle, 2)
                + Unsafe.Add(ref weight, 6) * below + Unsafe.Add(ref weight, 7) * Unsafe.Add(ref below, 1) + Unsafe.Add(ref weight, 8) * Unsafe.Add(ref below, 2);
        }

        private void Sweep(Block block, int k, int kernels, Vector<T>[] fromR)
        {
            int now = k * padded, next = now + padded;
            ref Vector<T> weight = ref weights[(kernels * A * 2 + 1) * 9];
            for (int row = 1; row <= h; row++)
            {
                for (int p = row * pitch + 1; p <= row * pitch + w; p++)
                {
                    ref Vector<T> corner = ref block.V[now + p - pitch - 1];
                    Vector<T> best = fromR[p * A] + Nine(ref corner, ref weight), winner = Vector<T>.Zero;
                    for (int a = 1; a < A; a++)
                    {
                        Vector<T> value = fromR[p * A + a] + Nine(ref corner, ref Unsafe.Add(ref weight, a * 18));
                        Vector<T> better = Vector.GreaterThan(value, best);
                        best = Vector.ConditionalSelect(better, value, best);
                        winner = Vector.ConditionalSelect(better, new(T.CreateTruncating(a)), winner);
                    }
                    block.V[next + p] = best;
                    block.Winner[now + p] = winner;
                }
            }
        }

        private void Last(Block block, int kernels, Vector<T>[] fromR, int b, T[] q)
        {
            ref Vector<T> weight = ref weights[(kernels * A * 2 + 1) * 9];
            int maps = Math.Min(Lanes, n - b * Lanes);
            for (int row = 1; row <= h; row++)
            {
                for (int p = row * pitch + 1; p <= row * pitch + w; p++)
                {
                    ref Vector<T> corner = ref block.V[K * padded + p - pitch - 1];
                    int cell = (row - 1) * w + p - row * pitch - 1;
                    for (int a = 0; a < A; a++)
                    {
                        Vector<T> value = fromR[p * A + a] + Nine(ref corner, ref Unsafe.Add(ref weight, a * 18));
                        for (int lane = 0; lane < maps; lane++)
                        {
                            q[((b * Lanes + lane) * A + a) * h * w + cell] = value[lane];
                        }
                    }
                }
            }
        }

        private T[] Backward(int b, T[] g, T[] dr)
        {
            Block block = blocks[b];
            Vector<T>[] dR = new Vector<T>[padded], dV = new Vector<T>[padded], before = new Vector<T>[padded], dW = new Vector<T>[S * A * 18];
            // With shared kernels what comes through R is gathered over all sweeps, and convolved once.
            var onR = new Vector<T>[padded * A];
            var channel = new Vector<T>[padded];
            for (int a = 0; a < A; a++)
            {
                Gather(g, b, a, A, channel);
                for (int p = 0; p < padded; p++)
                {
                    onR[p * A + a] = channel[p];
                }
            }
            LastBackward(block, onR, dV, dW);
            if (S > 1)
            {
                ThroughR(block, K, onR, dR, dW);
            }
            for (int k = K - 1; k >= 0; k--)
            {
                Array.Clear(before);
                if (S > 1)
                {
                    Array.Clear(onR);
                }
                SweepBackward(block, k, dV, before, onR, dW);
                if (S > 1)
                {
                    ThroughR(block, k, onR, dR, dW);
                }
                (dV, before) = (before, dV);
            }
            if (S == 1)
            {
                ThroughR(block, 0, onR, dR, dW);
            }
            for (int lane = 0; lane < Math.Min(Lanes, n - b * Lanes); lane++)
            {
                for (int cell = 0; cell < h * w; cell++)
                {
                    dr[(b * Lanes + lane) * h * w + cell] = dR[(cell / w + 1) * pitch + cell % w + 1][lane];
                }
            }
            return [.. dW.Select(Vector.Sum)];
        }

        private void LastBackward(Block block, Vector<T>[] G, Vector<T>[] dV, Vector<T>[] dW)
        {
            int kernels = S - 1;
            for (int row = 1; row <= h; row++)
            {
                for (int p = row * pitch + 1; p <= row * pitch + w; p++)
                {
                    for (int a = 0; a < A; a++)
                    {
                        Spread(G[p * A + a], ((kernels * A + a) * 2 + 1) * 9, block.V, K * padded + p, dV, p, dW);
                    }
                }
            }
        }

        private void SweepBackward(Block block, int k, Vector<T>[] dV, Vector<T>[] before, Vector<T>[] G, Vector<T>[] dW)
        {
            int kernels = S == 1 ? 0 : k;
            for (int row = 1; row <= h; row++)
            {
                for (int p = row * pitch + 1; p <= row * pitch + w; p++)
                {
                    Vector<T> g = dV[p], winner = block.Winner[k * padded + p];
                    if (g == Vector<T>.Zero)
                    {
                        continue;
                    }
                    for (int a = 0; a < A; a++)
                    {
                        Vector<T> won = Vector.Equals(winner, new(T.CreateTruncating(a)));
                        Vector<T> part = Vector.ConditionalSelect(won, g, Vector<T>.Zero);
                        G[p * A + a] += part;
                        Spread(part, ((kernels * A + a) * 2 + 1) * 9, block.V, k * padded + p, before, p, dW);
                    }
                }
            }
        }

        private void ThroughR(Block block, int k, Vector<T>[] G, Vector<T>[] dR, Vector<T>[] dW)
        {
            int kernels = S == 1 ? 0 : k;
            for (int row = 1; row <= h; row++)
            {
                for (int p = row * pitch + 1; p <= row * pitch + w; p++)
                {
                    for (int a = 0; a < A; a++)
                    {
                        Spread(G[p * A + a], (kernels * A + a) * 2 * 9, block.R, p, dR, p, dW);
                    }
                }
            }
        }

        // The gradient g of one output goes to the nine inputs that it came from, and to the nine weights.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Spread(Vector<T> g, int kernel, Vector<T>[] x, int at, Vector<T>[] dx, int to, Vector<T>[] dW)
        {
            if (g == Vector<T>.Zero)
            {
                return;
            }
            ref Vector<T> weight = ref weights[kernel];
            ref Vector<T> dWeight = ref dW[kernel];
            for (int j = 0; j < 9; j++)
            {
                int tap = taps[j];
                dx[to + tap] += g * Unsafe.Add(ref weight, j);
                Unsafe.Add(ref dWeight, j) += g * x[at + tap];
            }
        }

        // Channel `channel` of `channels` of block b's maps, [n, channels, h, w], one vector per cell.
        private void Gather(T[] from, int b, int channel, int channels, Vector<T>[] into)
        {
            Span<T> lanes = MemoryMarshal.Cast<Vector<T>, T>(into.AsSpan());
            for (int lane = 0; lane < Math.Min(Lanes, n - b * Lanes); lane++)
            {
                int map = ((b * Lanes + lane) * channels + channel) * h * w;
                for (int cell = 0; cell < h * w; cell++)
                {
                    lanes[((cell / w + 1) * pitch + cell % w + 1) * Lanes + lane] = from[map + cell];
                }
            }
        }

        private void InParallel(Action<int> work)
        {
            int threads = Math.Min(get_num_threads(), blocks.Length);
            if (threads <= 1)
            {
                for (int b = 0; b < blocks.Length; b++)
                {
                    work(b);
                }
                return;
            }
            Parallel.For(0, blocks.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
        }

        private static T[] Read(Tensor x)
        {
            using Tensor here = x.detach().contiguous();
            T[] numbers = MemoryMarshal.Cast<byte, T>(here.bytes).ToArray();
            return numbers;
        }

        private static Tensor Write(T[] numbers, ScalarType dtype, params long[] shape)
        {
            Tensor x = empty(shape, dtype);
            numbers.CopyTo(MemoryMarshal.Cast<byte, T>(x.bytes));
            return x;
        }
    }
}
