using Embodied.Planning.Differentiable;
using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Tests.Planning;

public class DifferentiableLqrTests
{
    private static Tensor Randn(Generator g, params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: g);

    // A, B, Q, R, S, q, r, c and a start.
    private static Tensor[] Matrices(ulong seed, int n, int T, int nx, int nu)
    {
        var g = new Generator(seed);
        Tensor root = Randn(g, n, T + 1, nx + nu, nx + nu) / 2;
        Tensor C = root.matmul(root.mT) + 0.3 * eye(nx + nu, dtype: ScalarType.Float64);
        return
        [
            0.5 * Randn(g, n, T, nx, nx), Randn(g, n, T, nx, nu), C[.., .., ..nx, ..nx].clone(), C[.., ..T, nx.., nx..].clone(), C[.., ..T, nx.., ..nx].clone(),
            Randn(g, n, T + 1, nx), Randn(g, n, T, nu), Randn(g, n, T, nx), Randn(g, n, nx),
        ];
    }

    private static LqrProblem Problem(Tensor[] m) => new(m[0], m[1], (m[2] + m[2].mT) / 2, (m[3] + m[3].mT) / 2, m[4], m[5], m[6], m[7]);

    private static double Off(Tensor a, Tensor b)
    {
        Assert.Equal(b.shape, a.shape);
        return (a - b).abs().max().to(ScalarType.Float64).item<double>();
    }

    [Theory]
    [InlineData(1, 2, 6, 3, 2)]
    [InlineData(2, 1, 1, 2, 3)]
    [InlineData(3, 1, 2, 9, 1)]
    public void Every_gradient_is_that_of_finite_differences(ulong seed, int n, int T, int nx, int nu)
    {
        using var scope = NewDisposeScope();
        Tensor[] matrices = Matrices(seed, n, T, nx, nu);
        var g = new Generator(seed + 50);
        Tensor ofX = Randn(g, n, T + 1, nx), ofU = Randn(g, n, T, nu);
        double worst = FiniteDifferences.Worst(
            m =>
            {
                (Tensor x, Tensor u) = DifferentiableLqr.Solve(Problem(m), m[8]);
                return (ofX * x + 0.1 * x.square()).sum() + (ofU * u.sin()).sum();
            }, matrices);
        Assert.True(worst < 1e-6, $"{worst}");
    }

    [Theory]
    [InlineData(4, 5, 30, 4, 2)]
    [InlineData(5, 3, 7, 12, 4)]
    [InlineData(6, 2, 9, 2, 5)]
    [InlineData(7, 1, 3, 17, 9)]
    public void The_kernel_computes_what_the_operations_on_tensors_compute(ulong seed, int n, int T, int nx, int nu)
    {
        using var scope = NewDisposeScope();
        Tensor[] m = Matrices(seed, n, T, nx, nu);
        LqrProblem problem = Problem(m);
        foreach (int threads in new[] { 1, 3 })
        {
            int before = get_num_threads();
            set_num_threads(threads);
            LqrMotion motion;
            (Tensor States, Tensor Controls, Tensor Costates) second;
            Tensor q = m[5].flip(0), r = m[6].flip(0);
            try
            {
                motion = LqrKernel.Solve(problem, m[8]);
                second = LqrKernel.Again(problem.A, problem.B, motion.V, motion.K, motion.Factor, q, r);
            }
            finally
            {
                set_num_threads(before);
            }
            LqrSolution solution = Lqr.Solve(problem);
            (Tensor x, Tensor u) = solution.Rollout(m[8]);
            double scale = 1e-11 * solution.V.abs().max().item<double>();
            Assert.True(Off(motion.V, solution.V) < scale && Off(motion.K, solution.K) < scale && Off(motion.Factor, solution.Factor) < scale);
            Assert.True(Off(motion.States, x) < scale * (1 + x.abs().max().item<double>()) && Off(motion.Controls, u) < scale * (1 + u.abs().max().item<double>()));
            var again = Lqr.Again(solution, q, r, zeros_like(m[7]), zeros_like(m[8]));
            double size = 1e-10 * (1 + again.Costates.abs().max().item<double>()) * (1 + scale * 1e11);
            Assert.True(Off(second.States, again.States) < size && Off(second.Controls, again.Controls) < size && Off(second.Costates, again.Costates) < size);
        }
    }

    [Fact]
    public void The_backward_pass_is_that_of_a_dense_KKT_system_differentiated_by_autograd()
    {
        using var scope = NewDisposeScope();
        const int T = 5, nx = 3, nu = 2;
        Tensor[] m = [.. Matrices(8, 1, T, nx, nu).Select(each => each.requires_grad_())];
        (Tensor x, Tensor u) = DifferentiableLqr.Solve(Problem(m), m[8]);
        // min ½zᵀHz + hᵀz subject to the motion, as one problem for EqualityQp with z = (x₀ … x_T, u₀ … u_{T−1}), built from the same tensors.
        LqrProblem p = Problem(m);
        int d = (T + 1) * nx + T * nu;
        Tensor H = zeros(d, d, dtype: ScalarType.Float64), G = zeros((T + 1) * nx, d, dtype: ScalarType.Float64);
        Tensor Placed(Tensor block, int row, int column, int rows, int columns) =>
            nn.functional.pad(block, [column, columns - column - block.shape[1], row, rows - row - block.shape[0]]);
        List<Tensor> right = [m[8][0]];
        Tensor I = eye(nx, dtype: ScalarType.Float64);
        for (int t = 0; t <= T; t++)
        {
            H = H + Placed(p.Q[0, t], t * nx, t * nx, d, d);
            G = G + Placed(I, t * nx, t * nx, (T + 1) * nx, d);
            if (t < T)
            {
                int at = (T + 1) * nx + t * nu;
                H = H + Placed(p.R[0, t], at, at, d, d) + Placed(p.S[0, t], at, t * nx, d, d) + Placed(p.S[0, t].t(), t * nx, at, d, d);
                G = G - Placed(p.A[0, t], (t + 1) * nx, t * nx, (T + 1) * nx, d) - Placed(p.B[0, t], (t + 1) * nx, at, (T + 1) * nx, d);
                right.Add(p.c[0, t]);
            }
        }
        Tensor linear = cat([p.q[0].flatten(), p.r[0].flatten()]);
        (Tensor z, _) = EqualityQp.Solve(H.unsqueeze(0), linear.unsqueeze(0), G.unsqueeze(0), cat([.. right]).unsqueeze(0));
        Tensor ours = cat([x.flatten(), u.flatten()]);
        Assert.True(Off(ours, z[0]) < 1e-9);
        Tensor pull = Randn(new Generator(9), d);
        IList<Tensor> a = autograd.grad([(pull * ours).sum()], m), b = autograd.grad([(pull * z[0]).sum()], m);
        for (int i = 0; i < m.Length; i++)
        {
            Assert.True(Off(a[i], b[i]) < 1e-8 * (1 + b[i].abs().max().item<double>()), $"input {i}");
        }
    }

    [Fact]
    public void Matrices_that_are_the_same_at_every_step_get_the_sum_of_the_steps_gradients()
    {
        using var scope = NewDisposeScope();
        var g = new Generator(10);
        Tensor A = 0.5 * Randn(g, 3, 3), B = Randn(g, 3, 2), start = Randn(g, 4, 3), weights = rand(5, dtype: ScalarType.Float64, generator: g) + 0.1;
        double worst = FiniteDifferences.Worst(
            at =>
            {
                (Tensor x, Tensor u) = new LinearExpert(at[0], at[1], at[2]).Act(at[3], 6);
                return x.sin().sum() + u.cos().sum();
            }, A, B, weights, start);
        Assert.True(worst < 1e-6, $"{worst}");
    }

    [Fact]
    public void Single_precision_gives_the_same_to_its_digits()
    {
        using var scope = NewDisposeScope();
        Tensor[] exact = [.. Matrices(11, 3, 8, 4, 2).Select(each => each.requires_grad_())];
        Tensor[] single = [.. exact.Select(each => each.detach().to(ScalarType.Float32).requires_grad_())];
        IList<Tensor> Gradients(Tensor[] m)
        {
            (Tensor x, Tensor u) = DifferentiableLqr.Solve(Problem(m), m[8]);
            return autograd.grad([x.square().sum() + u.square().sum()], m);
        }
        IList<Tensor> a = Gradients(exact), b = Gradients(single);
        for (int i = 0; i < a.Count; i++)
        {
            Assert.Equal(ScalarType.Float32, b[i].dtype);
            Assert.True(Off(b[i].to(ScalarType.Float64), a[i]) < 1e-3 * (1 + a[i].abs().max().item<double>()), $"input {i}");
        }
    }

    [Fact]
    public void What_cannot_be_solved_is_named_with_its_step_and_problem()
    {
        using var scope = NewDisposeScope();
        Tensor[] m = Matrices(12, 3, 12, 4, 2);
        static string Message<T>(Action act) where T : Exception => Assert.Throws<T>(act).Message;
        Tensor concave = m[3].clone();
        concave[1, 4] -= 1000 * eye(2, dtype: ScalarType.Float64);
        Assert.Equal(
            "R + BᵀVB is not positive definite at step 4 of problem 1: the cost of the controls has no minimum there.",
            Message<InvalidOperationException>(() => DifferentiableLqr.Solve(Problem([.. m[..3], concave, .. m[4..]]), m[8])));
        Tensor unknown = m[8].clone();
        unknown[2, 3] = double.PositiveInfinity;
        Assert.StartsWith("start holds a value that is not finite at entry 3 of problem 2.", Message<ArgumentException>(() => DifferentiableLqr.Solve(Problem(m), unknown)), StringComparison.Ordinal);
        Assert.StartsWith("start has shape [3, 5], wanted [3, 4].", Message<ArgumentException>(() => DifferentiableLqr.Solve(Problem(m), zeros(3, 5, dtype: ScalarType.Float64))), StringComparison.Ordinal);
        Assert.StartsWith("start is of type Float32 and A of type Float64", Message<ArgumentException>(() => DifferentiableLqr.Solve(Problem(m), zeros(3, 4))), StringComparison.Ordinal);
        // What overflows to infinity in a sum alone is sound.
        Tensor large = full([1, 1, 1, 1], 1e308, dtype: ScalarType.Float64).expand(1, 4, 1, 1).clone();
        Assert.Equal(1e308, new LqrProblem(0 * large, 0 * large, cat([large, large[.., ..1]], 1), large).R[0, 0].item<double>());
    }

    [Fact]
    public void Solving_and_its_gradient_leave_nothing_behind()
    {
        using var scope = NewDisposeScope();
        Tensor[] m = [.. Matrices(13, 8, 20, 4, 2).Select(each => each.requires_grad_())];
        Leaks.Require(
            () =>
            {
                using var inner = NewDisposeScope();
                autograd.grad([DifferentiableLqr.Solve(Problem(m), m[8]).States.sum()], [m[0], m[8]]);
            },
            times: 100, bytes: sizeof(double) * 8 * 20 * (4 * 4 + 4 * 2 + 2 * 2 + 2 * 4 + 2));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void An_experts_beliefs_and_wishes_are_found_from_its_motions_alone(bool dynamics, bool cost)
    {
        using var scope = NewDisposeScope();
        var g = new Generator(14);
        Tensor A = eye(3, dtype: ScalarType.Float64) + 0.2 * Randn(g, 3, 3), B = Randn(g, 3, 2);
        // Controls are dear, so that gains change over the whole motion; where they do not, other models move alike.
        Tensor weights = (rand(5, dtype: ScalarType.Float64, generator: g) + 0.2) * tensor(new[] { 0.1, 0.1, 0.1, 1, 1 });
        var expert = new LinearExpert(A, B, weights / weights.sum());
        (Tensor x, Tensor u) = expert.Act(Randn(g, 12, 3), 6);
        using var learner = new LqrImitation(expert, x, u, g, new() { LearnDynamics = dynamics, LearnCost = cost });
        double before = learner.ModelError(), first = learner.ImitationLoss;
        for (int i = 0; i < 300 && learner.ImitationLoss > 1e-20 && learner.Update(); i++)
        {
        }
        Assert.True(before > 0.1 && learner.ModelError() <= 1e-2, $"model {before} to {learner.ModelError()}, imitation {first} to {learner.ImitationLoss}");
    }
}
