using Embodied.Planning.Differentiable;
using static TorchSharp.torch;

namespace Embodied.Tests.Planning;

public class EqualityQpTests
{
    private static (Tensor Q, Tensor c, Tensor A, Tensor b) Problem(ulong seed, int n = 3, int d = 5, int m = 2)
    {
        var g = new Generator(seed);
        Tensor Randn(params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: g);
        Tensor root = Randn(n, d, d);
        return (root.bmm(root.mT) + 0.3 * eye(d, dtype: ScalarType.Float64), Randn(n, d), Randn(n, m, d), Randn(n, m));
    }

    [Fact]
    public void The_optimum_keeps_the_constraints_and_no_neighbour_that_does_is_cheaper()
    {
        using var scope = NewDisposeScope();
        (Tensor Q, Tensor c, Tensor A, Tensor b) = Problem(1);
        (Tensor z, Tensor nu) = EqualityQp.Solve(Q, c, A, b);
        Assert.True((A.bmm(z.unsqueeze(2)).squeeze(2) - b).abs().max().item<double>() < 1e-12);
        Assert.True((Q.bmm(z.unsqueeze(2)) + c.unsqueeze(2) + A.mT.bmm(nu.unsqueeze(2))).abs().max().item<double>() < 1e-12);
        // Directions that A does not see, by projection.
        Tensor any = randn([3, 5, 30], dtype: ScalarType.Float64, generator: new Generator(2));
        Tensor along = any - A.mT.bmm(linalg.solve(A.bmm(A.mT), A.bmm(any)));
        Tensor Cost(Tensor at) => (at * (Q.bmm(at) / 2 + c.unsqueeze(2))).sum(1);
        Assert.True(Cost(z.unsqueeze(2) + 0.01 * along).gt(Cost(z.unsqueeze(2))).all().item<bool>());
    }

    [Fact]
    public void Its_gradients_are_those_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        (Tensor Q, Tensor c, Tensor A, Tensor b) = Problem(3);
        var g = new Generator(4);
        Tensor ofZ = randn([3, 5], dtype: ScalarType.Float64, generator: g), ofNu = randn([3, 2], dtype: ScalarType.Float64, generator: g);
        double worst = FiniteDifferences.Worst(
            at =>
            {
                (Tensor z, Tensor nu) = EqualityQp.Solve((at[0] + at[0].mT) / 2, at[1], at[2], at[3]);
                return (ofZ * z + 0.1 * z.pow(3)).sum() + (ofNu * nu).sum();
            }, Q, c, A, b);
        Assert.True(worst < 1e-6, $"{worst}");
    }

    [Fact]
    public void Single_precision_gives_the_same_to_its_digits()
    {
        using var scope = NewDisposeScope();
        (Tensor Q, Tensor c, Tensor A, Tensor b) = Problem(5);
        Tensor Gradient(ScalarType type)
        {
            Tensor at = A.detach().to(type).requires_grad_();
            return autograd.grad([EqualityQp.Solve(Q.to(type), c.to(type), at, b.to(type)).z.square().sum()], [at])[0];
        }
        Tensor exact = Gradient(ScalarType.Float64), single = Gradient(ScalarType.Float32);
        Assert.Equal(ScalarType.Float32, single.dtype);
        Assert.True((single.to(ScalarType.Float64) - exact).abs().max().item<double>() < 1e-3 * exact.abs().max().item<double>());
    }

    [Fact]
    public void What_cannot_be_solved_is_named()
    {
        using var scope = NewDisposeScope();
        (Tensor Q, Tensor c, Tensor A, Tensor b) = Problem(6);
        static string Message<T>(Action act) where T : Exception => Assert.Throws<T>(act).Message;
        Tensor dependent = A.clone();
        dependent[2, 1] = -3 * dependent[2, 0];
        Assert.Equal("A does not have full row rank: row 1 of problem 2 depends on the rows before it, and Az = b has no solution in general.", Message<InvalidOperationException>(() => EqualityQp.Solve(Q, c, dependent, b)));
        Tensor concave = Q.clone();
        concave[1] = -concave[1];
        Assert.Equal("Q is not positive definite where Az = 0 in problem 1: the cost has no minimum there.", Message<InvalidOperationException>(() => EqualityQp.Solve(concave, c, A, b)));
        Tensor crooked = Q.clone();
        crooked[0, 3, 1] += 1;
        Assert.StartsWith("Q is not symmetric at row 1 of problem 0.", Message<ArgumentException>(() => EqualityQp.Solve(crooked, c, A, b)), StringComparison.Ordinal);
        Tensor unknown = b.clone();
        unknown[1, 0] = double.NaN;
        Assert.StartsWith("b holds a value that is not finite at entry 0 of problem 1.", Message<ArgumentException>(() => EqualityQp.Solve(Q, c, A, unknown)), StringComparison.Ordinal);
        Assert.StartsWith("A has shape [3, 2, 4], wanted [3, any, 5].", Message<ArgumentException>(() => EqualityQp.Solve(Q, c, A[.., .., ..4], b)), StringComparison.Ordinal);
        Assert.StartsWith("c is of type Float32 and Q of type Float64", Message<ArgumentException>(() => EqualityQp.Solve(Q, c.to(ScalarType.Float32), A, b)), StringComparison.Ordinal);
        Assert.StartsWith("A has 6 rows for 5 unknowns", Message<InvalidOperationException>(() => EqualityQp.Solve(Q, c, ones(3, 6, 5, dtype: ScalarType.Float64), ones(3, 6, dtype: ScalarType.Float64))), StringComparison.Ordinal);
        // Curvature that the constraints forbid may be negative.
        Tensor saddle = diag(tensor(new[] { 1.0, -1 })).unsqueeze(0), only = tensor(new[,,] { { { 0.0, 1 } } });
        (Tensor z, _) = EqualityQp.Solve(saddle, tensor(new[,] { { 1.0, 0 } }), only, tensor(new[,] { { 2.0 } }));
        Assert.True((z - tensor(new[,] { { -1.0, 2 } })).abs().max().item<double>() < 1e-12);
    }
}
