using Embodied.WorldModels;
using Embodied.Worlds;
using static TorchSharp.torch;

namespace Embodied.Tests.WorldModels;

public class DynamicsTests
{
    public static TheoryData<string> Systems => ["pendulum", "cart-pole", "car", "mass"];

    private static IDynamics System(string name) => name switch
    {
        "pendulum" => new Pendulum { Friction = 0.3 },
        "cart-pole" => new CartPole(),
        "car" => new JerkCar(),
        _ => DoubleIntegrator.Of(2),
    };

    private static Tensor Random(long rows, long columns, ulong seed) => randn([rows, columns], dtype: ScalarType.Float64, generator: new Generator(seed));

    [Theory]
    [MemberData(nameof(Systems))]
    public void Jacobians_agree_with_finite_differences(string name)
    {
        using var scope = NewDisposeScope();
        IDynamics f = System(name);
        Tensor x = Random(5, f.StateSize, 1), u = Random(5, f.ControlSize, 2), t = zeros(5, dtype: ScalarType.Float64);
        Compare(f.Linearise(x, u), f.Derivative);
        IDiscreteDynamics F = f.Discretise(0.1);
        Compare(F.Linearise(x, u), F.Next);

        void Compare(Linearised near, Func<Tensor, Tensor, Tensor, Tensor> function)
        {
            Assert.True((near.Value - function(x, u, t)).abs().max().item<double>() < 1e-14);
            const double h = 1e-6;
            for (int j = 0; j < f.StateSize + f.ControlSize; j++)
            {
                bool state = j < f.StateSize;
                Tensor dx = zeros_like(x), du = zeros_like(u);
                (state ? dx : du)[.., state ? j : j - f.StateSize] = h;
                Tensor slope = (function(x + dx, u + du, t) - function(x - dx, u - du, t)) / (2 * h);
                Tensor ours = state ? near.A[.., .., j] : near.B[.., .., j - f.StateSize];
                Assert.True((ours - slope).abs().max().item<double>() < 1e-8, $"column {j}");
            }
        }
    }

    [Fact]
    public void Second_derivatives_agree_with_differences_of_first_ones()
    {
        using var scope = NewDisposeScope();
        IDiscreteDynamics F = new CartPole().Discretise(0.1);
        Tensor x = Random(3, 4, 3), u = Random(3, 1, 4), curvature = F.Curvature(x, u);
        Assert.Equal([3, 4, 5, 5], curvature.shape);
        const double h = 1e-5;
        for (int j = 0; j < 5; j++)
        {
            Tensor dx = zeros_like(x), du = zeros_like(u);
            (j < 4 ? dx : du)[.., j < 4 ? j : 0] = h;
            Linearised above = F.Linearise(x + dx, u + du), below = F.Linearise(x - dx, u - du);
            Tensor slope = cat([above.A - below.A, above.B - below.B], 2) / (2 * h);
            Assert.True((curvature[.., .., .., j] - slope).abs().max().item<double>() < 1e-7);
        }
    }

    [Fact]
    public void Time_reaches_every_row_of_a_linearisation()
    {
        using var scope = NewDisposeScope();
        var f = new FunctionDynamics(2, 1, (x, u, t) => t.unsqueeze(1) * x + u);
        Tensor t = tensor(new[] { 1.0, 2, 3 });
        Linearised near = f.Linearise(Random(3, 2, 5), Random(3, 1, 6), t);
        Assert.Equal([1.0, 2, 3], near.A[.., 0, 0].data<double>().ToArray());
        Assert.Equal(0, near.A[.., 0, 1].abs().max().item<double>());
    }

    [Fact]
    public void Euler_is_of_first_order_and_Runge_Kutta_of_fourth()
    {
        using var scope = NewDisposeScope();
        var f = new CartPole();
        Tensor x = Random(4, 4, 7), u = Random(4, 1, 8), t = zeros(4, dtype: ScalarType.Float64);
        Tensor truth = f.Discretise(1, substeps: 2048).Next(x, u, t);
        double Error(Integration method, int substeps) => (f.Discretise(1, method, substeps).Next(x, u, t) - truth).abs().max().item<double>();
        Assert.InRange(Error(Integration.Euler, 512) / Error(Integration.Euler, 1024), 1.8, 2.2);
        Assert.InRange(Error(Integration.RungeKutta4, 128) / Error(Integration.RungeKutta4, 256), 14, 18);
    }

    [Fact]
    public void Energy_is_kept_where_no_force_acts()
    {
        using var scope = NewDisposeScope();
        Tensor none = zeros(3, 100, 1, dtype: ScalarType.Float64);
        var pendulum = new Pendulum { Mass = 2, Length = 0.7 };
        Tensor x = pendulum.Discretise(0.01, substeps: 4).Rollout(Random(3, 2, 9), none).flatten(0, 1);
        Tensor energies = pendulum.Energy(x).reshape(3, 101);
        Assert.True((energies - energies[.., ..1]).abs().max().item<double>() < 1e-6);
        var cart = new CartPole();
        Tensor kept = cart.Energy(cart.Discretise(0.01, substeps: 4).Rollout(Random(3, 4, 10), none).flatten(0, 1)).reshape(3, 101);
        Assert.True((kept - kept[.., ..1]).abs().max().item<double>() < 1e-6);
    }

    [Fact]
    public void A_cart_pole_obeys_the_equations_of_Lagrange()
    {
        // M(θ) (dv/dt, dω/dt) = (u + m l ω² sin θ, m g l sin θ), with M = [M + m, m l cos θ; m l cos θ, m l²].
        using var scope = NewDisposeScope();
        var cart = new CartPole { CartMass = 1.3, PoleMass = 0.4, Length = 0.8 };
        Tensor x = Random(6, 4, 11), u = Random(6, 1, 12), dx = cart.Derivative(x, u, zeros(6));
        Tensor sin = x[.., 1].sin(), cos = x[.., 1].cos();
        Tensor first = (1.3 + 0.4) * dx[.., 2] + 0.4 * 0.8 * cos * dx[.., 3] - u[.., 0] - 0.4 * 0.8 * x[.., 3].square() * sin;
        Tensor second = 0.4 * 0.8 * cos * dx[.., 2] + 0.4 * 0.64 * dx[.., 3] - 0.4 * 9.81 * 0.8 * sin;
        Assert.True(first.abs().max().item<double>() < 1e-12);
        Assert.True(second.abs().max().item<double>() < 1e-12);
        Assert.Equal(x[.., 2..].data<double>().ToArray(), dx[.., ..2].data<double>().ToArray());
    }

    [Fact]
    public void A_car_with_constant_speed_and_turning_rate_drives_a_circle()
    {
        using var scope = NewDisposeScope();
        Tensor start = tensor(new[,] { { 0, 0, 0, 2.0, 0, 0.5 } });
        Tensor x = new JerkCar().Discretise(0.1).Rollout(start, zeros(1, 40, 2, dtype: ScalarType.Float64))[0];
        // Radius 4 about (0, 4).
        Tensor radius = (x[.., 0].square() + (x[.., 1] - 4).square()).sqrt();
        Assert.True((radius - 4).abs().max().item<double>() < 1e-6);
        Tensor jerked = new JerkCar().Discretise(0.1).Rollout(start, ones(1, 10, 2, dtype: ScalarType.Float64))[0, -1];
        // After a second: v = 2 + 1/2, a = 1, ω = 0.5 + 1, θ = 0.5 + 1/2.
        Assert.Equal([1.0, 2.5, 1, 1.5], jerked[2..].data<double>().ToArray().Select(v => Math.Round(v, 10)));
    }

    [Fact]
    public void The_matrix_exponential_is_that_of_SciPy()
    {
        using var scope = NewDisposeScope();
        Tensor M = tensor(new[,] { { 0.3, -1.2, 0.5 }, { 2.0, 0.1, -0.7 }, { -0.4, 0.9, -3.0 } });
        // scipy.linalg.expm of M and of 8 M, SciPy 1.10.1.
        Tensor once = tensor(new double[,] { { 0.16105712496966418, -0.8024743356927332, 0.23371390225113597 }, { 1.5358685494390114, -0.0699679357609857, 0.11893706570937959 }, { 0.28921605408178447, 0.18721461257557864, 0.027458397784503985 } });
        Tensor eight = tensor(new double[,] { { 1.583720016755598, 0.225141243895117, 0.01859402806429234 }, { -0.5968142889375564, 1.729881747341752, -0.52426143709994 }, { -0.5466645403211005, 0.2942009063644463, -0.11242575896174953 } });
        Assert.True((MatrixExponential.Of(M) - once).abs().max().item<double>() < 1e-13);
        Assert.True(((MatrixExponential.Of(8 * M) - eight).abs() / eight.abs().max()).max().item<double>() < 1e-12);
        Assert.True((MatrixExponential.Of(stack([M, 8 * M]))[0] - once).abs().max().item<double>() < 1e-12);
        Assert.True((MatrixExponential.Of(M.to(ScalarType.Float32)).to(ScalarType.Float64) - once).abs().max().item<double>() < 1e-5);
        Assert.True(FiniteDifferences.Worst(at => MatrixExponential.Of(at[0]).square().sum(), M) < 1e-7);
    }

    [Fact]
    public void The_exact_discretisation_is_where_many_tiny_Runge_Kutta_steps_lead()
    {
        using var scope = NewDisposeScope();
        Tensor A = Random(4, 4, 13), B = Random(4, 2, 14), x = Random(5, 4, 15), u = Random(5, 2, 16);
        (Tensor Ad, Tensor Bd) = ExactDiscretisation.Of(A, B, 0.5);
        Tensor stepped = new LinearDynamics(A, B).Discretise(0.5, substeps: 500).Next(x, u, zeros(5, dtype: ScalarType.Float64));
        Assert.True((x.mm(Ad.t()) + u.mm(Bd.t()) - stepped).abs().max().item<double>() < 1e-10);
        (Tensor batched, _) = ExactDiscretisation.Of(stack([A, A / 2]), stack([B, B]), 0.5);
        Assert.True((batched[0] - Ad).abs().max().item<double>() < 1e-12);
        // A is singular here: p' = p + h v + h²/2 u, v' = v + h u.
        LinearDynamics mass = DoubleIntegrator.Of();
        (Tensor held, Tensor pushed) = ExactDiscretisation.Of(mass.A, mass.B, 0.2);
        Assert.Equal([1, 0.2, 0, 1], held.flatten().data<double>().ToArray().Select(v => Math.Round(v, 14)));
        Assert.Equal([0.02, 0.2], pushed.flatten().data<double>().ToArray().Select(v => Math.Round(v, 14)));
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Tensor ok = zeros(3, 2), t = zeros(3);
        Assert.StartsWith("x has shape [3, 3], wanted [any, 2].", Assert.Throws<ArgumentException>(() => new Pendulum().Derivative(zeros(3, 3), zeros(3, 1), t)).Message, StringComparison.Ordinal);
        Assert.StartsWith("u has shape [2, 1], wanted [3, 1].", Assert.Throws<ArgumentException>(() => new Pendulum().Derivative(ok, zeros(2, 1), t)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Pendulum().Linearise(ok, zeros(3, 1), zeros(2)));
        Assert.Throws<ArgumentException>(() => new FunctionDynamics(2, 1, (x, _, _) => x[.., ..1]).Derivative(ok, zeros(3, 1), t));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Pendulum().Discretise(0));
        Assert.Throws<ArgumentException>(() => new Pendulum().Discretise(0.1).Rollout(ok, zeros(3, 5, 2)));
        Assert.StartsWith("M has shape [2, 3], wanted a square matrix", Assert.Throws<ArgumentException>(() => MatrixExponential.Of(zeros(2, 3))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => MatrixExponential.Of(full(2, 2, double.NaN)));
        Assert.Throws<ArgumentException>(() => ExactDiscretisation.Of(zeros(2, 2), zeros(3, 1), 0.1));
    }
}
