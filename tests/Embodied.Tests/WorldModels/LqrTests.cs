using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Tests.WorldModels;

public class LqrTests
{
    private static Tensor Randn(Generator g, params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: g);

    // Everything there is: time-varying, with cross, linear and affine terms.
    private static LqrProblem Problem(ulong seed, int n = 3, int T = 12, int nx = 4, int nu = 2)
    {
        var g = new Generator(seed);
        Tensor root = Randn(g, n, T + 1, nx + nu, nx + nu) / 2;
        Tensor C = root.matmul(root.mT) + 0.3 * eye(nx + nu, dtype: ScalarType.Float64);
        return new(
            0.5 * Randn(g, n, T, nx, nx), Randn(g, n, T, nx, nu), C[.., .., ..nx, ..nx], C[.., ..T, nx.., nx..], C[.., ..T, nx.., ..nx],
            Randn(g, n, T + 1, nx), Randn(g, n, T, nu), Randn(g, n, T, nx));
    }

    private static double Off(Tensor a, Tensor b)
    {
        Assert.Equal(b.shape, a.shape);
        return (a - b).abs().max().to(ScalarType.Float64).item<double>();
    }

    [Theory]
    [InlineData(1, 3, 12, 4, 2)]
    [InlineData(2, 1, 1, 3, 1)]
    [InlineData(3, 2, 25, 2, 3)]
    public void The_recursion_finds_what_the_dense_KKT_system_finds(ulong seed, int n, int T, int nx, int nu)
    {
        using var scope = NewDisposeScope();
        LqrProblem problem = Problem(seed, n, T, nx, nu);
        Tensor start = Randn(new Generator(seed + 100), n, nx);
        LqrSolution solution = Lqr.Solve(problem);
        (Tensor x, Tensor u) = solution.Rollout(start);
        (Tensor X, Tensor U, Tensor costates) = Hamiltonian.BoundaryValue(problem, start);
        Assert.True(Off(x, X) < 1e-8);
        Assert.True(Off(u, U) < 1e-8);
        // The price of the state is the gradient of the cost to go.
        Tensor prices = (solution.V.matmul(x.unsqueeze(-1)) + solution.v.unsqueeze(-1)).squeeze(-1);
        Assert.True(Off(prices, costates) < 1e-8);
        Assert.True(Off(solution.Value(start), problem.Cost(x, u)) < 1e-8);
    }

    [Fact]
    public void The_cost_to_go_from_the_middle_is_what_is_paid_from_there()
    {
        using var scope = NewDisposeScope();
        LqrProblem whole = Problem(4);
        LqrSolution solution = Lqr.Solve(whole);
        var rest = new LqrProblem(
            whole.A[.., 5..], whole.B[.., 5..], whole.Q[.., 5..], whole.R[.., 5..], whole.S[.., 5..], whole.q[.., 5..], whole.r[.., 5..], whole.c[.., 5..]);
        Tensor start = Randn(new Generator(5), 3, 4);
        (Tensor x, Tensor u) = Lqr.Solve(rest).Rollout(start);
        Assert.True(Off(solution.Value(start, 5), rest.Cost(x, u)) < 1e-9);
    }

    [Fact]
    public void No_other_controls_cost_less()
    {
        using var scope = NewDisposeScope();
        LqrProblem problem = Problem(6);
        Tensor start = Randn(new Generator(7), 3, 4);
        LqrSolution solution = Lqr.Solve(problem);
        Tensor u = solution.Rollout(start).Controls;
        Tensor Cost(Tensor controls)
        {
            List<Tensor> states = [start];
            for (int t = 0; t < problem.Horizon; t++)
            {
                states.Add((problem.A[.., t].bmm(states[^1].unsqueeze(-1)) + problem.B[.., t].bmm(controls[.., t].unsqueeze(-1))).squeeze(-1) + problem.c[.., t]);
            }
            return problem.Cost(stack(states, 1), controls);
        }
        var g = new Generator(8);
        for (int i = 0; i < 20; i++)
        {
            Assert.True(Cost(u + 0.01 * randn(u.shape, dtype: ScalarType.Float64, generator: g)).gt(solution.Value(start)).all().item<bool>());
        }
        Tensor at = u.detach().clone().requires_grad_();
        Assert.True(autograd.grad([Cost(at).sum()], [at])[0].abs().max().item<double>() < 1e-9);
    }

    [Fact]
    public void A_second_problem_with_the_same_matrices_needs_no_second_factorisation()
    {
        using var scope = NewDisposeScope();
        LqrProblem first = Problem(9);
        LqrSolution solved = Lqr.Solve(first);
        var g = new Generator(10);
        Tensor q = Randn(g, 3, 13, 4), r = Randn(g, 3, 12, 2), c = Randn(g, 3, 12, 4), start = Randn(g, 3, 4);
        var second = new LqrProblem(first.A, first.B, first.Q, first.R, first.S, q, r, c);
        (Tensor x, Tensor u, Tensor costates) = Lqr.Again(solved, q, r, c, start);
        (Tensor X, Tensor U, Tensor prices) = Hamiltonian.BoundaryValue(second, start);
        Assert.True(Off(x, X) < 1e-8);
        Assert.True(Off(u, U) < 1e-8);
        Assert.True(Off(costates, prices) < 1e-8);
        Tensor factor = first.R + first.B.mT.matmul(solved.V[.., 1..]).matmul(first.B);
        Assert.True(Off(solved.Factor.matmul(solved.Factor.mT), factor) < 1e-10);
    }

    [Fact]
    public void Single_precision_gives_the_same_to_its_digits()
    {
        using var scope = NewDisposeScope();
        LqrProblem exact = Problem(11);
        Tensor F(Tensor x) => x.to(ScalarType.Float32);
        var single = new LqrProblem(F(exact.A), F(exact.B), F(exact.Q), F(exact.R), F(exact.S), F(exact.q), F(exact.r), F(exact.c));
        LqrSolution a = Lqr.Solve(exact), b = Lqr.Solve(single);
        Assert.Equal(ScalarType.Float32, b.K.dtype);
        Assert.True(Off(b.K.to(ScalarType.Float64), a.K) < 1e-4);
        Assert.True(Off(b.V.to(ScalarType.Float64), a.V) / a.V.abs().max().item<double>() < 1e-5);
    }

    // A, B, Q, R and S of a problem whose Riccati equations SciPy 1.10.1 solved: solve_discrete_are(A, B, Q, R, s=Sᵀ) and solve_continuous_are.
    private static (Tensor A, Tensor B, Tensor Q, Tensor R, Tensor S) Known() => (
        tensor(new[,] { { 1.0, 0.1, 0.0 }, { 0.2, 0.9, 0.1 }, { 0.0, -0.3, 1.1 } }).unsqueeze(0),
        tensor(new[,] { { 0.0, 0.1 }, { 0.1, 0.0 }, { 0.05, 0.2 } }).unsqueeze(0),
        tensor(new[,] { { 2.0, 0.3, 0.0 }, { 0.3, 1.0, -0.2 }, { 0.0, -0.2, 0.5 } }).unsqueeze(0),
        tensor(new[,] { { 0.5, 0.1 }, { 0.1, 0.4 } }).unsqueeze(0),
        tensor(new[,] { { 0.1, -0.05, 0.0 }, { 0.0, 0.1, 0.05 } }).unsqueeze(0));

    private static readonly double[,] discrete = { { 27.042862149472047, 17.72863652717146, -3.990088944302509 }, { 17.72863652717146, 16.80776436196998, -4.261691231489669 }, { -3.990088944302509, -4.261691231489669, 3.3195273170322332 } };

    private static readonly double[,] gain = { { -2.287824214056252, -2.067128821008952, 0.48867472705114834 }, { -2.5181381488613783, -0.9559489495967831, -0.8293307902814618 } };

    private static readonly double[,] continuous = { { 7931.836682748952, 2874.8213625205635, -3917.7122112899374 }, { 2874.8213625205635, 1121.2113374558182, -1416.4708702220844 }, { -3917.7122112899374, -1416.4708702220844, 1957.460808066742 } };

    [Fact]
    public void Doubling_recursion_and_symplectic_eigenvectors_agree_with_SciPy_on_the_discrete_equation()
    {
        using var scope = NewDisposeScope();
        var (A, B, Q, R, S) = Known();
        Tensor wanted = tensor(discrete).unsqueeze(0);
        StationaryPolicy doubled = InfiniteHorizonLqr.Solve(A, B, Q, R, S), iterated = InfiniteHorizonLqr.Iterate(A, B, Q, R, S);
        Assert.True(Off(doubled.V, wanted) < 1e-8);
        Assert.True(Off(iterated.V, wanted) < 1e-8);
        Assert.True(Off(Hamiltonian.Discrete(A, B, Q, R, S).V, wanted) < 1e-8);
        Assert.True(Off(doubled.K, tensor(gain).unsqueeze(0)) < 1e-8);
        Assert.True(InfiniteHorizonLqr.Residual(doubled.V, A, B, Q, R, S).abs().max().item<double>() < 1e-9);
        Assert.True(doubled.Changes.Count < 12 && iterated.Changes.Count > 40, $"{doubled.Changes.Count} doublings, {iterated.Changes.Count} steps");
        LqrSolution finite = Lqr.Solve(LqrProblem.TimeInvariant(A[0], B[0], Q[0], R[0], 300, S: S[0]));
        Assert.True(Off(finite.V[.., 0], wanted) < 1e-8);
    }

    [Fact]
    public void The_Hamiltonian_matrix_agrees_with_SciPy_on_the_continuous_equation()
    {
        using var scope = NewDisposeScope();
        var (A, B, Q, R, S) = Known();
        StableSubspace stable = Hamiltonian.Continuous(A, B, Q, R, S);
        Assert.True(Off(stable.V, tensor(continuous).unsqueeze(0)) < 1e-8 * stable.V.abs().max().item<double>());
        // Eigenvalues come in pairs λ, −λ.
        double[] real = [.. stable.Eigenvalues.real.sort(1).Values.flatten().data<double>()];
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(-real[i], real[5 - i], 1e-10));
    }

    [Fact]
    public void Random_batches_agree_between_doubling_and_symplectic_eigenvectors()
    {
        using var scope = NewDisposeScope();
        var g = new Generator(12);
        Tensor A = Randn(g, 8, 4, 4) * 0.6, B = Randn(g, 8, 4, 2), root = Randn(g, 8, 6, 6);
        Tensor C = root.bmm(root.mT) + 0.1 * eye(6, dtype: ScalarType.Float64);
        Tensor Q = C[.., ..4, ..4], S = C[.., 4.., ..4], R = C[.., 4.., 4..];
        StationaryPolicy policy = InfiniteHorizonLqr.Solve(A, B, Q, R, S);
        Assert.True(Off(Hamiltonian.Discrete(A, B, Q, R, S).V, policy.V) < 1e-7);
        double spectral = linalg.eigvals(A + B.bmm(policy.K)).abs().max().item<double>();
        Assert.True(spectral < 1, $"spectral radius {spectral}");
    }

    [Fact]
    public void What_cannot_be_solved_is_named_with_its_step_and_problem()
    {
        static string Message<T>(Action act) where T : Exception => Assert.Throws<T>(act).Message;
        LqrProblem ok = Problem(13);
        Tensor With(Tensor M, int problem, int step, double value)
        {
            Tensor copy = M.clone();
            copy[problem, step, 0, 0] = value;
            return copy;
        }
        Assert.StartsWith("A holds a value that is not finite at step 7 of problem 2.", Message<ArgumentException>(() => _ = new LqrProblem(With(ok.A, 2, 7, double.NaN), ok.B, ok.Q, ok.R)), StringComparison.Ordinal);
        Tensor crooked = ok.Q.clone();
        crooked[1, 12, 0, 3] += 0.1;
        Assert.StartsWith("Q is not symmetric at step 12 of problem 1.", Message<ArgumentException>(() => _ = new LqrProblem(ok.A, ok.B, crooked, ok.R)), StringComparison.Ordinal);
        Assert.StartsWith("B has shape [3, 12, 5, 2], wanted [3, 12, 4, any].", Message<ArgumentException>(() => _ = new LqrProblem(ok.A, zeros(3, 12, 5, 2, dtype: ScalarType.Float64), ok.Q, ok.R)), StringComparison.Ordinal);
        Assert.StartsWith("R is of type Float32 and A of type Float64", Message<ArgumentException>(() => _ = new LqrProblem(ok.A, ok.B, ok.Q, ok.R.to(ScalarType.Float32))), StringComparison.Ordinal);
        var concave = new LqrProblem(ok.A, ok.B, ok.Q, With(ok.R, 1, 4, -1000));
        Assert.Equal("R + BᵀVB is not positive definite at step 4 of problem 1: the cost of the controls has no minimum there.", Message<InvalidOperationException>(() => Lqr.Solve(concave)));
        // Nothing moves the second state, which grows.
        Tensor A = tensor(new[,] { { 0.5, 0.0 }, { 0.0, 1.2 } }).unsqueeze(0), B = tensor(new[,] { { 1.0 }, { 0.0 } }).unsqueeze(0);
        Tensor Q = eye(2, dtype: ScalarType.Float64).unsqueeze(0), R = eye(1, dtype: ScalarType.Float64).unsqueeze(0);
        Assert.StartsWith("The cost to go grows without bound", Message<InvalidOperationException>(() => InfiniteHorizonLqr.Solve(A, B, Q, R)), StringComparison.Ordinal);
        Assert.Equal("R is not positive definite at step 0 of problem 0.", Message<InvalidOperationException>(() => InfiniteHorizonLqr.Solve(A, B, Q, -R)));
        Assert.StartsWith("A − BR⁻¹S is singular at step 0 of problem 0", Message<InvalidOperationException>(() => Hamiltonian.Discrete(0 * A, B, Q, R)), StringComparison.Ordinal);
    }

    [Fact]
    public void Solving_leaves_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        LqrProblem problem = Problem(14);
        Lqr.Solve(problem);
        long before = Tensor.TotalCount;
        using (NewDisposeScope())
        {
            Lqr.Solve(problem).Rollout(zeros(3, 4, dtype: ScalarType.Float64));
        }
        Assert.Equal(before, Tensor.TotalCount);
    }
}
