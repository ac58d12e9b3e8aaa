using Embodied.Objects;

namespace Embodied.Evaluation;

/// <summary>
/// k-means: points go to the nearest of k centres, centres to the mean of their points, until the sum of squared distances Σ_i ‖x_i − c_{l(i)}‖² falls no
/// more. That is a local minimum: of several starts the best is kept.
/// </summary>
/// <remarks>Lloyd 1982; starts by k-means++, Arthur &amp; Vassilvitskii 2007.</remarks>
public static class KMeans
{
    private const int Rounds = 40;

    /// <summary>Clusters points.</summary>
    /// <param name="places">The points, all of one length.</param>
    /// <param name="k">How many clusters.</param>
    /// <param name="random">Where the starts come from.</param>
    /// <param name="starts">How many starts.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The cluster of each point, from 0.</returns>
    /// <exception cref="ArgumentException">There are fewer points than clusters, points of different lengths, or no start.</exception>
    public static int[] Cluster(double[][] places, int k, Random random, int starts = 3, CancellationToken cancellation = default)
    {
        if (k < 1 || k > places.Length || places.Any(place => place.Length != places[0].Length))
        {
            throw new ArgumentException($"{k} clusters are asked of {places.Length} points; at least one, at most one per point, and points of equal length are wanted.", nameof(k));
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(starts, 1);
        (int[] Labels, double Spread) best = ([], double.PositiveInfinity);
        for (int start = 0; start < starts; start++)
        {
            double[][] centres = Spread(places, k, random);
            int[] labels = new int[places.Length];
            double spread = double.PositiveInfinity;
            for (int round = 0; round < Rounds; round++)
            {
                cancellation.ThrowIfCancellationRequested();
                double before = spread;
                spread = Assign(places, centres, labels);
                if (before - spread <= 1e-9 * spread)
                {
                    break;
                }
                Recentre(places, centres, labels);
            }
            if (spread < best.Spread)
            {
                best = (labels, spread);
            }
        }
        return best.Labels;
    }

    // k-means++ (Arthur and Vassilvitskii, 2007): each centre is drawn with probability proportional to the squared distance to those before.
    private static double[][] Spread(double[][] places, int k, Random random)
    {
        List<double[]> centres = [[.. places[random.Next(places.Length)]]];
        double[] distance = [.. places.Select(place => Squared(place, centres[0]))];
        while (centres.Count < k)
        {
            double draw = random.NextDouble() * distance.Sum();
            int chosen = 0;
            for (; chosen < distance.Length - 1 && draw > distance[chosen]; chosen++)
            {
                draw -= distance[chosen];
            }
            centres.Add([.. places[chosen]]);
            for (int i = 0; i < distance.Length; i++)
            {
                distance[i] = Math.Min(distance[i], Squared(places[i], centres[^1]));
            }
        }
        return [.. centres];
    }

    private static double Assign(double[][] places, double[][] centres, int[] labels)
    {
        double[] nearest = new double[places.Length];
        VectorMath.ForRows(places.Length, (long)places.Length * centres.Length * centres[0].Length, (from, to) =>
        {
            for (int i = from; i < to; i++)
            {
                nearest[i] = double.PositiveInfinity;
                for (int c = 0; c < centres.Length; c++)
                {
                    double squared = Squared(places[i], centres[c]);
                    if (squared < nearest[i])
                    {
                        (nearest[i], labels[i]) = (squared, c);
                    }
                }
            }
        });
        return VectorMath.Sum(nearest);
    }

    private static void Recentre(double[][] places, double[][] centres, int[] labels)
    {
        int[] sizes = new int[centres.Length];
        double[][] sums = [.. centres.Select(centre => new double[centre.Length])];
        for (int i = 0; i < places.Length; i++)
        {
            sizes[labels[i]]++;
            VectorMath.AddScaled(sums[labels[i]], 1, places[i]);
        }
        for (int c = 0; c < centres.Length; c++)
        {
            if (sizes[c] > 0)
            {
                VectorMath.Scale(sums[c], 1.0 / sizes[c]);
                centres[c] = sums[c];
            }
        }
    }

    private static double Squared(double[] a, double[] b)
    {
        double sum = 0;
        for (int c = 0; c < a.Length; c++)
        {
            sum += (a[c] - b[c]) * (a[c] - b[c]);
        }
        return sum;
    }
}
