using Embodied.Evaluation;

namespace Embodied.Tests.Evaluation;

public class KMeansTests
{
    [Fact]
    public void Heaps_far_apart_are_the_clusters()
    {
        Random random = new(1);
        double[][] places = [.. Enumerable.Range(0, 60).Select(i => new[] { 10.0 * (i % 3) + random.NextDouble(), random.NextDouble() })];
        int[] labels = KMeans.Cluster(places, 3, random);
        for (int i = 3; i < 60; i++)
        {
            Assert.Equal(labels[i % 3], labels[i]);
        }
        Assert.Equal(3, labels.Distinct().Count());
    }

    [Fact]
    public void No_way_to_share_out_few_points_has_a_smaller_sum_of_squares()
    {
        Random random = new(2);
        double[][] places = [.. Enumerable.Range(0, 8).Select(_ => new[] { random.NextDouble(), random.NextDouble() })];
        double best = Enumerable.Range(1, 254).Min(code => Sum(places, [.. Enumerable.Range(0, 8).Select(i => code >> i & 1)]));
        Assert.Equal(best, Sum(places, KMeans.Cluster(places, 2, random, starts: 20)), 12);
    }

    [Fact]
    public void Every_point_is_nearest_to_the_mean_of_its_own_cluster()
    {
        Random random = new(3);
        double[][] places = [.. Enumerable.Range(0, 60).Select(_ => new[] { 5 + random.NextDouble(), 5 + random.NextDouble() })];
        int[] labels = KMeans.Cluster(places, 4, random);
        double[][] means = [.. Enumerable.Range(0, 4).Select(k => new[] { 0, 1 }.Select(axis => places.Where((_, i) => labels[i] == k).Average(place => place[axis])).ToArray())];
        Assert.Equal(labels, places.Select(place => Array.IndexOf(means, means.MinBy(mean => Math.Pow(mean[0] - place[0], 2) + Math.Pow(mean[1] - place[1], 2)))));
    }

    [Fact]
    public void More_clusters_than_points_are_refused()
    {
        double[][] places = [[0, 1], [2, 3]];
        Assert.Contains("3 clusters", Assert.Throws<ArgumentException>(() => KMeans.Cluster(places, 3, new Random(1))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => KMeans.Cluster([[0, 1], [2]], 2, new Random(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => KMeans.Cluster(places, 1, new Random(1), starts: 0));
    }

    private static double Sum(double[][] places, int[] labels) => Enumerable.Range(0, 2).Sum(cluster =>
    {
        double[][] mine = [.. places.Where((_, i) => labels[i] == cluster)];
        return mine.Length == 0 ? 0 : Enumerable.Range(0, 2).Sum(axis => mine.Sum(place => Math.Pow(place[axis] - mine.Average(p => p[axis]), 2)));
    });
}
