using Embodied.Evaluation;
using Embodied.Planning.Differentiable;
using static TorchSharp.torch;

namespace Embodied.Tests.Planning;

public class DifferentiablePlanningTests
{
    private static Tensor Randn(Generator g, params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: g);

    private static double Off(Tensor a, Tensor b)
    {
        Assert.Equal(b.shape, a.shape);
        return (a - b).abs().max().to(ScalarType.Float64).item<double>();
    }

    // A convex cost that is no quadratic, with two parameters: log cosh of a sum, and a bowl that leans.
    private static Tensor Bowl(Tensor z, IReadOnlyList<Tensor> theta) =>
        (z.mm(theta[0]).cosh().log().sum(1) + 0.5 * z.square().sum(1) - (z * theta[1]).sum(1));

    private static (Tensor W, Tensor b, Tensor Start) Parameters(ulong seed, int n = 3, int d = 4)
    {
        var g = new Generator(seed);
        return (0.6 * Randn(g, d, 5), Randn(g, n, d), Randn(g, n, d));
    }

    private static Tensor Optimum(Tensor W, Tensor b, Tensor start, int iterations = 120) =>
        UnrolledDescent.Minimise(z => Bowl(z, [W, b]), start, 0.25, iterations, remembered: 0);

    [Fact]
    public void Conjugate_gradients_solve_what_a_dense_solver_solves_in_as_many_steps_as_there_are_unknowns()
    {
        using var scope = NewDisposeScope();
        var g = new Generator(1);
        Tensor root = Randn(g, 6, 9, 9), H = root.bmm(root.mT) + 0.5 * eye(9, dtype: ScalarType.Float64), b = Randn(g, 6, 9);
        b[4] = 0;
        ConjugateGradientsResult result = ConjugateGradients.Solve(p => H.bmm(p.unsqueeze(2)).squeeze(2), b, tolerance: 1e-11);
        Assert.True(Off(result.x, linalg.solve(H, b.unsqueeze(2)).squeeze(2)) < 1e-8);
        Assert.InRange(result.Iterations, 7, 12);
        Assert.True(result.Residual.le(1e-11).all().item<bool>());
        // Three different eigenvalues need three steps.
        Tensor few = diag(tensor(new[] { 1.0, 1, 1, 4, 4, 9, 9, 9, 9 })).expand(6, 9, 9);
        Assert.Equal(3, ConjugateGradients.Solve(p => few.bmm(p.unsqueeze(2)).squeeze(2), b, tolerance: 1e-9).Iterations);
        H[2] = -H[2];
        Assert.StartsWith("H is not positive definite in row 2", Assert.Throws<InvalidOperationException>(() => ConjugateGradients.Solve(p => H.bmm(p.unsqueeze(2)).squeeze(2), b)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_gradient_through_an_unrolled_descent_is_that_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        (Tensor W, Tensor b, Tensor start) = Parameters(2);
        Tensor pull = Randn(new Generator(3), 3, 4);
        Assert.True(FiniteDifferences.Worst(at => (pull * UnrolledDescent.Minimise(z => Bowl(z, at), at[2], 0.2, 7)).sum(), W, b, start) < 1e-7);
    }

    [Fact]
    public void Implicit_gradients_are_those_of_descent_unrolled_until_it_has_converged_and_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        (Tensor W, Tensor b, Tensor start) = Parameters(4);
        Tensor pull = Randn(new Generator(5), 3, 4);
        Tensor[] theta = [W.requires_grad_(), b.requires_grad_()];
        IList<Tensor> unrolled = autograd.grad([(pull * UnrolledDescent.Minimise(z => Bowl(z, theta), start, 0.25, 120)).sum()], theta);
        Tensor optimum = Optimum(W, b, start);
        foreach (ImplicitOptions options in new[] { new ImplicitOptions(), new() { Solver = AdjointSolver.Neumann, Iterations = 150, Step = 0.25 } })
        {
            IList<Tensor> byOptimum = autograd.grad([(pull * ImplicitOptimum.Attach(Bowl, optimum, theta, options)).sum()], theta);
            IList<Tensor> byPoint = autograd.grad([(pull * ImplicitFixedPoint.Attach(Step, optimum, theta, options)).sum()], theta);
            for (int i = 0; i < 2; i++)
            {
                Assert.True(Off(byOptimum[i], unrolled[i]) < 1e-8);
                Assert.True(Off(byPoint[i], unrolled[i]) < 1e-8);
            }
        }
        Assert.True(FiniteDifferences.Worst(at => (pull * ImplicitOptimum.Attach(Bowl, Optimum(at[0], at[1], start), at)).sum(), W, b) < 1e-7);

        // One step of descent, by hand.
        static Tensor Step(Tensor z, IReadOnlyList<Tensor> theta) => z - 0.25 * (z.mm(theta[0]).tanh().mm(theta[0].t()) + z - theta[1]);
    }

    [Fact]
    public void A_fixed_point_whose_map_does_not_contract_has_a_gradient_still()
    {
        using var scope = NewDisposeScope();
        // z = Mz + θ with eigenvalues of M beyond 1: the series diverges, the normal equations do not care.
        var g = new Generator(6);
        Tensor M = 1.7 * Randn(g, 4, 4), theta = Randn(g, 2, 4).requires_grad_(), pull = Randn(g, 2, 4), I = eye(4, dtype: ScalarType.Float64);
        Tensor point = theta.mm(linalg.inv(I - M).t());
        Tensor Map(Tensor z, IReadOnlyList<Tensor> at) => z.mm(M.t()) + at[0];
        Tensor gradient = autograd.grad([(pull * ImplicitFixedPoint.Attach(Map, point, [theta])).sum()], [theta])[0];
        Assert.True(Off(gradient, pull.mm(linalg.inv(I - M))) < 1e-7);
        Tensor series = ImplicitFixedPoint.Gradient(Map, point, [theta], pull, new() { Solver = AdjointSolver.Neumann, Iterations = 60 })[0];
        Assert.True(Off(series, gradient) > 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(20)]
    public void Truncated_backpropagation_at_the_optimum_is_the_Neumann_series_cut_off_after_as_many_terms(int terms)
    {
        using var scope = NewDisposeScope();
        (Tensor W, Tensor b, Tensor start) = Parameters(7);
        Tensor pull = Randn(new Generator(8), 3, 4), optimum = Optimum(W, b, start, 300);
        Tensor[] theta = [W.requires_grad_(), b.requires_grad_()];
        IList<Tensor> truncated = autograd.grad([(pull * UnrolledDescent.Minimise(z => Bowl(z, theta), optimum, 0.1, terms + 3, remembered: terms)).sum()], theta);
        Tensor[] series = ImplicitOptimum.Gradient(Bowl, optimum, theta, pull, new() { Solver = AdjointSolver.Neumann, Iterations = terms, Step = 0.1 });
        Assert.True(Off(truncated[0], series[0]) < 1e-10);
        Assert.True(Off(truncated[1], series[1]) < 1e-10);
        // In its eigenvectors the series is (1 − (1 − αh)ᵏ)/h, so that a cut one is shorter than the whole.
        Tensor whole = ImplicitOptimum.Gradient(Bowl, optimum, theta, pull)[1];
        Assert.True(series[1].norm().item<double>() < whole.norm().item<double>());
    }

    [Fact]
    public void The_memory_of_an_unrolled_descent_grows_with_its_iterations_and_that_of_an_implicit_layer_does_not()
    {
        using var scope = NewDisposeScope();
        (Tensor W, Tensor b, Tensor start) = Parameters(9, 500, 40);
        Tensor[] theta = [W.requires_grad_(), b.requires_grad_()];
        long Unrolled(int k) => NativeMemory.Of(() => UnrolledDescent.Minimise(z => Bowl(z, theta), start, 0.02, k));
        long Implicit(int k) => NativeMemory.Of(() => ImplicitOptimum.Attach(Bowl, UnrolledDescent.Minimise(z => Bowl(z, theta), start, 0.02, k, 0), theta));
        Unrolled(2);
        Implicit(2);
        double few = Unrolled(10), more = Unrolled(20), most = Unrolled(40);
        Assert.InRange((most - more) / (more - few), 1.9, 2.1);
        Assert.InRange(Implicit(40) / (double)Implicit(10), 0.9, 1.1);
        Assert.True(most > 20 * Implicit(40), $"{most} and {Implicit(40)} bytes");
    }

    [Fact]
    public void A_graph_that_is_let_go_leaves_no_memory_behind()
    {
        using var scope = NewDisposeScope();
        (Tensor W, Tensor b, Tensor start) = Parameters(10, 200, 20);
        Tensor[] theta = [W.requires_grad_(), b.requires_grad_()];
        Tensor optimum = Optimum(W, b, start, 50);
        Leaks.Require(
            () =>
            {
                using var inner = NewDisposeScope();
                autograd.grad([ImplicitOptimum.Attach(Bowl, optimum, theta, new() { Iterations = 5 }).sum()], theta);
            },
            times: 50, bytes: 200 * 20 * sizeof(double));
    }

    [Fact]
    public void Without_an_optimum_the_gradient_is_not_a_number_and_the_direct_call_says_why()
    {
        using var scope = NewDisposeScope();
        static Tensor Saddle(Tensor z, IReadOnlyList<Tensor> theta) => z[.., 0].square() - z[.., 1].square() + (z * theta[0]).sum(1);
        Tensor theta = zeros(2, 2, dtype: ScalarType.Float64).requires_grad_(), at = zeros(2, 2, dtype: ScalarType.Float64), pull = ones_like(at);
        Assert.StartsWith("H is not positive definite in row 0", Assert.Throws<InvalidOperationException>(() => ImplicitOptimum.Gradient(Saddle, at, [theta], pull)).Message, StringComparison.Ordinal);
        Assert.True(autograd.grad([ImplicitOptimum.Attach(Saddle, at, [theta]).sum()], [theta])[0].isnan().all().item<bool>());
        Assert.StartsWith("optimum holds a value that is not finite at entry 1 of problem 0.", Assert.Throws<ArgumentException>(() => ImplicitOptimum.Attach(Saddle, tensor(new[,] { { 0, double.NaN } }), [theta])).Message, StringComparison.Ordinal);
        Assert.StartsWith("Descent is no longer finite", Assert.Throws<InvalidOperationException>(() => UnrolledDescent.Minimise(z => z.square().square().sum(1), 9 * ones(1, 2), 5, 40)).Message, StringComparison.Ordinal);
    }
}
