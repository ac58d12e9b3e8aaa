using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Embodied.Planning.Grids;

/// <summary>
/// The numbers of one call of <see cref="FusedValueIteration"/>, forwards and backwards. A block holds Vector&lt;T&gt;.Count maps, cell by cell, each cell one vector, with a
/// border of zeros around the map.
/// </summary>
internal sealed class FusedSweeps<T>
    where T : unmanaged, INumber<T>
{
    private static readonly int Lanes = Vector<T>.Count;
    private readonly int n, h, w, A, S, K, pitch, padded;
    private readonly Vector<T>[] weights, names;
    private readonly Block[] blocks;
    private T[] rewards = [];
    private bool freed;

    private sealed class Block
    {
        public required Vector<T>[] R { get; init; }

        // V₀ … V_K, and the action that won in each cell of V₁ … V_K.
        public required Vector<T>[] V { get; init; }

        public required Vector<T>[] Winner { get; init; }
    }

    public FusedSweeps(Tensor R, Tensor W, int sweeps)
    {
        (n, h, w) = ((int)R.shape[0], (int)R.shape[2], (int)R.shape[3]);
        (S, A, K) = ((int)W.shape[0], (int)W.shape[1], sweeps);
        pitch = w + 2;
        padded = (h + 2) * pitch;
        names = [.. Enumerable.Range(0, A).Select(a => new Vector<T>(T.CreateTruncating(a)))];
        weights = new Vector<T>[S * A * 18];
        blocks = new Block[(n + Lanes - 1) / Lanes];
    }

    // These arrays are large, and a training makes them thousands of times: they are used again.
    public void Free()
    {
        freed = true;
        foreach (Block block in blocks)
        {
            Give(block.R);
            Give(block.V);
            Give(block.Winner);
        }
    }

    private static Vector<T>[] Take(int length)
    {
        Vector<T>[] array = ArrayPool<Vector<T>>.Shared.Rent(length);
        Array.Clear(array);
        return array;
    }

    private static void Give(Vector<T>[] array) => ArrayPool<Vector<T>>.Shared.Return(array);

    public Tensor Forward(Tensor R, Tensor W)
    {
        rewards = Read(R);
        T[] q = new T[n * A * h * w];
        foreach ((int i, T weight) in Read(W).Index())
        {
            weights[i] = new(weight);
        }
        InParallel(b => blocks[b] = Forward(b, rewards, q));
        return Write(q, R.dtype, n, A, h, w);
    }

    public (Tensor dR, Tensor dW) Backward(Tensor dQ)
    {
        if (freed)
        {
            // A second backward pass over the same graph.
            T[] again = new T[n * A * h * w];
            InParallel(b => blocks[b] = Forward(b, rewards, again));
            freed = false;
        }
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
        Block block = new() { R = Take(padded), V = Take((K + 1) * padded), Winner = Take(K * padded) };
        Gather(r, b, block.R);
        Vector<T>[] fromR = Take(padded * A);
        for (int k = 0; k <= K; k++)
        {
            int kernels = S == 1 ? 0 : k;
            if (k == 0 || S > 1)
            {
                Array.Clear(fromR);
                Convolve(block.R, 0, kernels, 0, fromR);
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
        Give(fromR);
        return block;
    }

    // The nine taps of one channel of all actions' kernels, at every cell: into[p A + a] = (what is there) + Σ_δ W_a[δ] x[p + δ].
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Convolve(Vector<T>[] x, int from, int kernels, int channel, Vector<T>[] into)
    {
        ref Vector<T> weight = ref weights[(kernels * A * 2 + channel) * 9];
        for (int row = 1; row <= h; row++)
        {
            for (int p = row * pitch + 1; p <= row * pitch + w; p++)
            {
                ref Vector<T> above = ref x[from + p - pitch - 1], beside = ref Unsafe.Add(ref above, pitch), below = ref Unsafe.Add(ref beside, pitch);
                for (int a = 0; a < A; a++)
                {
                    into[p * A + a] = Nine(
                        ref Unsafe.Add(ref weight, a * 18), above, Unsafe.Add(ref above, 1), Unsafe.Add(ref above, 2), beside, Unsafe.Add(ref beside, 1),
                        Unsafe.Add(ref beside, 2), below, Unsafe.Add(ref below, 1), Unsafe.Add(ref below, 2), into[p * A + a]);
                }
            }
        }
    }

    // a b + c, in one instruction where the machine has it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> MultiplyAdd(Vector<T> a, Vector<T> b, Vector<T> c) =>
        typeof(T) == typeof(float)
            ? Vector.As<float, T>(Vector.FusedMultiplyAdd(Vector.As<T, float>(a), Vector.As<T, float>(b), Vector.As<T, float>(c)))
            : Vector.As<double, T>(Vector.FusedMultiplyAdd(Vector.As<T, double>(a), Vector.As<T, double>(b), Vector.As<T, double>(c)));

    // Σ_j w_j x_j over nine taps that lie in registers, as three sums that do not wait for one another.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> Nine(
        ref Vector<T> w, Vector<T> x0, Vector<T> x1, Vector<T> x2, Vector<T> x3, Vector<T> x4, Vector<T> x5, Vector<T> x6, Vector<T> x7, Vector<T> x8, Vector<T> and)
    {
        Vector<T> above = MultiplyAdd(Unsafe.Add(ref w, 2), x2, MultiplyAdd(Unsafe.Add(ref w, 1), x1, MultiplyAdd(w, x0, and)));
        Vector<T> beside = MultiplyAdd(Unsafe.Add(ref w, 5), x5, MultiplyAdd(Unsafe.Add(ref w, 4), x4, Unsafe.Add(ref w, 3) * x3));
        Vector<T> below = MultiplyAdd(Unsafe.Add(ref w, 8), x8, MultiplyAdd(Unsafe.Add(ref w, 7), x7, Unsafe.Add(ref w, 6) * x6));
        return above + (beside + below);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sweep(Block block, int k, int kernels, Vector<T>[] fromR)
    {
        int now = k * padded, next = now + padded;
        ref Vector<T> weight = ref weights[(kernels * A * 2 + 1) * 9];
        for (int row = 1; row <= h; row++)
        {
            for (int p = row * pitch + 1; p <= row * pitch + w; p++)
            {
                ref Vector<T> above = ref block.V[now + p - pitch - 1], beside = ref Unsafe.Add(ref above, pitch), below = ref Unsafe.Add(ref beside, pitch);
                Vector<T> x0 = above, x1 = Unsafe.Add(ref above, 1), x2 = Unsafe.Add(ref above, 2);
                Vector<T> x3 = beside, x4 = Unsafe.Add(ref beside, 1), x5 = Unsafe.Add(ref beside, 2);
                Vector<T> x6 = below, x7 = Unsafe.Add(ref below, 1), x8 = Unsafe.Add(ref below, 2);
                Vector<T> best = Nine(ref weight, x0, x1, x2, x3, x4, x5, x6, x7, x8, fromR[p * A]), winner = Vector<T>.Zero;
                for (int a = 1; a < A; a++)
                {
                    Vector<T> value = Nine(ref Unsafe.Add(ref weight, a * 18), x0, x1, x2, x3, x4, x5, x6, x7, x8, fromR[p * A + a]);
                    Vector<T> better = Vector.GreaterThan(value, best);
                    best = Vector.ConditionalSelect(better, value, best);
                    winner = Vector.ConditionalSelect(better, names[a], winner);
                }
                block.V[next + p] = best;
                block.Winner[now + p] = winner;
            }
        }
    }

    private void Last(Block block, int kernels, Vector<T>[] fromR, int b, T[] q)
    {
        Convolve(block.V, K * padded, kernels, 1, fromR);
        ReadOnlySpan<T> lanes = MemoryMarshal.Cast<Vector<T>, T>(fromR.AsSpan());
        for (int lane = 0; lane < Math.Min(Lanes, n - b * Lanes); lane++)
        {
            for (int a = 0; a < A; a++)
            {
                Span<T> map = q.AsSpan(((b * Lanes + lane) * A + a) * h * w, h * w);
                for (int cell = 0; cell < map.Length; cell++)
                {
                    map[cell] = lanes[(((cell / w + 1) * pitch + cell % w + 1) * A + a) * Lanes + lane];
                }
            }
        }
    }

    private T[] Backward(int b, T[] g, T[] dr)
    {
        Block block = blocks[b];
        Vector<T>[] dR = Take(padded), dV = Take(padded), before = Take(padded), dW = Take(S * A * 18);
        // With shared kernels what comes through R is gathered over all sweeps, and convolved once.
        Vector<T>[] onR = Take(padded * A);
        Span<T> lanes = MemoryMarshal.Cast<Vector<T>, T>(onR.AsSpan());
        for (int lane = 0; lane < Math.Min(Lanes, n - b * Lanes); lane++)
        {
            for (int a = 0; a < A; a++)
            {
                ReadOnlySpan<T> map = g.AsSpan(((b * Lanes + lane) * A + a) * h * w, h * w);
                for (int cell = 0; cell < map.Length; cell++)
                {
                    lanes[(((cell / w + 1) * pitch + cell % w + 1) * A + a) * Lanes + lane] = map[cell];
                }
            }
        }
        ConvolveBackward(onR, S - 1, 1, block.V, K * padded, dV, dW);
        if (S > 1)
        {
            ConvolveBackward(onR, S - 1, 0, block.R, 0, dR, dW);
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
                ConvolveBackward(onR, k, 0, block.R, 0, dR, dW);
            }
            (dV, before) = (before, dV);
        }
        if (S == 1)
        {
            ConvolveBackward(onR, 0, 0, block.R, 0, dR, dW);
        }
        for (int lane = 0; lane < Math.Min(Lanes, n - b * Lanes); lane++)
        {
            for (int cell = 0; cell < h * w; cell++)
            {
                dr[(b * Lanes + lane) * h * w + cell] = dR[(cell / w + 1) * pitch + cell % w + 1][lane];
            }
        }
        var sums = new T[S * A * 18];
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] = Vector.Sum(dW[i]);
        }
        foreach (Vector<T>[] array in (Vector<T>[][])[dR, dV, before, dW, onR])
        {
            Give(array);
        }
        return sums;
    }

    // The gradient of a convolution of one channel: G[p A + a] goes to the nine inputs and the nine weights that it came from.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ConvolveBackward(Vector<T>[] G, int kernels, int channel, Vector<T>[] x, int from, Vector<T>[] dx, Vector<T>[] dW)
    {
        int first = (kernels * A * 2 + channel) * 9;
        for (int row = 1; row <= h; row++)
        {
            for (int p = row * pitch + 1; p <= row * pitch + w; p++)
            {
                int corner = p - pitch - 1;
                Spread(ref G[p * A], ref weights[first], ref dW[first], ref x[from + corner], ref dx[corner]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SweepBackward(Block block, int k, Vector<T>[] dV, Vector<T>[] before, Vector<T>[] onR, Vector<T>[] dW)
    {
        int first = ((S == 1 ? 0 : k) * A * 2 + 1) * 9, now = k * padded;
        var parts = new Vector<T>[A];
        for (int row = 1; row <= h; row++)
        {
            for (int p = row * pitch + 1; p <= row * pitch + w; p++)
            {
                Vector<T> g = dV[p], winner = block.Winner[now + p];
                if (g == Vector<T>.Zero)
                {
                    continue;
                }
                for (int a = 0; a < A; a++)
                {
                    parts[a] = Vector.ConditionalSelect(Vector.Equals(winner, names[a]), g, Vector<T>.Zero);
                    onR[p * A + a] += parts[a];
                }
                int corner = p - pitch - 1;
                Spread(ref parts[0], ref weights[first], ref dW[first], ref block.V[now + corner], ref before[corner]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Spread(ref Vector<T> G, ref Vector<T> weight, ref Vector<T> dWeight, ref Vector<T> above, ref Vector<T> dAbove)
    {
        ref Vector<T> beside = ref Unsafe.Add(ref above, pitch), below = ref Unsafe.Add(ref beside, pitch);
        ref Vector<T> dBeside = ref Unsafe.Add(ref dAbove, pitch), dBelow = ref Unsafe.Add(ref dBeside, pitch);
        Vector<T> x0 = above, x1 = Unsafe.Add(ref above, 1), x2 = Unsafe.Add(ref above, 2);
        Vector<T> x3 = beside, x4 = Unsafe.Add(ref beside, 1), x5 = Unsafe.Add(ref beside, 2);
        Vector<T> x6 = below, x7 = Unsafe.Add(ref below, 1), x8 = Unsafe.Add(ref below, 2);
        Vector<T> d0 = dAbove, d1 = Unsafe.Add(ref dAbove, 1), d2 = Unsafe.Add(ref dAbove, 2);
        Vector<T> d3 = dBeside, d4 = Unsafe.Add(ref dBeside, 1), d5 = Unsafe.Add(ref dBeside, 2);
        Vector<T> d6 = dBelow, d7 = Unsafe.Add(ref dBelow, 1), d8 = Unsafe.Add(ref dBelow, 2);
        for (int a = 0; a < A; a++)
        {
            Vector<T> g = Unsafe.Add(ref G, a);
            if (g == Vector<T>.Zero)
            {
                continue;
            }
            ref Vector<T> w = ref Unsafe.Add(ref weight, a * 18);
            ref Vector<T> dw = ref Unsafe.Add(ref dWeight, a * 18);
            d0 = MultiplyAdd(g, w, d0);
            d1 = MultiplyAdd(g, Unsafe.Add(ref w, 1), d1);
            d2 = MultiplyAdd(g, Unsafe.Add(ref w, 2), d2);
            d3 = MultiplyAdd(g, Unsafe.Add(ref w, 3), d3);
            d4 = MultiplyAdd(g, Unsafe.Add(ref w, 4), d4);
            d5 = MultiplyAdd(g, Unsafe.Add(ref w, 5), d5);
            d6 = MultiplyAdd(g, Unsafe.Add(ref w, 6), d6);
            d7 = MultiplyAdd(g, Unsafe.Add(ref w, 7), d7);
            d8 = MultiplyAdd(g, Unsafe.Add(ref w, 8), d8);
            dw = MultiplyAdd(g, x0, dw);
            Unsafe.Add(ref dw, 1) = MultiplyAdd(g, x1, Unsafe.Add(ref dw, 1));
            Unsafe.Add(ref dw, 2) = MultiplyAdd(g, x2, Unsafe.Add(ref dw, 2));
            Unsafe.Add(ref dw, 3) = MultiplyAdd(g, x3, Unsafe.Add(ref dw, 3));
            Unsafe.Add(ref dw, 4) = MultiplyAdd(g, x4, Unsafe.Add(ref dw, 4));
            Unsafe.Add(ref dw, 5) = MultiplyAdd(g, x5, Unsafe.Add(ref dw, 5));
            Unsafe.Add(ref dw, 6) = MultiplyAdd(g, x6, Unsafe.Add(ref dw, 6));
            Unsafe.Add(ref dw, 7) = MultiplyAdd(g, x7, Unsafe.Add(ref dw, 7));
            Unsafe.Add(ref dw, 8) = MultiplyAdd(g, x8, Unsafe.Add(ref dw, 8));
        }
        (dAbove, Unsafe.Add(ref dAbove, 1), Unsafe.Add(ref dAbove, 2)) = (d0, d1, d2);
        (dBeside, Unsafe.Add(ref dBeside, 1), Unsafe.Add(ref dBeside, 2)) = (d3, d4, d5);
        (dBelow, Unsafe.Add(ref dBelow, 1), Unsafe.Add(ref dBelow, 2)) = (d6, d7, d8);
    }

    // Block b's maps, [n, h, w], one vector per cell.
    private void Gather(T[] from, int b, Vector<T>[] into)
    {
        Span<T> lanes = MemoryMarshal.Cast<Vector<T>, T>(into.AsSpan());
        for (int lane = 0; lane < Math.Min(Lanes, n - b * Lanes); lane++)
        {
            ReadOnlySpan<T> map = from.AsSpan((b * Lanes + lane) * h * w, h * w);
            for (int cell = 0; cell < map.Length; cell++)
            {
                lanes[((cell / w + 1) * pitch + cell % w + 1) * Lanes + lane] = map[cell];
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
