using Embodied.Evaluation;
using static TorchSharp.torch;

namespace Embodied.Tests.Evaluation;

public class NeighboursAndRankTests
{
    [Fact]
    public void The_weighted_vote_is_that_of_a_search_by_brute_force()
    {
        var generator = new Generator(1);
        Tensor train = randn([300, 5], dtype: ScalarType.Float64, generator: generator), labels = randint(4, [300], generator: generator);
        Tensor queries = randn([40, 5], dtype: ScalarType.Float64, generator: generator);
        Tensor predicted = NearestNeighbours.Predict(train, labels, queries, new() { Neighbours = 15, Temperature = 0.2 });
        for (int q = 0; q < 40; q++)
        {
            Assert.Equal(Vote(train, labels, queries[q], 15, 0.2, except: -1), predicted[q].item<long>());
        }
    }

    [Fact]
    public void Leaving_one_out_is_what_a_search_without_that_one_gives_across_blocks_too()
    {
        var generator = new Generator(2);
        Tensor x = randn([1100, 3], dtype: ScalarType.Float64, generator: generator), labels = randint(3, [1100], generator: generator);
        // Equal points: the nearest of each is another one, of the same label.
        Tensor twice = cat([x, x]), both = cat([labels, labels]);
        Assert.Equal(1, NearestNeighbours.LeaveOneOut(twice, both, new() { Neighbours = 1 }));
        double all = NearestNeighbours.LeaveOneOut(x, labels, new() { Neighbours = 9, Temperature = 0.5 });
        double brute = Enumerable.Range(0, 1100).Average(q => Vote(x, labels, x[q], 9, 0.5, except: q) == labels[q].item<long>() ? 1.0 : 0);
        Assert.Equal(brute, all, 1e-12);
    }

    [Fact]
    public void A_close_neighbour_outvotes_two_far_ones_at_low_temperature_only()
    {
        Tensor train = tensor(new double[,] { { 1, 0.1 }, { 1, 1 }, { 1, 1.1 } }), labels = tensor(new long[] { 0, 1, 1 });
        Tensor query = tensor(new double[,] { { 1, 0 } });
        Assert.Equal(0, NearestNeighbours.Predict(train, labels, query, new() { Neighbours = 3 })[0].item<long>());
        Assert.Equal(1, NearestNeighbours.Predict(train, labels, query, new() { Neighbours = 3, Temperature = 10 })[0].item<long>());
    }

    [Fact]
    public void Retrieval_is_the_share_of_neighbours_of_the_same_instance()
    {
        Tensor x = tensor(new double[,] { { 1, 0 }, { 1, 0.01 }, { 0, 1 }, { 0.01, 1 }, { -1, 0 } });
        Assert.Equal(0.8, NearestNeighbours.Retrieval(x, tensor(new long[] { 7, 7, 3, 3, 5 })), 1e-12);
        Assert.Equal(0.4, NearestNeighbours.Retrieval(x, tensor(new long[] { 7, 7, 3, 3, 5 }), 2), 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => NearestNeighbours.Retrieval(x, tensor(new long[] { 7, 7, 3, 3, 5 }), 5));
    }

    [Fact]
    public void The_effective_rank_of_known_spectra_is_known()
    {
        Tensor Q = linalg.qr(randn([50, 6], dtype: ScalarType.Float64, generator: new Generator(1))).Q;
        Assert.Equal(6, EffectiveRank.Of(Q, centre: false), 1e-9);
        Assert.Equal(2, EffectiveRank.Of(Q * tensor(new double[] { 3, 3, 0, 0, 0, 0 }), centre: false), 1e-6);
        double[] p = [0.5, 0.25, 0.125, 0.125];
        double entropy = -p.Sum(x => x * Math.Log(x));
        Assert.Equal(Math.Exp(entropy), EffectiveRank.Of(Q * tensor((double[])[.. p, 0, 0]), centre: false), 1e-6);
        Tensor constant = ones(9, 3);
        Assert.Equal(0, EffectiveRank.Of(constant));
        Assert.Equal(1, EffectiveRank.Of(constant, centre: false), 1e-6);
    }

    [Fact]
    public void The_spectrum_of_an_ellipsoid_is_its_variances()
    {
        Tensor z = randn([50_000, 3], dtype: ScalarType.Float64, generator: new Generator(1)) * tensor(new[] { 1.0, 3, 0 }) + 5;
        Tensor spectrum = EffectiveRank.Spectrum(z);
        Assert.True(allclose(spectrum, tensor(new[] { 9.0, 1, 0 }), 0.03, 1e-9));
    }

    [Fact]
    public void Vectors_spread_over_the_sphere_have_the_unit_deviation_and_a_point_has_none()
    {
        Assert.Equal(1 / Math.Sqrt(32), EffectiveRank.UnitDeviation(randn([5000, 32], generator: new Generator(1))), 2e-3);
        Assert.Equal(0, EffectiveRank.UnitDeviation(ones(10, 32)), 1e-6);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        Assert.StartsWith("queries has shape [2, 2], wanted [any, 3].", Assert.Throws<ArgumentException>(
            () => NearestNeighbours.Predict(zeros(4, 3), zeros(4, ScalarType.Int64), zeros(2, 2))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => NearestNeighbours.Predict(zeros(4, 3), zeros(4, ScalarType.Int64), zeros(2, 3)));
        Assert.Throws<ArgumentException>(() => EffectiveRank.Of(zeros(4)));
        Assert.Throws<ArgumentException>(() => EffectiveRank.Spectrum(zeros(1, 4)));
    }

    private static long Vote(Tensor train, Tensor labels, Tensor query, int k, double tau, int except)
    {
        double[] q = [.. query.data<double>()];
        double[] flat = [.. train.data<double>()];
        long[] y = [.. labels.data<long>()];
        int d = q.Length;
        var neighbours = Enumerable.Range(0, y.Length).Where(i => i != except).Select(i =>
        {
            double dot = 0, a = 0, b = 0;
            for (int j = 0; j < d; j++)
            {
                double x = flat[i * d + j];
                (dot, a, b) = (dot + x * q[j], a + x * x, b + q[j] * q[j]);
            }
            return (Similarity: dot / Math.Sqrt(a * b), Label: y[i]);
        }).OrderByDescending(p => p.Similarity).Take(k);
        return neighbours.GroupBy(p => p.Label).MaxBy(g => g.Sum(p => Math.Exp(p.Similarity / tau)))!.Key;
    }
}
