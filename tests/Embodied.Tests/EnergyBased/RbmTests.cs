using Embodied.EnergyBased;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.EnergyBased;

public class RbmTests
{
    private static Rbm Small(int visible = 5, int hidden = 3, ulong seed = 1, double std = 0.8)
    {
        var generator = new Generator(seed);
        var rbm = new Rbm(visible, hidden, generator, std, ScalarType.Float64);
        using var _ = no_grad();
        rbm.b.copy_(randn(visible, dtype: ScalarType.Float64, generator: generator));
        rbm.c.copy_(randn(hidden, dtype: ScalarType.Float64, generator: generator));
        return rbm;
    }

    private static Tensor Data(int n, int visible, ulong seed = 2) =>
        Rbm.Flip(full([n, visible], 0.5, dtype: ScalarType.Float64), new Generator(seed));

    [Fact]
    public void The_energy_of_a_worked_example_is_what_the_formula_gives()
    {
        using Rbm rbm = new(2, 1, new Generator(0), dtype: ScalarType.Float64);
        using var _ = no_grad();
        rbm.W.copy_(tensor(new double[,] { { 2 }, { -1 } }));
        rbm.b.copy_(tensor(new[] { 0.5, 0.25 }));
        rbm.c.copy_(tensor(new[] { -3.0 }));
        using Tensor energy = rbm.Energy(tensor(new double[,] { { 1, 1 }, { 1, 0 }, { 0, 1 } }), tensor(new double[,] { { 1 }, { 0 }, { 1 } }));
        Assert.Equal([-0.5 - 0.25 + 3 - 1, -0.5, -0.25 + 3 + 1], energy.data<double>());
    }

    [Fact]
    public void The_free_energy_sums_the_hidden_states_out()
    {
        using Rbm rbm = Small();
        using var _ = no_grad();
        Tensor v = Data(7, 5), h = ExactRbm.States(3);
        for (int i = 0; i < 7; i++)
        {
            double summed = -rbm.Energy(v[i].expand(8, -1), h).neg().logsumexp(0).ToDouble();
            Assert.Equal(summed, rbm.FreeEnergy(v[i..(i + 1)]).ToDouble(), 1e-12);
        }
    }

    [Fact]
    public void The_conditionals_follow_from_the_energy_by_Bayes()
    {
        using Rbm rbm = Small();
        using var _ = no_grad();
        Tensor v = Data(1, 5), h = ExactRbm.States(3);
        Tensor posterior = rbm.Energy(v.expand(8, -1), h).neg().softmax(0);
        Assert.True(allclose(posterior.matmul(h), rbm.HiddenGivenVisible(v).squeeze(0), 1e-10, 1e-12));

        Tensor given = Data(1, 3, seed: 9), all = ExactRbm.States(5);
        Tensor likelihood = rbm.Energy(all, given.expand(32, -1)).neg().softmax(0);
        Assert.True(allclose(likelihood.matmul(all), rbm.VisibleGivenHidden(given).squeeze(0), 1e-10, 1e-12));
    }

    [Fact]
    public void Probabilities_of_all_images_sum_to_one()
    {
        using Rbm rbm = Small();
        using var _ = no_grad();
        Tensor logp = -rbm.FreeEnergy(ExactRbm.States(5)) - ExactRbm.LogPartition(rbm);
        Assert.Equal(1, logp.exp().sum().ToDouble(), 1e-12);
    }

    [Fact]
    public void A_Gibbs_sweep_leaves_the_models_distribution_as_it_is()
    {
        using Rbm rbm = Small();
        using var _ = no_grad();
        Tensor p = (-rbm.FreeEnergy(ExactRbm.States(5))).softmax(0);
        Tensor T = ExactRbm.GibbsMatrix(rbm);
        Assert.True(allclose(T.sum(1), ones(32, dtype: ScalarType.Float64), 1e-10, 1e-12));
        Assert.True(allclose(p.unsqueeze(0).matmul(T).squeeze(0), p, 1e-9, 1e-12));
    }

    [Fact]
    public void Sampled_sweeps_follow_the_exact_transition_probabilities()
    {
        using Rbm rbm = Small(visible: 3, hidden: 2);
        using var _ = no_grad();
        const int n = 40_000;
        Tensor start = tensor(new double[,] { { 1, 0, 1 } }).expand(n, -1);
        (Tensor next, Tensor _) = rbm.GibbsSweep(start, new Generator(3));
        Tensor words = next.matmul(tensor(new double[] { 1, 2, 4 })).to(ScalarType.Int64);
        Tensor share = bincount(words, minlength: 8).to(ScalarType.Float64) / n;
        // Four standard errors of a share near 1/2.
        Assert.InRange((share - ExactRbm.GibbsMatrix(rbm)[5]).abs().max().ToDouble(), 0, 0.01);
    }

    [Fact]
    public void States_count_from_zero_in_binary()
    {
        using Tensor states = ExactRbm.States(3);
        Assert.Equal([0d, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1], states.data<double>());
        Assert.Throws<ArgumentOutOfRangeException>(() => ExactRbm.States(23));
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named_with_the_shape_wanted()
    {
        using Rbm rbm = Small();
        string message = Assert.Throws<ArgumentException>(() => rbm.FreeEnergy(zeros(4, 6, dtype: ScalarType.Float64))).Message;
        Assert.StartsWith("v has shape [4, 6], wanted [any, 5].", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => rbm.Energy(Data(2, 5), Data(3, 3)));
        Assert.Throws<ArgumentException>(() => rbm.VisibleGivenHidden(Data(2, 5)));
        Assert.Throws<ArgumentException>(() =>
            RbmTraining.Train(rbm, zeros(5), new(), new Generator(0), cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rbm(0, 3, new Generator(0)));
    }

    [Fact]
    public void An_RBM_too_large_to_enumerate_is_refused()
    {
        using Rbm rbm = Small(visible: 15, hidden: 10);
        Assert.Contains("15 + 10 units", Assert.Throws<ArgumentException>(() => ExactRbm.Gradient(rbm, Data(2, 15))).Message, StringComparison.Ordinal);
    }
}
