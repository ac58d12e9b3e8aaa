using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Tests.WorldModels;

public class BoxQpTests
{
    private static (Tensor H, Tensor g, Tensor Low, Tensor High) Problems(ulong seed, int n, int m)
    {
        var random = new Generator(seed);
        Tensor root = randn([n, m, m], dtype: ScalarType.Float64, generator: random);
        Tensor H = root.bmm(root.mT) + 0.05 * eye(m, dtype: ScalarType.Float64);
        Tensor g = 2 * randn([n, m], dtype: ScalarType.Float64, generator: random);
        Tensor low = -rand([n, m], dtype: ScalarType.Float64, generator: random), high = rand([n, m], dtype: ScalarType.Float64, generator: random);
        return (H, g, low, high);
    }

    // Every way of holding entries at a bound, the others solved exactly: the cheapest that stays within bounds.
    private static double[] BruteForce(Tensor H, Tensor g, Tensor low, Tensor high)
    {
        int m = (int)g.shape[0], ways = (int)Math.Pow(3, m);
        double best = double.PositiveInfinity;
        double[] found = [];
        for (int way = 0; way < ways; way++)
        {
            int[] state = [.. Enumerable.Range(0, m).Select(i => way / (int)Math.Pow(3, i) % 3)];
            long[] free = [.. Enumerable.Range(0, m).Where(i => state[i] == 0).Select(i => (long)i)];
            Tensor u = tensor(state.Select((s, i) => s == 0 ? 0 : (s == 1 ? low : high)[i].item<double>()).ToArray());
            if (free.Length > 0)
            {
                Tensor rows = H.index_select(0, tensor(free));
                Tensor right = -(g.index_select(0, tensor(free)) + rows.mv(u));
                u.index_copy_(0, tensor(free), linalg.solve(rows.index_select(1, tensor(free)), right));
            }
            double cost = (u.dot(H.mv(u)) / 2 + g.dot(u)).item<double>();
            if (u.ge(low - 1e-12).all().item<bool>() && u.le(high + 1e-12).all().item<bool>() && cost < best)
            {
                (best, found) = (cost, u.data<double>().ToArray());
            }
        }
        return found;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void The_minimum_is_that_of_all_sets_of_held_entries(int m)
    {
        using var scope = NewDisposeScope();
        var (H, g, low, high) = Problems((ulong)m, 40, m);
        BoxQpSolution solution = BoxQp.Solve(H, g, low, high);
        Assert.False(solution.Failed.any().item<bool>());
        for (int i = 0; i < 40; i++)
        {
            Tensor wanted = tensor(BruteForce(H[i], g[i], low[i], high[i]));
            Assert.True((solution.u[i] - wanted).abs().max().item<double>() < 1e-8, $"row {i}");
        }
        // The free entries have no slope, and the factor is that of their part of H.
        Tensor slope = (H.bmm(solution.u.unsqueeze(2)).squeeze(2) + g) * solution.Free.to(ScalarType.Float64);
        Assert.True(slope.abs().max().item<double>() < 1e-8);
        Assert.InRange(solution.Free.sum().item<long>(), 1, 40 * m - 1);
        Tensor mask = solution.Free.to(ScalarType.Float64);
        Tensor part = H * mask.unsqueeze(2) * mask.unsqueeze(1) + diag_embed(1 - mask);
        Assert.True((solution.Factor.bmm(solution.Factor.mT) - part).abs().max().item<double>() < 1e-10);
    }

    [Fact]
    public void Where_it_begins_does_not_matter_and_infinite_bounds_are_none()
    {
        using var scope = NewDisposeScope();
        var (H, g, low, high) = Problems(7, 30, 3);
        Tensor a = BoxQp.Solve(H, g, low, high).u, b = BoxQp.Solve(H, g, low, high, high).u;
        Assert.True((a - b).abs().max().item<double>() < 1e-8);
        Tensor none = full_like(g, double.PositiveInfinity);
        BoxQpSolution unbounded = BoxQp.Solve(H, g, -none, none);
        Assert.True((H.bmm(unbounded.u.unsqueeze(2)).squeeze(2) + g).abs().max().item<double>() < 1e-8);
        Assert.True(unbounded.Free.all().item<bool>());
        Tensor single = BoxQp.Solve(H.to(ScalarType.Float32), g.to(ScalarType.Float32), low.to(ScalarType.Float32), high.to(ScalarType.Float32)).u;
        Assert.True((single.to(ScalarType.Float64) - a).abs().max().item<double>() < 1e-3);
    }

    [Fact]
    public void A_row_without_minimum_is_told_and_leaves_the_others_alone()
    {
        using var scope = NewDisposeScope();
        var (H, g, low, high) = Problems(8, 3, 2);
        Tensor good = BoxQp.Solve(H, g, low, high).u;
        H[1] = -H[1];
        BoxQpSolution solution = BoxQp.Solve(H, g, low, high);
        Assert.Equal([false, true, false], solution.Failed.data<bool>().ToArray());
        Assert.True((solution.u[0] - good[0]).abs().max().item<double>() < 1e-10);
        Assert.True((solution.u[2] - good[2]).abs().max().item<double>() < 1e-10);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Tensor H = eye(2).expand(3, 2, 2), g = zeros(3, 2), low = zeros(3, 2), high = ones(3, 2);
        Assert.Throws<ArgumentException>(() => BoxQp.Solve(H, zeros(3, 3), low, high));
        Assert.Throws<ArgumentException>(() => BoxQp.Solve(H, g, low[..2], high));
        low = low.clone();
        low[2, 1] = 2;
        Assert.StartsWith("low is above high at entry 1 of row 2.", Assert.Throws<ArgumentException>(() => BoxQp.Solve(H, g, low, high)).Message, StringComparison.Ordinal);
    }
}
