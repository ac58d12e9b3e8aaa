using Embodied.WorldModels;
using Embodied.Worlds;
using static TorchSharp.torch;

namespace Embodied.Tests.WorldModels;

public class IlqrTests
{
    private static Tensor Randn(Generator g, params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: g);

    // x' = A x + B u + c with a cost that pulls elsewhere, with a cross term.
    private static (IDiscreteDynamics F, IMotionCost Cost, LqrProblem Problem) LinearQuadratic(int n, int T)
    {
        var g = new Generator(1);
        Tensor A = 0.5 * Randn(g, 4, 4), B = Randn(g, 4, 2), c = Randn(g, 4), root = Randn(g, 6, 6), target = Randn(g, 4);
        Tensor C = root.mm(root.t()) + 0.1 * eye(6, dtype: ScalarType.Float64), Q = C[..4, ..4], R = C[4.., 4..], S = C[4.., ..4];
        var F = new FunctionSteps(4, 2, 0.1, (x, u, _) => x.mm(A.t()) + u.mm(B.t()) + c);
        LqrProblem plain = LqrProblem.TimeInvariant(A.expand(n, 4, 4), B.expand(n, 4, 2), Q.expand(n, 4, 4), R.expand(n, 2, 2), T, 2 * Q.expand(n, 4, 4), S.expand(n, 2, 4));
        Tensor q = -plain.Q.matmul(target), r = -S.mv(target).expand(n, T, 2);
        return (F, new QuadraticCost(Q, R, 2 * Q, S, target), new LqrProblem(plain.A, plain.B, plain.Q, plain.R, plain.S, q, r, c.expand(n, T, 4)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void On_a_linear_quadratic_problem_the_first_iteration_is_LQR(bool secondOrder)
    {
        using var scope = NewDisposeScope();
        var (F, cost, problem) = LinearQuadratic(3, 15);
        var g = new Generator(2);
        Tensor start = Randn(g, 3, 4);
        IlqrResult once = Ilqr.Solve(F, cost, start, Randn(g, 3, 15, 2), new IlqrOptions { Iterations = 1, Regularisation = 0, SecondOrder = secondOrder });
        LqrSolution solution = Lqr.Solve(problem);
        (Tensor x, Tensor u) = solution.Rollout(start);
        Assert.True((once.Controls - u).abs().max().item<double>() < 1e-8);
        Assert.True((once.States - x).abs().max().item<double>() < 1e-8);
        Assert.True((once.K - solution.K).abs().max().item<double>() < 1e-8);
        IlqrResult all = Ilqr.Solve(F, cost, start, zeros_like(u), new IlqrOptions { Regularisation = 0 });
        Assert.True(all.Done.all().item<bool>());
        Assert.InRange(all.Iterations, 1, 2);
    }

    [Fact]
    public void Expansions_of_a_cost_agree_with_finite_differences()
    {
        using var scope = NewDisposeScope();
        var g = new Generator(3);
        Tensor x = Randn(g, 2, 4, 4), u = Randn(g, 2, 3, 1);
        CostExpansion near = CartPole.SwingUp.Expand(x, u, 0.1);
        Tensor Total(Tensor states, Tensor controls) => CartPole.SwingUp.Total(states, controls, 0.1);
        Assert.True((near.Cost - Total(x, u)).abs().max().item<double>() < 1e-12);
        const double h = 1e-5;
        for (int j = 0; j < 5; j++)
        {
            Tensor dx = zeros_like(x), du = zeros_like(u);
            (j < 4 ? dx : du)[.., 1, j < 4 ? j : 0] = h;
            Tensor slope = (Total(x + dx, u + du) - Total(x - dx, u - du)) / (2 * h);
            Assert.True((near.l[.., 1, j] - slope).abs().max().item<double>() < 1e-7);
            CostExpansion above = CartPole.SwingUp.Expand(x + dx, u + du, 0.1), below = CartPole.SwingUp.Expand(x - dx, u - du, 0.1);
            Assert.True((near.C[.., 1, .., j] - (above.l - below.l)[.., 1] / (2 * h)).abs().max().item<double>() < 1e-7);
        }
        Tensor last = x[.., -1].detach().clone().requires_grad_();
        using (enable_grad())
        {
            Assert.True((autograd.grad([CartPole.SwingUp.Final(last).sum()], [last])[0] - near.FinalGradient).abs().max().item<double>() < 1e-10);
        }
    }

    [Fact]
    public void The_end_is_where_no_control_has_a_slope()
    {
        using var scope = NewDisposeScope();
        IDiscreteDynamics F = new Pendulum().Discretise(0.1);
        Tensor start = tensor(new[,] { { 0.6, 0 }, { -0.3, 0.5 } });
        foreach (bool secondOrder in (bool[])[false, true])
        {
            IlqrResult result = Ilqr.Solve(F, Pendulum.SwingUp, start, zeros(2, 20, 1, dtype: ScalarType.Float64), new IlqrOptions { Tolerance = 1e-13, SecondOrder = secondOrder });
            using var _ = enable_grad();
            Tensor u = result.Controls.detach().clone().requires_grad_();
            Tensor J = Pendulum.SwingUp.Total(F.Rollout(start, u), u, 0.1);
            Assert.True((J - result.Cost).abs().max().item<double>() < 1e-10);
            Assert.True(autograd.grad([J.sum()], [u])[0].abs().max().item<double>() < 1e-4, $"second order: {secondOrder}");
        }
    }

    [Fact]
    public void With_bounds_the_slope_points_outwards_where_a_control_is_held()
    {
        using var scope = NewDisposeScope();
        IDiscreteDynamics F = new Pendulum().Discretise(0.1);
        Tensor start = tensor(new[,] { { 0.6, 0 }, { -0.3, 0.5 } });
        IlqrResult result = Ilqr.Solve(F, Pendulum.SwingUp, start, Guess(F, start, 20, 6.5), new IlqrOptions { Tolerance = 1e-13, Low = -6.5, High = 6.5 });
        using var _ = enable_grad();
        Tensor u = result.Controls.detach().clone().requires_grad_();
        Tensor slope = autograd.grad([Pendulum.SwingUp.Total(F.Rollout(start, u), u, 0.1).sum()], [u])[0];
        Tensor low = u.le(-6.5), high = u.ge(6.5), free = low.logical_or(high).logical_not();
        Assert.InRange(free.sum().item<long>(), 1, 39);
        Assert.True(u.abs().max().item<double>() <= 6.5);
        Assert.True(where(free, slope, zeros_like(slope)).abs().max().item<double>() < 1e-4);
        Assert.True(slope[low].ge(-1e-6).all().item<bool>() && slope[high].le(1e-6).all().item<bool>());
    }

    [Fact]
    public void The_cost_never_rises_and_every_motion_is_improved_by_itself()
    {
        using var scope = NewDisposeScope();
        IDiscreteDynamics F = new CartPole().Discretise(0.1);
        var g = new Generator(4);
        Tensor start = Randn(g, 4, 4), guess = Randn(g, 4, 15, 1);
        var options = new IlqrOptions { Iterations = 12, Low = -8, High = 8 };
        IlqrResult together = Ilqr.Solve(F, CartPole.SwingUp, start, guess, options);
        for (int i = 1; i < together.History.Count; i++)
        {
            Assert.True(together.History[i].le(together.History[i - 1]).all().item<bool>());
        }
        IlqrResult alone = Ilqr.Solve(F, CartPole.SwingUp, start[2..3], guess[2..3], options);
        Assert.True((alone.Controls - together.Controls[2..3]).abs().max().item<double>() < 1e-6);
    }

    [Fact]
    public void Without_regularisation_a_hanging_pendulum_has_no_sweep_that_is_positive()
    {
        using var scope = NewDisposeScope();
        IDiscreteDynamics F = new Pendulum().Discretise(0.1);
        Tensor start = tensor(new[,] { { Math.PI - 0.1, 0 } }), guess = zeros(1, 30, 1, dtype: ScalarType.Float64);
        IlqrOptions with = new() { Iterations = 100, Low = -3, High = 3, Tolerance = 1e-5 };
        IlqrResult held = Ilqr.Solve(F, Pendulum.SwingUp, start, guess, with with { MostRegularisation = 0, Regularisation = 0 });
        IlqrResult free = Ilqr.Solve(F, Pendulum.SwingUp, start, guess, with);
        Assert.False(held.Done.item<bool>());
        Assert.True(free.Cost.item<double>() < 0.8 * held.Cost.item<double>(), $"{free.Cost.item<double>()} and {held.Cost.item<double>()}");
    }

    // What the clamped regulator of the linearised system would do, which loses most starts.
    private static Tensor Guess(IDiscreteDynamics F, Tensor start, int steps, double limit)
    {
        int nx = F.StateSize;
        Linearised upright = F.Linearise(zeros(1, nx, dtype: ScalarType.Float64), zeros(1, 1, dtype: ScalarType.Float64));
        Tensor Q = eye(nx, dtype: ScalarType.Float64).unsqueeze(0), R = 0.1 * eye(1, dtype: ScalarType.Float64).unsqueeze(0);
        Tensor K = InfiniteHorizonLqr.Solve(upright.A, upright.B, Q, R).K[0];
        return F.Follow(start, steps, (x, _) => x.mm(K.t()).clamp(-limit, limit)).Controls;
    }

    [Fact]
    public void A_pendulum_whose_motor_is_weaker_than_gravity_swings_up_from_twenty_of_twenty_random_starts()
    {
        using var scope = NewDisposeScope();
        IDiscreteDynamics F = new Pendulum().Discretise(0.1);
        Tensor start = (2 * rand(20, 2, dtype: ScalarType.Float64, generator: new Generator(11)) - 1) * tensor(new[] { Math.PI, 2.0 });
        Tensor guess = Guess(F, start, 70, 3);
        Assert.InRange(Pendulum.Stands(F.Rollout(start, guess)[.., -1]).sum().item<long>(), 0, 10);
        IlqrResult result = Ilqr.Solve(F, Pendulum.SwingUp, start, guess, new IlqrOptions { Low = -3, High = 3, Tolerance = 1e-4, Iterations = 120 });
        Assert.True(result.Controls.abs().max().item<double>() <= 3);
        Assert.Equal(20, Pendulum.Stands(result.States[.., -1]).sum().item<long>());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_cart_pole_swings_up_from_twenty_of_twenty_random_starts(int seed)
    {
        using var scope = NewDisposeScope();
        IDiscreteDynamics F = new CartPole().Discretise(0.1);
        var g = new Generator((ulong)seed);
        Tensor start = (2 * rand(20, 4, dtype: ScalarType.Float64, generator: g) - 1) * tensor(new[] { 1, Math.PI, 1.0, 1.0 });
        Tensor guesses = 0.1 * Randn(g, 20, 2, 60, 1);
        IlqrResult result = Ilqr.SolveBest(F, CartPole.SwingUp, start, guesses, new IlqrOptions { Low = -10, High = 10, Tolerance = 1e-4, Iterations = 150 });
        Assert.True(result.Controls.abs().max().item<double>() <= 10);
        Assert.Equal(20, CartPole.Stands(result.States[.., -1]).sum().item<long>());
    }

    [Fact]
    public void Of_several_guesses_the_cheapest_motion_is_kept_for_each_start()
    {
        using var scope = NewDisposeScope();
        IDiscreteDynamics F = new CartPole().Discretise(0.1);
        var g = new Generator(5);
        Tensor start = Randn(g, 6, 4), guesses = 4 * Randn(g, 6, 2, 20, 1);
        var options = new IlqrOptions { Iterations = 8, Low = -8, High = 8 };
        IlqrResult best = Ilqr.SolveBest(F, CartPole.SwingUp, start, guesses, options);
        IlqrResult[] each = [.. Enumerable.Range(0, 2).Select(k => Ilqr.Solve(F, CartPole.SwingUp, start, guesses[.., k], options))];
        Tensor cheaper = each[1].Cost.lt(each[0].Cost);
        Assert.InRange(cheaper.sum().item<long>(), 1, 5);
        Assert.True((best.Cost - minimum(each[0].Cost, each[1].Cost)).abs().max().item<double>() < 1e-6);
        Assert.True((best.Controls - where(cheaper.reshape(6, 1, 1), each[1].Controls, each[0].Controls)).abs().max().item<double>() < 1e-4);
        Assert.Throws<ArgumentException>(() => Ilqr.SolveBest(F, CartPole.SwingUp, start, guesses[..2], options));
    }

    [Fact]
    public void Planning_again_corrects_what_the_model_does_not_know()
    {
        // The true pendulum is heavier and is pushed; the plan alone falls.
        using var scope = NewDisposeScope();
        IDiscreteDynamics model = new Pendulum().Discretise(0.1), plant = new Pendulum { Mass = 1.2 }.Discretise(0.1);
        Tensor start = tensor(new[,] { { 0.5, 0 } }), kicks = zeros(1, 30, 2, dtype: ScalarType.Float64);
        kicks[0, 10, 1] = 0.3;
        var options = new IlqrOptions { Low = -9, High = 9, Tolerance = 1e-6, Iterations = 5 };
        IlqrResult plan = Ilqr.Solve(model, Pendulum.SwingUp, start, Guess(model, start, 30, 9), options with { Iterations = 60 });
        Tensor open = plant.Follow(start, 30, (_, k) => plan.Controls[.., k], kicks).States;
        using var planner = new RecedingHorizon(model, Pendulum.SwingUp, plan.Controls[.., ..20], options);
        Tensor closed = plant.Follow(start, 30, (x, k) => planner.Control(x, 0.1 * k), kicks).States;
        Assert.True(Pendulum.Stands(closed[.., -1]).item<bool>());
        Assert.False(Pendulum.Stands(open[.., -1]).item<bool>());
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        IDiscreteDynamics F = new Pendulum().Discretise(0.1);
        Assert.Throws<ArgumentException>(() => Ilqr.Solve(F, Pendulum.SwingUp, zeros(2, 3), zeros(2, 5, 1)));
        Assert.Throws<ArgumentException>(() => Ilqr.Solve(F, Pendulum.SwingUp, zeros(2, 2), zeros(2, 5, 2)));
        Assert.StartsWith("The cost of the first motion is not finite", Assert.Throws<ArgumentException>(() => Ilqr.Solve(F, Pendulum.SwingUp, full(1, 2, double.NaN), zeros(1, 5, 1))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new FunctionCost((x, _, _) => x, x => x[.., 0]).Stage(zeros(2, 2), zeros(2, 1), zeros(2)));
        Assert.Throws<ArgumentException>(() => new QuadraticCost(eye(2), eye(1), eye(3)));
    }
}
