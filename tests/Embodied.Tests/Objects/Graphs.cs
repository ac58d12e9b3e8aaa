using Embodied.Objects;

namespace Embodied.Tests.Objects;

/// <summary>Small graphs with known answers.</summary>
internal static class Graphs
{
    public static DenseAffinity Of(int n, Func<int, int, double> weight)
    {
        double[,] w = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                w[i, j] = weight(Math.Min(i, j), Math.Max(i, j));
            }
        }
        return new DenseAffinity(w);
    }

    public static DenseAffinity Path(int n) => Of(n, (i, j) => j == i + 1 ? 1 : 0);

    public static DenseAffinity Cycle(int n) => Of(n, (i, j) => j == i + 1 || (i == 0 && j == n - 1) ? 1 : 0);

    public static DenseAffinity Complete(int n) => Of(n, (i, j) => i == j ? 0 : 1);

    public static DenseAffinity Random(int n, int seed)
    {
        Random random = new(seed);
        double[,] w = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                w[i, j] = w[j, i] = random.NextDouble();
            }
        }
        return new DenseAffinity(w);
    }

    /// <summary>Groups of equal size, strongly tied within and weakly between.</summary>
    public static DenseAffinity Planted(int groups, int size, double between, int seed)
    {
        Random random = new(seed);
        double[,] w = new double[groups * size, groups * size];
        for (int i = 0; i < groups * size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                w[i, j] = w[j, i] = (i / size == j / size ? 1 : between) * (0.5 + random.NextDouble());
            }
        }
        return new DenseAffinity(w);
    }

    public static double[] RandomVector(int n, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, n).Select(_ => random.NextDouble() - 0.5)];
    }
}
