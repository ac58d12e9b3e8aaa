using Embodied.Planning.Differentiable;
using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Tests.Planning;

public class DifferentiableMpcTests
{
    // A pendulum whose gravity over length and inertia are tensors.
    private static IDiscreteDynamics Swing(Tensor theta) => new FunctionDynamics(2, 1, (x, u, _) =>
    {
        Tensor angle = x.narrow(1, 0, 1), speed = x.narrow(1, 1, 1);
        return cat([speed, theta[0] * angle.sin() + u / theta[1]], 1);
    }).Discretise(0.1);

    private static FunctionCost Wish(Tensor weights) => new(
        (x, u, _) => 1 - x[.., 0].cos() + weights[0] * x[.., 1].square() + weights[1] * u[.., 0].square(),
        x => 20 * (1 - x[.., 0].cos()) + 2 * x[.., 1].square());

    private static readonly MpcOptions options = new() { Planner = new() { Low = -3, High = 3, Tolerance = 1e-10 }, Polish = 6 };

    private static (Tensor Theta, Tensor Weights, Tensor Start, Tensor Guess) Problem() => (
        tensor(new[] { 8.0, 0.9 }), tensor(new[] { 0.05, 0.02 }), tensor(new[,] { { 0.25, 0.1 }, { -0.6, 0.3 } }), zeros(2, 12, 1, dtype: ScalarType.Float64));

    [Fact]
    public void Gradients_of_a_plan_are_those_of_finite_differences_with_some_controls_on_their_bounds()
    {
        using var scope = NewDisposeScope();
        (Tensor theta, Tensor weights, Tensor start, Tensor guess) = Problem();
        MpcPlan plan = DifferentiableMpc.Solve(Swing(theta), Wish(weights), start, guess, [theta, weights], options);
        Assert.True(plan.Done.all().item<bool>());
        Assert.InRange(plan.Held.sum().item<long>(), 1, 20);
        Tensor pull = randn([2, 12, 1], dtype: ScalarType.Float64, generator: new Generator(1));
        Tensor Loss(Tensor[] at, MpcOptions how)
        {
            MpcPlan now = DifferentiableMpc.Solve(Swing(at[0]), Wish(at[1]), at[2], guess, [at[0], at[1]], how);
            return now.States.square().sum() + (pull * now.Controls).sum();
        }
        double exact = FiniteDifferences.Worst(at => Loss(at, options), theta, weights, start);
        Assert.True(exact < 1e-5, $"{exact}");
        // Without the curvature of the dynamics it is an approximation.
        double rough = FiniteDifferences.Worst(at => Loss([at[0], weights, start], options with { SecondOrder = false }), theta);
        Assert.True(rough > 1e-3, $"{rough}");
    }

    [Fact]
    public void For_linear_dynamics_and_quadratic_costs_it_is_the_differentiable_LQR()
    {
        using var scope = NewDisposeScope();
        var g = new Generator(2);
        Tensor A = (0.5 * randn([3, 3], dtype: ScalarType.Float64, generator: g)).requires_grad_(), B = randn([3, 2], dtype: ScalarType.Float64, generator: g).requires_grad_();
        Tensor w = (rand(5, dtype: ScalarType.Float64, generator: g) + 0.2).requires_grad_(), start = randn([4, 3], dtype: ScalarType.Float64, generator: g).requires_grad_();
        Tensor[] all = [A, B, w, start];
        var steps = new FunctionSteps(3, 2, 1, (x, u, _) => x.mm(A.t()) + u.mm(B.t()));
        MpcPlan plan = DifferentiableMpc.Solve(steps, new QuadraticCost(diag(w[..3]), diag(w[3..])), start, zeros(4, 7, 2, dtype: ScalarType.Float64), [A, B, w]);
        (Tensor x, Tensor u) = new LinearExpert(A, B, w).Act(start, 7);
        Assert.True((plan.Controls - u).abs().max().item<double>() < 1e-8);
        IList<Tensor> a = autograd.grad([plan.States.sin().sum() + plan.Controls.sum()], all), b = autograd.grad([x.sin().sum() + u.sum()], all);
        for (int i = 0; i < 4; i++)
        {
            Assert.True((a[i] - b[i]).abs().max().item<double>() < 1e-7 * (1 + b[i].abs().max().item<double>()), $"input {i}");
        }
    }

    [Fact]
    public void A_control_on_its_bound_sends_no_gradient()
    {
        using var scope = NewDisposeScope();
        (Tensor theta, Tensor weights, Tensor start, Tensor guess) = Problem();
        theta.requires_grad_();
        MpcPlan plan = DifferentiableMpc.Solve(Swing(theta), Wish(weights), start, guess, [theta], options);
        Tensor held = plan.Held.to(ScalarType.Float64);
        Assert.True((plan.Controls.abs() * held).sum().item<double>() > 2.99 * held.sum().item<double>() - 1e-9);
        Assert.Equal(0, autograd.grad([(plan.Controls * held).sum()], [theta], retain_graph: true)[0].abs().max().item<double>());
        Assert.True(autograd.grad([(plan.Controls * (1 - held)).sum()], [theta])[0].abs().max().item<double>() > 1e-3);
    }

    [Fact]
    public void A_plan_that_has_not_come_to_an_end_sends_no_gradient_and_the_others_do()
    {
        using var scope = NewDisposeScope();
        (Tensor theta, Tensor weights, Tensor start, _) = Problem();
        theta.requires_grad_();
        Tensor known = DifferentiableMpc.Solve(Swing(theta), Wish(weights), start, zeros(2, 12, 1, dtype: ScalarType.Float64), [theta], options).Controls.detach();
        Tensor guess = cat([known[..1], full([1, 12, 1], 2.0, dtype: ScalarType.Float64)]);
        MpcPlan plan = DifferentiableMpc.Solve(Swing(theta), Wish(weights), start, guess, [theta], options with { Planner = options.Planner with { Iterations = 2, Regularisation = 1e-6 } });
        Assert.Equal([true, false], plan.Done.data<bool>().ToArray());
        Assert.Equal(0, autograd.grad([plan.States[1].sum()], [theta], retain_graph: true)[0].abs().max().item<double>());
        Assert.True(autograd.grad([plan.States[0].sum()], [theta])[0].abs().max().item<double>() > 1e-3);
    }

    [Fact]
    public void A_pendulums_parameters_are_found_from_the_controls_of_one_who_knows_them()
    {
        using var scope = NewDisposeScope();
        (Tensor truth, Tensor weights, _, _) = Problem();
        Tensor start = (2 * rand(4, 2, dtype: ScalarType.Float64, generator: new Generator(3)) - 1) * tensor(new[] { 0.3, 0.3 });
        Tensor guess = zeros(4, 12, 1, dtype: ScalarType.Float64);
        Tensor expert = DifferentiableMpc.Solve(Swing(truth), Wish(weights), start, guess, [], options).Controls.flatten();
        // Gauss–Newton, for the valley is narrow: the torque that holds depends on the product of both.
        Tensor logs = tensor(new[] { 5.0, 1.4 }).log();
        for (int i = 0; i < 6; i++)
        {
            Tensor at = logs.detach().requires_grad_(), theta = at.exp();
            Tensor each = DifferentiableMpc.Solve(Swing(theta), Wish(weights), start, guess, [theta], options).Controls.flatten();
            Tensor J = stack([.. Enumerable.Range(0, (int)each.shape[0]).Select(k => autograd.grad([each[k]], [at], retain_graph: true)[0])]);
            Tensor step = -linalg.solve(J.t().mm(J), J.t().mv(each.detach() - expert));
            logs += step * Math.Min(1, 0.4 / step.norm().item<double>());
        }
        double off = (logs.exp() / truth - 1).abs().max().item<double>();
        Assert.True(off < 1e-6, $"{off}");
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        (Tensor theta, Tensor weights, Tensor start, Tensor guess) = Problem();
        Tensor unknown = start.clone();
        unknown[1, 0] = double.NaN;
        Assert.StartsWith("start holds a value that is not finite at entry 0 of problem 1.", Assert.Throws<ArgumentException>(() => DifferentiableMpc.Solve(Swing(theta), Wish(weights), unknown, guess, [theta])).Message, StringComparison.Ordinal);
        Assert.StartsWith("controls has shape [2, 12, 2]", Assert.Throws<ArgumentException>(() => DifferentiableMpc.Solve(Swing(theta), Wish(weights), start, zeros(2, 12, 2, dtype: ScalarType.Float64), [theta])).Message, StringComparison.Ordinal);
        // Nothing prices the control and nothing answers to it: no plan is an optimum of its own, and none claims to be.
        var free = new FunctionCost((x, u, _) => x.square().sum(1), x => x.square().sum(1));
        var idle = new FunctionSteps(2, 1, 0.1, (x, u, _) => x + 0 * u);
        MpcPlan lost = DifferentiableMpc.Solve(idle, free, start, guess, [theta], new() { Planner = new() { Regularisation = 0, MostRegularisation = 1e3 } });
        Assert.False(lost.Done.any().item<bool>());
    }
}
