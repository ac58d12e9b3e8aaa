using static TorchSharp.torch;

namespace Embodied.Tests.SelfSupervised;

/// <summary>The losses once more, as loops over doubles that follow the papers' sums.</summary>
internal static class Plain
{
    public static Tensor Random(ulong seed, params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: new Generator(seed));

    public static Tensor Unit(ulong seed, params long[] shape) => nn.functional.normalize(Random(seed, shape), dim: 1);

    public static double[][] Rows(Tensor x) => [.. Enumerable.Range(0, (int)x.shape[0]).Select(i => x[i].detach().contiguous().data<double>().ToArray())];

    public static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    public static double Cosine(double[] a, double[] b) => Dot(a, b) / Math.Sqrt(Dot(a, a) * Dot(b, b));

    public static double[] Softmax(double[] logits)
    {
        double total = logits.Sum(Math.Exp);
        return [.. logits.Select(l => Math.Exp(l) / total)];
    }

    public static double NtXent(Tensor za, Tensor zb, double tau)
    {
        double[][] z = [.. Rows(za), .. Rows(zb)];
        int n = z.Length / 2;
        double loss = 0;
        for (int i = 0; i < 2 * n; i++)
        {
            double denominator = 0;
            for (int k = 0; k < 2 * n; k++)
            {
                denominator += k == i ? 0 : Math.Exp(Cosine(z[i], z[k]) / tau);
            }
            loss -= Math.Log(Math.Exp(Cosine(z[i], z[(i + n) % (2 * n)]) / tau) / denominator);
        }
        return loss / (2 * n);
    }

    public static double InfoNce(Tensor q, Tensor positive, Tensor negatives, double tau)
    {
        double[][] Q = Rows(q), P = Rows(positive), N = Rows(negatives);
        double loss = 0;
        for (int i = 0; i < Q.Length; i++)
        {
            double own = Math.Exp(Cosine(Q[i], P[i]) / tau);
            loss -= Math.Log(own / (own + N.Sum(k => Math.Exp(Cosine(Q[i], k) / tau))));
        }
        return loss / Q.Length;
    }

    public static double NegativeCosine(Tensor p, Tensor z) => -Rows(p).Zip(Rows(z), Cosine).Average();

    public static double BarlowTwins(Tensor za, Tensor zb, double lambda)
    {
        double[][] A = Standardised(za), B = Standardised(zb);
        double loss = 0;
        for (int i = 0; i < A.Length; i++)
        {
            for (int j = 0; j < A.Length; j++)
            {
                double c = Dot(A[i], B[j]) / A[i].Length;
                loss += i == j ? (1 - c) * (1 - c) : lambda * c * c;
            }
        }
        return loss;
    }

    public static (double Invariance, double Variance, double Covariance) VicReg(Tensor za, Tensor zb)
    {
        double[][] A = Rows(za), B = Rows(zb);
        int n = A.Length, d = A[0].Length;
        double invariance = A.Zip(B, (a, b) => a.Zip(b, (x, y) => (x - y) * (x - y)).Sum()).Sum() / (n * d);
        double variance = 0, covariance = 0;
        foreach (Tensor z in (Tensor[])[za, zb])
        {
            double[][] columns = [.. Rows(z.t()).Select(c => c.Select(x => x - c.Average()).ToArray())];
            for (int i = 0; i < d; i++)
            {
                variance += Math.Max(0, 1 - Math.Sqrt(Dot(columns[i], columns[i]) / (n - 1) + 1e-4)) / d;
                for (int j = 0; j < d; j++)
                {
                    covariance += i == j ? 0 : Math.Pow(Dot(columns[i], columns[j]) / (n - 1), 2) / d;
                }
            }
        }
        return (invariance, variance, covariance);
    }

    public static double Dino(Tensor student, Tensor teacher, Tensor centre, double studentTemperature, double teacherTemperature)
    {
        double[] c = [.. centre.data<double>()];
        double loss = 0;
        int pairs = 0;
        for (int t = 0; t < teacher.shape[0]; t++)
        {
            for (int s = 0; s < student.shape[0]; s++)
            {
                if (s == t)
                {
                    continue;
                }
                pairs++;
                foreach ((double[] gs, double[] gt) in Rows(student[s]).Zip(Rows(teacher[t])))
                {
                    double[] ps = Softmax([.. gs.Select(g => g / studentTemperature)]);
                    double[] pt = Softmax([.. gt.Zip(c, (g, ck) => (g - ck) / teacherTemperature)]);
                    loss -= pt.Zip(ps, (a, b) => a * Math.Log(b)).Sum() / student.shape[1];
                }
            }
        }
        return loss / pairs;
    }

    private static double[][] Standardised(Tensor z) => [.. Rows(z.t()).Select(column =>
    {
        double mean = column.Average(), variance = column.Average(x => (x - mean) * (x - mean));
        return column.Select(x => (x - mean) / Math.Sqrt(variance + 1e-5)).ToArray();
    })];
}
