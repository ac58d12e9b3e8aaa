using System.Numerics;
using System.Runtime.InteropServices;

namespace Embodied.Objects;

/// <summary>The few vector operations of an iterative solver, in double precision, each in a fixed order of summation.</summary>
internal static class VectorMath
{
    public static double Dot(double[] a, double[] b)
    {
        ReadOnlySpan<Vector<double>> p = MemoryMarshal.Cast<double, Vector<double>>(a);
        ReadOnlySpan<Vector<double>> q = MemoryMarshal.Cast<double, Vector<double>>(b);
        // Four running sums hide the latency of the addition.
        Vector<double> s0 = default, s1 = default, s2 = default, s3 = default;
        int k = 0;
        for (; k + 4 <= p.Length; k += 4)
        {
            s0 += p[k] * q[k];
            s1 += p[k + 1] * q[k + 1];
            s2 += p[k + 2] * q[k + 2];
            s3 += p[k + 3] * q[k + 3];
        }
        for (; k < p.Length; k++)
        {
            s0 += p[k] * q[k];
        }
        double sum = Vector.Sum(s0 + s1 + (s2 + s3));
        for (int i = p.Length * Vector<double>.Count; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }
        return sum;
    }

    public static double Norm(double[] a) => Math.Sqrt(Dot(a, a));

    public static double Sum(double[] a)
    {
        double sum = 0;
        foreach (double v in a)
        {
            sum += v;
        }
        return sum;
    }

    /// <summary>y += c x.</summary>
    public static void AddScaled(double[] y, double c, double[] x)
    {
        Span<Vector<double>> p = MemoryMarshal.Cast<double, Vector<double>>(y.AsSpan());
        ReadOnlySpan<Vector<double>> q = MemoryMarshal.Cast<double, Vector<double>>(x);
        var factor = new Vector<double>(c);
        for (int k = 0; k < p.Length; k++)
        {
            p[k] += factor * q[k];
        }
        for (int i = p.Length * Vector<double>.Count; i < y.Length; i++)
        {
            y[i] += c * x[i];
        }
    }

    public static void Scale(double[] a, double c)
    {
        for (int i = 0; i < a.Length; i++)
        {
            a[i] *= c;
        }
    }

    /// <summary>
    /// Runs <paramref name="rows"/> on [0, n), split among the cores when <paramref name="work"/> (elementary operations) pays for it.
    /// A row's result does not depend on the split.
    /// </summary>
    public static void ForRows(int n, long work, Action<int, int> rows)
    {
        const long WorthAThread = 1 << 18;
        int parts = (int)Math.Clamp(work / WorthAThread, 1, Environment.ProcessorCount);
        if (parts == 1)
        {
            rows(0, n);
        }
        else
        {
            Parallel.For(0, parts, k => rows((int)((long)n * k / parts), (int)((long)n * (k + 1) / parts)));
        }
    }
}
