using Embodied.Planning.Grids;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Planning;

public class GridPlanningTests
{
    private static double Off(Tensor a, Tensor b)
    {
        Assert.Equal(b.shape, a.shape);
        return (a - b).abs().max().to(ScalarType.Float64).item<double>();
    }

    private static Tensor Randn(Generator g, params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: g);

    // A map by hand: '#' wall, 'G' goal.
    private static GridMap Drawn(params string[] rows) =>
        new(rows.Length, [.. string.Concat(rows).Select(c => c == '#')], string.Concat(rows).IndexOf('G', StringComparison.Ordinal));

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(28)]
    public void Value_iteration_on_a_map_finds_the_distances_that_Dijkstra_finds(int side)
    {
        for (int index = 0; index < 3; index++)
        {
            using var scope = NewDisposeScope();
            GridMap map = GridMap.Draw(GridMapOptions.Of(side), 5, index);
            double[] distances = ShortestPaths.Distances(map);
            double[] values = [.. ValueIteration.Solve(MarkovDecisionProcess.Of(map), 0).data<double>()];
            Assert.Contains(distances, d => d > side / 2);
            for (int cell = 0; cell < map.Cells; cell++)
            {
                Assert.Equal(map.IsWall(cell) ? 0 : distances[cell], -values[cell], 1e-9);
            }
        }
    }

    [Fact]
    public void Shortest_paths_of_a_map_drawn_by_hand_are_what_one_counts()
    {
        GridMap map = Drawn("######", "#G.#.#", "#..#.#", "#.#..#", "#....#", "######");
        double[] distances = ShortestPaths.Distances(map);
        double d = Math.Sqrt(2);
        foreach ((int row, int column, double length) in ((int, int, double)[])[(1, 1, 0), (2, 2, d), (3, 1, 2), (4, 2, 2 + d), (3, 3, 2 * d), (3, 4, 1 + 2 * d), (1, 4, 1 + 3 * d)])
        {
            Assert.Equal(length, distances[row * 6 + column], 1e-12);
        }
        byte[] best = ShortestPaths.BestMoves(map, distances);
        Assert.Equal(1 << 7, best[2 * 6 + 2]);
        Assert.Equal(0, best[map.Goal]);
        Assert.Equal(0, best[0]);
        // Two ways around are equally long from an open room's far side.
        GridMap open = Drawn("#####", "#G..#", "#...#", "#...#", "#####");
        Assert.Equal((1 << 7) | (1 << 6), ShortestPaths.BestMoves(open, ShortestPaths.Distances(open))[2 * 5 + 3]);
    }

    [Fact]
    public void A_sweep_with_discount_contracts_and_a_slip_makes_paths_longer()
    {
        using var scope = NewDisposeScope();
        GridMap map = GridMap.Draw(GridMapOptions.Of(8), 7, 0);
        MarkovDecisionProcess process = MarkovDecisionProcess.Of(map, 0.2, 0.9);
        var g = new Generator(1);
        Tensor a = Randn(g, map.Cells), b = Randn(g, map.Cells);
        Tensor Swept(Tensor V) => ValueIteration.ActionValues(process, V).amax([0L]);
        Assert.True(Off(Swept(a), Swept(b)) <= 0.9 * Off(a, b) + 1e-12);
        // Bellman's equation, and every policy's value by one linear solve is no better.
        Tensor V = ValueIteration.Solve(process);
        Assert.True(Off(Swept(V), V) < 1e-9);
        Tensor best = ValueIteration.ActionValues(process, V).argmax(0);
        Tensor P = process.P.permute(1, 0, 2)[arange(map.Cells), best], R = process.R.t()[arange(map.Cells), best];
        Tensor solved = linalg.solve(eye(map.Cells, dtype: ScalarType.Float64) - 0.9 * P, R);
        Assert.True(Off(solved, V) < 1e-8);
        Tensor sure = ValueIteration.Solve(MarkovDecisionProcess.Of(map, 0, 1));
        Tensor slipping = ValueIteration.Solve(MarkovDecisionProcess.Of(map, 0.2, 1));
        Assert.True((slipping - sure).max().item<double>() <= 1e-9 && (slipping - sure).min().item<double>() < -0.5);
    }

    [Theory]
    [InlineData(8, 24)]
    [InlineData(16, 60)]
    public void The_VI_module_with_kernels_set_by_hand_is_exact_value_iteration(int side, int sweeps)
    {
        using var scope = NewDisposeScope();
        GridMap[] maps = [.. Enumerable.Range(0, 6).Select(i => GridMap.Draw(GridMapOptions.Of(side), 11, i))];
        Tensor R = ValueIterationModule.ExactReward(GridMap.Images(maps).to(ScalarType.Float64)), W = ValueIterationModule.ExactKernels();
        List<Tensor> values = [];
        ValueIterationModule.Unrolled(R, W, sweeps, (k, V) => values.Add(V.clone().DetachFromDisposeScope()));
        for (int n = 0; n < maps.Length; n++)
        {
            double[] distances = ShortestPaths.Distances(maps[n]);
            double[] found = [.. values[^1][n].contiguous().data<double>()];
            Assert.All(Enumerable.Range(0, maps[n].Cells).Where(cell => !maps[n].IsWall(cell)), cell => Assert.Equal(distances[cell], -found[cell], 1e-9));
            // Every sweep, not the last alone, is that of the process.
            List<Tensor> classic = [];
            ValueIteration.Solve(MarkovDecisionProcess.Of(maps[n]), 0, onSweep: (k, V) => classic.Add(V.clone().DetachFromDisposeScope()));
            Tensor free = tensor(maps[n].Walls.ToArray()).logical_not();
            for (int k = 0; k < Math.Min(classic.Count, values.Count); k++)
            {
                Assert.True(Off(values[k][n].flatten()[free], classic[k][free]) < 1e-9, $"sweep {k}");
            }
        }
        Assert.True(Off(FusedValueIteration.Values(R, W, sweeps), values[^1]) < 1e-9);
    }

    [Theory]
    [InlineData(true, 5, 11)]
    [InlineData(false, 5, 11)]
    [InlineData(true, 0, 3)]
    [InlineData(false, 1, 1)]
    public void Fused_sweeps_are_the_module_of_convolutions_and_so_is_their_gradient(bool tied, int K, int maps)
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType dtype in (ScalarType[])[ScalarType.Float64, ScalarType.Float32])
        {
            var g = new Generator(3);
            Tensor R = Randn(g, maps, 1, 7, 9).to(dtype).requires_grad_(), W = (0.3 * Randn(g, tied ? 1 : K + 1, 5, 2, 3, 3)).to(dtype).requires_grad_();
            Tensor upstream = Randn(g, maps, 5, 7, 9).to(dtype);
            Tensor fused = FusedValueIteration.Apply(R, W, K), unrolled = ValueIterationModule.Unrolled(R, W, K);
            IList<Tensor> ours = autograd.grad([(fused * upstream).sum()], [R, W]), theirs = autograd.grad([(unrolled * upstream).sum()], [R, W]);
            using (Tensor again = FusedValueIteration.Apply(R, W, K))
            {
                // Twice over the same graph: the arrays of the first pass have been given back.
                Tensor loss = (again * upstream).sum();
                autograd.grad([loss], [R, W], retain_graph: true);
                Assert.Equal(0, Off(autograd.grad([loss], [R, W])[1], ours[1]));
            }
            double scale = dtype == ScalarType.Float64 ? 1e-12 : 1e-4;
            Assert.True(Off(fused, unrolled) < scale);
            for (int i = 0; i < 2; i++)
            {
                Assert.True(Off(ours[i], theirs[i]) <= scale * (1 + theirs[i].abs().max().to(ScalarType.Float64).item<double>()), $"{dtype}, gradient {i}");
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_gradient_of_the_sweeps_is_that_of_finite_differences(bool tied)
    {
        using var scope = NewDisposeScope();
        var g = new Generator(8);
        Tensor R = Randn(g, 2, 1, 4, 5), W = 0.4 * Randn(g, tied ? 1 : 4, 3, 2, 3, 3), upstream = Randn(g, 2, 3, 4, 5);
        Assert.True(FiniteDifferences.Worst(x => (FusedValueIteration.Apply(x[0], x[1], 3) * upstream).sum(), R, W) < 1e-6);
        Assert.True(FiniteDifferences.Worst(x => (ValueIterationModule.Unrolled(x[0], x[1], 3) * upstream).sum(), R, W) < 1e-6);
    }

    [Fact]
    public void Gradients_do_not_depend_on_the_number_of_threads()
    {
        using var scope = NewDisposeScope();
        var g = new Generator(4);
        Tensor R = randn([40, 1, 8, 8], generator: g).requires_grad_(), W = (0.2 * randn([1, 6, 2, 3, 3], generator: g)).requires_grad_();
        Tensor[] Gradients() => [.. autograd.grad([FusedValueIteration.Apply(R, W, 6).square().sum()], [R, W])];
        Tensor[] one = Gradients();
        set_num_threads(2);
        try
        {
            Assert.All(one.Zip(Gradients()), pair => Assert.Equal(0, Off(pair.First, pair.Second)));
        }
        finally
        {
            set_num_threads(1);
        }
    }

    [Fact]
    public void Many_states_of_many_maps_at_once_are_what_they_are_one_by_one()
    {
        using var scope = NewDisposeScope();
        using GridDemonstrations data = GridDemonstrations.Draw(5, GridMapOptions.Of(8), 2);
        using ValueIterationNetwork network = new(new() { Sweeps = 6, Hidden = 20, Deviation = 0.2 }, new Generator(1));
        (Tensor images, Tensor states, Tensor moves, Tensor best) = data.Batch([3, 0, 4]);
        Tensor together = network.Logits(images, states);
        Assert.Equal(data.Steps[3].Count + data.Steps[0].Count + data.Steps[4].Count, (int)together.shape[0]);
        int row = 0;
        foreach (int map in (int[])[3, 0, 4])
        {
            foreach ((int cell, int move) in data.Steps[map])
            {
                Tensor alone = network.Logits(GridMap.Images([data.Maps[map]]), tensor(new long[] { cell }));
                Assert.True(Off(together[row..(row + 1)], alone) < 1e-5);
                Assert.Equal(move, moves[row].item<long>());
                Assert.Equal(Enumerable.Range(0, 8).Select(m => (data.Best[map][cell] >> m & 1) != 0), best[row++].data<bool>().ToArray());
            }
        }
        Assert.Equal(network.Moves(images).flatten()[states].data<long>().ToArray(), together.argmax(1).data<long>().ToArray());
    }

    [Fact]
    public void The_reward_of_two_linear_layers_in_one_is_that_of_two_convolutions()
    {
        using var scope = NewDisposeScope();
        using ValueIterationNetwork network = new(new() { Hidden = 12 }, new Generator(6));
        Dictionary<string, Tensor> p = network.named_parameters().ToDictionary(x => x.name, x => (Tensor)x.parameter);
        using var _ = no_grad();
        p["bias"].copy_(randn(12, generator: new Generator(7)));
        Tensor images = GridMap.Images([GridMap.Draw(GridMapOptions.Of(16), 1, 0)]);
        Tensor h = nn.functional.conv2d(images, p["hidden"], p["bias"], padding: [1L, 1L]);
        Assert.True(Off(network.Reward(images), nn.functional.conv2d(h, p["reward"].view(1, 12, 1, 1))) < 1e-5);
    }

    [Fact]
    public void Demonstrations_are_shortest_paths_to_the_goal_and_ties_are_broken_by_chance()
    {
        using GridDemonstrations data = GridDemonstrations.Draw(20, GridMapOptions.Of(16), 9);
        HashSet<(int, int)> elsewhere = [];
        for (int n = 0; n < 20; n++)
        {
            int paths = 0;
            for (int i = 0; i < data.Steps[n].Count; i++)
            {
                (int cell, int move) = data.Steps[n][i];
                int next = data.Maps[n].Next(cell, move);
                Assert.Equal(data.Distances[n][cell] - GridMoves.Length[move], data.Distances[n][next], 1e-9);
                bool ends = i + 1 == data.Steps[n].Count || data.Steps[n][i + 1].Cell != next;
                Assert.True(!ends || next == data.Maps[n].Goal);
                paths += next == data.Maps[n].Goal ? 1 : 0;
                if (int.PopCount(data.Best[n][cell]) > 1 && move != int.TrailingZeroCount(data.Best[n][cell]))
                {
                    elsewhere.Add((n, cell));
                }
            }
            Assert.Equal(7, paths);
        }
        Assert.True(elsewhere.Count > 20);
        using GridDemonstrations tail = GridDemonstrations.Draw(3, GridMapOptions.Of(16), 9, first: 17);
        Assert.Equal(data.Steps[18], tail.Steps[1]);
    }

    [Fact]
    public void The_expert_scores_perfectly_and_who_always_goes_up_does_not()
    {
        using GridDemonstrations held = GridDemonstrations.Draw(30, GridMapOptions.Of(8), 12);
        long[][] expert = [.. held.Best.Select(map => map.Select(best => (long)(best == 0 ? 0 : int.TrailingZeroCount(best))).ToArray())];
        PolicyScores perfect = PolicyScores.Of(expert, held);
        Assert.Equal((0, 1), (perfect.WrongMoves, perfect.Success));
        Assert.Equal(0, perfect.TrajectoryDifference, 1e-9);
        Assert.InRange(perfect.PredictionLoss, 0.02, 0.4);
        PolicyScores up = PolicyScores.Of([.. expert.Select(map => new long[map.Length])], held);
        Assert.True(up.Success < 0.2 && up.WrongMoves > 0.5);
        // A detour counts as success, with what it costs; going back and forth does not.
        GridMap room = Drawn("#####", "#G..#", "#...#", "#...#", "#####");
        var moves = new long[25];
        (moves[13], moves[12], moves[11]) = (6, 6, 0);
        GridPath path = PolicyScores.Follow(room, moves, 13);
        Assert.Equal([13, 12, 11, 6], path.Cells);
        Assert.Equal((true, 3.0), (path.Arrives, path.Length));
        (moves[12], moves[11]) = (2, 2);
        Assert.False(PolicyScores.Follow(room, moves, 13).Arrives);
        moves[13] = 2;
        Assert.False(PolicyScores.Follow(room, moves, 13).Arrives);
    }

    [Fact]
    public void The_loss_asks_for_any_of_the_best_moves_and_is_cross_entropy_where_there_is_one()
    {
        using var scope = NewDisposeScope();
        Tensor logits = Randn(new Generator(5), 6, 8), moves = tensor(new long[] { 0, 3, 7, 7, 2, 5 });
        Tensor one = nn.functional.one_hot(moves, 8).to(ScalarType.Bool);
        Assert.True(Off(ValueIterationTraining.Loss(logits, one), nn.functional.cross_entropy(logits, moves)) < 1e-12);
        Tensor two = one.logical_or(cat([one[.., 7..], one[.., ..7]], 1)), p = nn.functional.softmax(logits, 1);
        Assert.True(Off(ValueIterationTraining.Loss(logits, two), -(p * two).sum(1).log().mean()) < 1e-12);
        Assert.True(FiniteDifferences.Worst(x => ValueIterationTraining.Loss(x[0], two), logits) < 1e-7);
    }

    [Fact]
    public void A_short_training_reaches_a_level_that_it_does_not_reach_without_sweeps_or_with_attention_elsewhere()
    {
        ValueIterationTrainingOptions options = ValueIterationTrainingOptions.Of(8) with { Maps = 400, Updates = 1_500, Seed = 2 };
        using GridDemonstrations held = GridDemonstrations.Draw(100, options.World, 77);
        using ValueIterationNetwork plans = ValueIterationTraining.Run(options);
        double success = PolicyScores.Of(plans, held).Success;
        using ValueIterationNetwork blind = ValueIterationTraining.Run(options with { Network = options.Network with { Sweeps = 0 } });
        double without = PolicyScores.Of(blind, held).Success;
        Assert.True(success > 0.8, $"{success}");
        Assert.True(without < success - 0.2, $"{without} without sweeps");
        // Attention one cell to the right of the agent reads another cell's values.
        long[][] beside = [.. plans.Moves(held.Images).unbind(0).Select(map => cat([map[1..], map[..1]]).data<long>().ToArray())];
        double elsewhere = PolicyScores.Of(beside, held).Success;
        Assert.True(elsewhere < success - 0.2, $"{elsewhere} with attention elsewhere");
    }

    [Fact]
    public void A_training_repeats_itself_and_leaves_no_tensors()
    {
        ValueIterationTrainingOptions options = ValueIterationTrainingOptions.Of(8) with { Maps = 40, Updates = 6, BatchSize = 8, Network = new() { Sweeps = 4, Hidden = 8 } };
        List<double> first = [], second = [];
        List<long> counts = [];
        using (ValueIterationTraining.Run(options, new Told(p => first.Add(p.Loss)), (step, _) => counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount)))
        using (ValueIterationTraining.Run(options, new Told(p => second.Add(p.Loss))))
        {
            Assert.Equal(first, second);
            Assert.Equal(counts[2], counts[^1]);
        }
    }

    private sealed class Told(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }

    [Fact]
    public void A_row_of_the_table_survives_being_written()
    {
        ValueIterationTableRow row = new(0.2, false, 3, new(0.25, 0.0625, 0.984, 0.125), 61);
        Assert.Equal(row, ValueIterationTableRow.Parse(row.ToCsv()));
        Assert.Contains("is no row of the table", Assert.Throws<FormatException>(() => ValueIterationTableRow.Parse("1,2,3")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_is_told_by_name()
    {
        using var scope = NewDisposeScope();
        void Refused<T>(string wanted, Action act)
            where T : Exception => Assert.Contains(wanted, Assert.Throws<T>(act).Message, StringComparison.Ordinal);

        Refused<ArgumentException>("gap at row 1, column 0", () => Drawn("####", "..G#", "#..#", "####"));
        Refused<ArgumentException>("goal is cell 0 of 16, which is a wall", () => new GridMap(4, [.. Enumerable.Repeat(true, 16)], 0));
        Refused<ArgumentException>("wanted side²", () => new GridMap(4, new bool[15], 0));
        Refused<ArgumentException>("Side is 3", () => GridMap.Draw(new() { Side = 3 }, 1, 0));
        GridMap map = GridMap.Draw(GridMapOptions.Of(8), 1, 0);
        Refused<ArgumentException>("maps differ in size", () => GridMap.Images([map, GridMap.Draw(GridMapOptions.Of(9), 1, 0)]));
        Refused<ArgumentException>("distances has 3 entries, wanted 64", () => ShortestPaths.BestMoves(map, [1, 2, 3]));

        Tensor P = eye(3, dtype: ScalarType.Float64).unsqueeze(0), R = zeros(1, 3, dtype: ScalarType.Float64);
        Refused<ArgumentException>("R has shape [1, 2], wanted [1, 3]", () => new MarkovDecisionProcess(P, R[.., ..2], 0.9));
        Refused<ArgumentException>("does not sum to 1", () => new MarkovDecisionProcess(0.5 * P, R, 0.9));
        Refused<ArgumentOutOfRangeException>("above 0 and at most 1", () => new MarkovDecisionProcess(P, R, 1.5));
        Refused<ArgumentException>("not finite", () => new MarkovDecisionProcess(P, R / 0, 0.9));
        Refused<ArgumentException>("V has shape [2], wanted [3]", () => ValueIteration.ActionValues(new(P, R, 0.9), zeros(2, dtype: ScalarType.Float64)));
        Refused<InvalidOperationException>("after 20 sweeps", () => ValueIteration.Solve(new(P, R - 1, 1), sweeps: 20));

        Tensor maps = zeros(2, 1, 5, 5), W = zeros([1L, 4, 2, 3, 3]);
        Refused<ArgumentException>("R has shape [2, 5, 5]", () => FusedValueIteration.Apply(maps.squeeze(1), W, 3));
        Refused<ArgumentException>("kernels for 3 sweeps, wanted 1, for all, or K + 1 = 6", () => FusedValueIteration.Apply(maps, W.expand(3, 4, 2, 3, 3), 5));
        Refused<ArgumentException>("wanted at least one, and Float64", () => FusedValueIteration.Apply(maps.to(ScalarType.Float64), W, 3));
        Refused<ArgumentException>("R is Float16", () => FusedValueIteration.Apply(maps.to(ScalarType.Float16), W.to(ScalarType.Float16), 3));
        using ValueIterationNetwork network = new(new() { Sweeps = 3, Hidden = 4, Tied = false }, new Generator(1));
        Refused<ArgumentException>("images has shape [2, 1, 5, 5]", () => network.Logits(maps));
        Refused<ArgumentException>("kernels for 4 sweeps", () => network.Logits(zeros(1, 2, 5, 5), sweeps: 7));
        using GridDemonstrations held = GridDemonstrations.Draw(2, GridMapOptions.Of(8), 1);
        Refused<ArgumentException>("right has shape [2, 8], wanted [3, 8]", () => ValueIterationTraining.Loss(zeros(3, 8), zeros(2, 8).to(ScalarType.Bool)));
        Refused<ArgumentException>("moves has 1 maps, wanted 2", () => PolicyScores.Of([new long[64]], held));
        InvalidOperationException wild = Assert.Throws<InvalidOperationException>(() => ValueIterationTraining.Run(
            ValueIterationTrainingOptions.Of(8) with { Maps = 20, Updates = 50, LearningRate = 1e30, ClipNorm = 1e30, Network = new() { Sweeps = 10, Hidden = 4 } }));
        Assert.Contains("take a smaller learning rate", wild.Message, StringComparison.Ordinal);
    }
}
