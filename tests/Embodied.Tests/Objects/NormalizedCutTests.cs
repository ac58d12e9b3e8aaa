using Embodied.Datasets;
using Embodied.Evaluation;
using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public sealed class NormalizedCutTests
{
    [Fact]
    public void Cut_and_Ncut_are_the_sums_of_their_definitions()
    {
        DenseAffinity w = Graphs.Random(9, seed: 2);
        bool[] inA = [true, false, true, true, false, false, true, false, false];
        double cut = 0, a = 0, b = 0;
        for (int i = 0; i < 9; i++)
        {
            for (int j = 0; j < 9; j++)
            {
                cut += inA[i] && !inA[j] ? w[i, j] : 0;
                a += inA[i] ? w[i, j] : 0;
                b += inA[i] ? 0 : w[i, j];
            }
        }
        Assert.Equal(cut, NormalizedCut.Cut(w, inA), 1e-12);
        Assert.Equal(cut / a + cut / b, NormalizedCut.Value(w, inA), 1e-12);
        Assert.Equal(double.PositiveInfinity, NormalizedCut.Value(w, new bool[9]));
        Assert.Equal(NormalizedCut.Value(w, inA), KWayNormalizedCut.Value(w, [.. inA.Select(v => v ? 1 : 0)]), 1e-12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_relaxation_bounds_the_best_partition_from_below_and_its_split_comes_near(int seed)
    {
        DenseAffinity w = Graphs.Planted(2, 6, 0.15, seed);
        var all = NormalizedCut.BruteForce(w);
        Assert.Equal(2047, all.Count);
        Assert.Equal(2047, all.Select(partition => string.Concat(partition.InA.Select(a => a ? '1' : '0'))).Distinct().Count());
        NcutVectors relaxed = NormalizedCut.Solve(w);
        (bool[] inA, double value) = NormalizedCut.Split(w, relaxed.Vectors[0]);
        Assert.True(relaxed.Values[0] <= all[0].Value + 1e-12);
        Assert.Equal(all[0].Value, value, 1e-12);
        Assert.Equal(1, PartitionOverlap.IoU(all[0].InA, inA));
        // yᵀ D y = 1 and the Rayleigh quotient is the eigenvalue.
        double[] y = relaxed.Vectors[0], d = NormalizedCut.Degrees(w), wy = new double[12];
        w.Apply(y, wy);
        Assert.Equal(1, y.Zip(d, (yi, di) => yi * yi * di).Sum(), 1e-12);
        Assert.Equal(relaxed.Values[0], 1 - y.Zip(wy, (yi, wi) => yi * wi).Sum(), 1e-12);
    }

    [Fact]
    public void The_minimum_cut_cuts_off_the_loner_and_the_normalized_cut_does_not()
    {
        // Two clusters of five in the plane and one node apart, as on the lecture's slide.
        double[] x = [0, 0.3, 0.6, 0.2, 0.5, 2.6, 2.9, 3.2, 2.7, 3.1, 5.6];
        DenseAffinity w = Graphs.Of(11, (i, j) => Math.Exp(-Math.Pow(x[i] - x[j], 2) / 1.5));
        (bool[] loner, double cut) = MinCut.Solve(w);
        Assert.Equal(cut, NormalizedCut.Cut(w, loner), 1e-12);
        Assert.Equal([10], Smaller(loner));
        (bool[] inA, _) = NormalizedCut.Split(w, NormalizedCut.Solve(w).Vectors[0]);
        Assert.Equal([0, 1, 2, 3, 4], Smaller(inA));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(7, 2)]
    [InlineData(10, 3)]
    public void The_minimum_cut_is_the_smallest_of_all_cuts(int n, int seed)
    {
        DenseAffinity w = Graphs.Random(n, seed);
        double smallest = NormalizedCut.BruteForce(w).Min(partition => NormalizedCut.Cut(w, partition.InA));
        (bool[] inA, double cut) = MinCut.Solve(w);
        Assert.Equal(smallest, cut, 1e-12);
        Assert.Equal(smallest, NormalizedCut.Cut(w, inA), 1e-12);
    }

    [Fact]
    public void An_unconnected_graph_has_lambda_zero_and_an_eigenvector_constant_on_each_part()
    {
        DenseAffinity w = Graphs.Of(10, (i, j) => (i < 4) == (j < 4) && i != j ? 1 : 0);
        NcutVectors found = NormalizedCut.Solve(w);
        Assert.Equal(0, found.Values[0], 1e-10);
        Assert.All(found.Vectors[0].Take(4), v => Assert.Equal(found.Vectors[0][0], v, 1e-6));
        Assert.All(found.Vectors[0].Skip(4), v => Assert.Equal(found.Vectors[0][9], v, 1e-6));
        Assert.True(found.Vectors[0][0] * found.Vectors[0][9] < 0);
    }

    [Fact]
    public void A_photograph_is_cut_as_a_dense_solver_cuts_it()
    {
        using var scope = NewDisposeScope();
        SparseAffinity w = PixelAffinity.Of(Photographs.Load("horse", 28), new() { SigmaI = 0.15, SigmaX = 3, Radius = 4 });
        NcutVectors ours = NormalizedCut.Solve(w);
        Tensor d = w.ToDense().ToTensor().sum(1), root = d.sqrt();
        (Tensor values, Tensor z) = linalg.eigh(eye(w.Size, dtype: float64) - w.ToDense().ToTensor() / root.unsqueeze(1) / root.unsqueeze(0));
        double[] y = (z[TensorIndex.Colon, 1] / root).contiguous().data<double>().ToArray();
        Assert.Equal(values[1].item<double>(), ours.Values[0], 1e-9);
        Assert.InRange(ours.Residuals[0], 0, 1e-8);
        Assert.True(PartitionOverlap.IoU(NormalizedCut.Split(w, y).InA, NormalizedCut.Split(w, ours.Vectors[0]).InA) >= 0.99);
    }

    [Fact]
    public void Patches_tied_by_their_features_are_cut_as_a_dense_solver_cuts_them()
    {
        using var scope = NewDisposeScope();
        Generator generator = new(9);
        Tensor centres = randn([4, 64], generator: generator), label = randint(0, 4, [600], generator: generator);
        BinaryAffinity w = BinaryAffinity.FromCosine(centres.index_select(0, label) + 0.9 * randn([600, 64], generator: generator));
        Tensor full = zeros(600, 600, dtype: float64);
        for (int i = 0; i < 600; i++)
        {
            double[] column = new double[600], e = new double[600];
            e[i] = 1;
            w.Apply(e, column);
            full[i] = tensor(column);
        }
        Tensor root = full.sum(1).sqrt();
        (Tensor _, Tensor z) = linalg.eigh(full / root.unsqueeze(1) / root.unsqueeze(0));
        double[] y = (z[TensorIndex.Colon, 598] / root).contiguous().data<double>().ToArray();
        double[] ours = NormalizedCut.Solve(w, 1, new LanczosOptions { Tolerance = 1e-6 }).Vectors[0];
        Assert.True(PartitionOverlap.IoU([.. y.Select(v => v > y.Average())], [.. ours.Select(v => v > ours.Average())]) >= 0.99);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Planted_groups_are_found_by_recursion_and_k_ways_at_once(int groups)
    {
        DenseAffinity w = Graphs.Planted(groups, 30, 0.01, seed: groups);
        int[] recursive = RecursiveNormalizedCut.Segment(w, new RecursiveCutOptions { MinNodes = 5 });
        int[] kWay = KWayNormalizedCut.Segment(w, groups);
        foreach (int[] labels in (int[][])[recursive, kWay])
        {
            Assert.Equal(groups, labels.Distinct().Count());
            Assert.All(labels.Chunk(30), group => Assert.Single(group.Distinct()));
        }
    }

    [Fact]
    public void Recursion_leaves_whole_what_has_no_good_cut()
    {
        Assert.Single(RecursiveNormalizedCut.Segment(Graphs.Random(80, 4), new RecursiveCutOptions { MinNodes = 5 }).Distinct());
        DenseAffinity ring = Graphs.Cycle(100);
        Assert.Single(RecursiveNormalizedCut.Segment(ring, new RecursiveCutOptions { MinNodes = 5 }).Distinct());
        Assert.True(RecursiveNormalizedCut.Segment(ring, new RecursiveCutOptions { MinNodes = 5, MaxSmoothness = 1 }).Distinct().Count() > 1);
        Assert.Equal(4, RecursiveNormalizedCut.Segment(ring, new RecursiveCutOptions { MinNodes = 5, MaxSmoothness = 1, MaxNcut = 2, MaxSegments = 4 }).Max() + 1);
    }

    [Fact]
    public void Recursion_leaves_whole_a_part_in_which_a_node_lost_its_last_edge()
    {
        // Connected graphs, but sparse: a cut may leave a node without an edge to its own side, and then no degree to divide by.
        for (int seed = 0; seed < 150; seed++)
        {
            Random random = new(seed);
            double[,] w = new double[24, 24];
            for (int i = 1; i < 24; i++)
            {
                int j = random.Next(i);
                w[i, j] = w[j, i] = 0.1 + random.NextDouble();
            }
            for (int i = 0; i < 24; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    w[i, j] = w[j, i] = random.NextDouble() < 0.1 ? random.NextDouble() : w[i, j];
                }
            }
            int[] labels = RecursiveNormalizedCut.Segment(new DenseAffinity(w), new RecursiveCutOptions { MinNodes = 2, MaxNcut = 2, MaxSmoothness = 1 });
            Assert.All(labels.GroupBy(label => label), segment => Assert.True(segment.Count() >= 2));
        }
        DenseAffinity loose = Graphs.Of(8, (i, j) => i < 7 && j < 7 && i != j ? 1 : 0);
        Assert.Contains("Node 7", Assert.Throws<ArgumentException>(() => RecursiveNormalizedCut.Segment(loose, new() { MinNodes = 2 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Overlap_is_one_for_equal_partitions_however_named_and_falls_with_differences()
    {
        bool[] a = [true, true, true, false, false];
        Assert.Equal(1, PartitionOverlap.IoU(a, a));
        Assert.Equal(1, PartitionOverlap.IoU(a, [.. a.Select(v => !v)]));
        Assert.Equal((2.0 / 3 + 2.0 / 3) / 2, PartitionOverlap.IoU(a, [true, true, false, false, false]), 1e-12);
        Assert.Throws<ArgumentException>(() => PartitionOverlap.IoU(a, [true]));
    }

    [Fact]
    public void Wrong_input_is_named()
    {
        DenseAffinity w = Graphs.Path(4);
        Assert.Contains("length 3; 4", Assert.Throws<ArgumentException>(() => NormalizedCut.Value(w, new bool[3])).Message, StringComparison.Ordinal);
        Assert.Contains("constant", Assert.Throws<ArgumentException>(() => NormalizedCut.Split(w, [1, 1, 1, 1])).Message, StringComparison.Ordinal);
        Assert.Contains("30 nodes", Assert.Throws<ArgumentException>(() => NormalizedCut.BruteForce(Graphs.Path(30))).Message, StringComparison.Ordinal);
        Assert.Contains("1 nodes", Assert.Throws<ArgumentException>(() => MinCut.Solve(Graphs.Path(1))).Message, StringComparison.Ordinal);
        Assert.Contains("[2, 2]", Assert.Throws<ArgumentException>(() => KWayNormalizedCut.Segment(w, 3)).Message, StringComparison.Ordinal);
    }

    private static int[] Smaller(bool[] inA)
    {
        bool side = inA.Count(a => a) * 2 <= inA.Length;
        return [.. Enumerable.Range(0, inA.Length).Where(i => inA[i] == side)];
    }
}
