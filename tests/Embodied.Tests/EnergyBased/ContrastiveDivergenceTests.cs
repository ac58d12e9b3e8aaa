using Embodied.Datasets;
using Embodied.EnergyBased;
using Embodied.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.EnergyBased;

public class ContrastiveDivergenceTests
{
    // Of the 16 words of four bits, the bars: 1100 and 0011, each half the time.
    private static Tensor Bars(ScalarType dtype = ScalarType.Float32) =>
        tensor(new double[,] { { 1, 1, 0, 0 }, { 0, 0, 1, 1 } }).to(dtype).repeat(200, 1);

    private static Rbm Machine(ScalarType dtype = ScalarType.Float64, int visible = 5, int hidden = 3, double std = 0.7)
    {
        var generator = new Generator(4);
        var rbm = new Rbm(visible, hidden, generator, std, dtype);
        using var _ = no_grad();
        rbm.b.copy_(randn(visible, dtype: dtype, generator: generator));
        rbm.c.copy_(randn(hidden, dtype: dtype, generator: generator));
        return rbm;
    }

    private static Tensor Data(int n, int visible) => Rbm.Flip(full([n, visible], 0.4, dtype: ScalarType.Float64), new Generator(5));

    private static double Farthest(RbmGradient a, RbmGradient b) => (a.Flat() - b.Flat()).abs().max().ToDouble();

    [Fact]
    public void The_gradient_identity_agrees_with_autograd_of_the_exact_likelihood()
    {
        using Rbm rbm = Machine();
        Tensor data = Data(20, 5);
        ExactRbm.LogLikelihood(rbm, data).backward();
        using RbmGradient identity = ExactRbm.Gradient(rbm, data);
        using RbmGradient autograd = new(rbm.W.grad!, rbm.b.grad!, rbm.c.grad!);
        Assert.InRange(Farthest(identity, autograd), 0, 1e-12);
    }

    [Fact]
    public void The_gradient_identity_agrees_with_finite_differences()
    {
        using Rbm rbm = Machine();
        Tensor data = Data(20, 5);
        using var _ = no_grad();
        using RbmGradient identity = ExactRbm.Gradient(rbm, data);
        var numeric = new List<double>();
        foreach (Tensor parameter in new Tensor[] { rbm.W, rbm.b, rbm.c })
        {
            Tensor flat = parameter.view(-1);
            for (long i = 0; i < flat.shape[0]; i++)
            {
                const double step = 1e-5;
                double at = flat[i].ToDouble();
                flat[i] = at + step;
                double above = ExactRbm.LogLikelihood(rbm, data).ToDouble();
                flat[i] = at - step;
                double below = ExactRbm.LogLikelihood(rbm, data).ToDouble();
                flat[i] = at;
                numeric.Add((above - below) / (2 * step));
            }
        }
        Assert.InRange((identity.Flat() - tensor(numeric.ToArray())).abs().max().ToDouble(), 0, 1e-8);
    }

    [Fact]
    public void With_the_models_whole_distribution_as_chains_the_estimate_is_exact()
    {
        // 4 visible units whose states all weigh the same: no biases, no weights.
        using Rbm rbm = new(4, 3, new Generator(0), std: 0, dtype: ScalarType.Float64);
        using RbmGradient estimate = ContrastiveDivergence.Gradient(rbm, Data(10, 4), ExactRbm.States(4));
        using RbmGradient exact = ExactRbm.Gradient(rbm, Data(10, 4));
        Assert.InRange(Farthest(estimate, exact), 0, 1e-12);
    }

    [Fact]
    public void Expected_contrastive_divergence_tends_to_the_gradient_as_k_grows_and_is_zero_for_none()
    {
        using Rbm rbm = Machine();
        Tensor data = Data(6, 5);
        using RbmGradient exact = ExactRbm.Gradient(rbm, data);
        double[] distance = [.. new[] { 0, 1, 5, 100 }.Select(k => Farthest(ExactRbm.ExpectedContrastiveDivergence(rbm, data, k), exact))];
        Assert.Equal(exact.Flat().abs().max().ToDouble(), distance[0], 1e-12);
        Assert.True(distance[0] > distance[1] && distance[1] > distance[2], string.Join(", ", distance));
        Assert.InRange(distance[3], 0, 1e-9);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void CD_k_is_right_on_average(int k)
    {
        using Rbm rbm = Machine();
        Tensor data = Data(6, 5);
        var generator = new Generator(6);
        (RbmGradient estimate, Tensor chains) = ContrastiveDivergence.Estimate(rbm, data.repeat(10_000, 1), data.repeat(10_000, 1), k, generator);
        Assert.Equal([60_000, 5], chains.shape);
        // Five standard errors of a mean over 60,000 chains.
        Assert.InRange(Farthest(estimate, ExactRbm.ExpectedContrastiveDivergence(rbm, data, k)), 0, 0.01);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Training_learns_a_small_distribution(bool persistent)
    {
        // Persistent chains need a rate that lets them keep up: at 0.1 they stay in one bar and the likelihood swings.
        double likelihood = Trained(new RbmOptions { Persistent = persistent, Epochs = 150, BatchSize = 20, LearningRate = 0.02, WeightDecay = 0 });
        // The best possible is −log 2 ≈ −0.69; independent pixels, which are on half the time, reach −log 16 ≈ −2.77.
        Assert.InRange(likelihood, -0.95, -Math.Log(2));
    }

    [Fact]
    public void Hidden_units_trained_on_clothes_hold_the_classes_better_than_untrained_ones()
    {
        using FashionMnist train = FashionMnist.Load(train: true, 40_000), test = FashionMnist.Load(train: false, 4000);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using Rbm rbm = new(784, 128, new Generator(1));
        double Accuracy() => LinearProbe.Accuracy(
            rbm.HiddenGivenVisible(train.Images[..1000].flatten(1)), train.Labels[..1000], rbm.HiddenGivenVisible(test.Images.flatten(1)), test.Labels);
        double before = Accuracy();
        Train(rbm, train.Images.flatten(1), new RbmOptions { Epochs = 4, BatchSize = 50 });
        Assert.InRange(Accuracy(), before + 0.01, 1);
    }

    [Fact]
    public void Training_downhill_does_not()
    {
        double likelihood = Trained(new RbmOptions { Epochs = 150, BatchSize = 20, LearningRate = -0.02, WeightDecay = 0 });
        Assert.False(likelihood > -2.77, $"{likelihood}");
    }

    private static double Trained(RbmOptions options)
    {
        using Rbm rbm = new(4, 4, new Generator(1), std: 0.1);
        Tensor data = Bars();
        Train(rbm, data, options);
        using var _ = no_grad();
        return ExactRbm.LogLikelihood(rbm, data).ToDouble();
    }

    private static void Train(Rbm rbm, Tensor data, RbmOptions options) =>
        RbmTraining.Train(rbm, data, options, new Generator(2), cancellation: TestContext.Current.CancellationToken).Dispose();

    [Fact]
    public void The_same_seed_trains_the_same_machine()
    {
        float[] Weights()
        {
            using Rbm rbm = new(4, 3, new Generator(1));
            Train(rbm, Bars(), new RbmOptions { BatchSize = 20 });
            return [.. rbm.W.data<float>()];
        }
        Assert.Equal(Weights(), Weights());
    }

    [Fact]
    public void Training_does_not_grow_its_number_of_tensors()
    {
        using Rbm rbm = new(4, 3, new Generator(1));
        using Tensor data = Bars();
        var counts = new List<long>();
        RbmTraining.Train(
            rbm, data, new RbmOptions { Epochs = 6, BatchSize = 20 }, new Generator(2),
            onEpoch: _ => counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount),
            cancellation: TestContext.Current.CancellationToken).Dispose();
        Assert.Equal(7, counts.Count);
        Assert.All(counts.Skip(2), count => Assert.Equal(counts[1], count));
    }

    [Fact]
    public void A_loss_that_turns_NaN_names_the_update()
    {
        using Rbm rbm = new(4, 3, new Generator(1));
        using Tensor data = Bars();
        data[0, 0] = float.NaN;
        var error = Assert.Throws<InvalidOperationException>(() => Train(rbm, data, new RbmOptions { BatchSize = 20 }));
        Assert.Contains("at update 20", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_reports_its_progress_and_stops_when_asked()
    {
        using Rbm rbm = new(4, 3, new Generator(1));
        using Tensor data = Bars();
        using var stop = new CancellationTokenSource();
        var reports = new Reports();
        Assert.Throws<OperationCanceledException>(() => RbmTraining.Train(
            rbm, data, new RbmOptions { BatchSize = 20 }, new Generator(2), reports, epoch => { if (epoch == 2) { stop.Cancel(); } }, stop.Token).Dispose());
        Assert.Equal([20, 40], reports.Select(report => report.Step));
        Assert.All(reports, report => Assert.Equal(100, report.Steps));
    }

    private sealed class Reports : List<TrainingProgress>, IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Add(value);
    }
}
