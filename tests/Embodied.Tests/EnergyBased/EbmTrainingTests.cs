using Embodied.Datasets;
using Embodied.EnergyBased;
using Embodied.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.EnergyBased;

public class EbmTrainingTests
{
    private static readonly EbmOptions Short = new()
    {
        Updates = 300, BatchSize = 200, Alpha = 0.001, LearningRate = 6e-3, Decay = true,
        Langevin = new() { Steps = 20, StepSize = 0.03, Bound = 5 },
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_loss_of_a_worked_example_is_what_the_formula_gives()
    {
        using Tensor loss = EnergyContrast.Loss(tensor(new[] { 1.0, 3.0 }), tensor(new[] { -1.0, 2.0, 5.0 }), 0.1);
        Assert.Equal(2 - 2 + 0.1 * (5 + 10), loss.ToDouble(), 1e-12);
        Assert.Throws<ArgumentException>(() => EnergyContrast.Loss(zeros(3, 1), zeros(3), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => EnergyContrast.Loss(zeros(3), zeros(3), -1));
    }

    [Fact]
    public void The_gradient_of_the_loss_agrees_with_finite_differences()
    {
        var generator = new Generator(1);
        using var energy = new EnergyNetwork(2, generator, width: 6, dtype: ScalarType.Float64);
        Tensor positive = randn(5, 2, dtype: ScalarType.Float64, generator: generator);
        Tensor negative = 2 * randn(7, 2, dtype: ScalarType.Float64, generator: generator);
        Tensor Loss() => EnergyContrast.Loss(energy.call(positive), energy.call(negative), 0.2);

        Loss().backward();
        double worst = 0;
        using var _ = no_grad();
        foreach (var parameter in energy.parameters())
        {
            Tensor flat = parameter.view(-1), gradient = parameter.grad!.view(-1);
            for (long i = 0; i < flat.shape[0]; i++)
            {
                double at = flat[i].ToDouble();
                flat[i] = at + 1e-5;
                double above = Loss().ToDouble();
                flat[i] = at - 1e-5;
                double below = Loss().ToDouble();
                flat[i] = at;
                worst = Math.Max(worst, Math.Abs((above - below) / 2e-5 - gradient[i].ToDouble()));
            }
        }
        Assert.InRange(worst, 0, 1e-8);
    }

    [Fact]
    public void With_equilibrium_samples_the_contrastive_gradient_is_that_of_the_exact_likelihood()
    {
        // On the 32 words of five bits the partition function is a sum, and the average over the model is exact.
        using var energy = new EnergyNetwork(5, new Generator(1), width: 6, dtype: ScalarType.Float64);
        Tensor all = ExactRbm.States(5), data = all[tensor(new long[] { 3, 3, 17, 30 })];
        Tensor likelihood = -energy.call(data).mean() - (-energy.call(all)).logsumexp(0);
        likelihood.backward();
        Tensor[] exact = [.. energy.parameters().Select(p => p.grad!.clone())];
        energy.zero_grad();

        Tensor weights = (-energy.call(all)).softmax(0).detach();
        // ⟨E⟩ over the model as a mean over 32 weighted energies.
        EnergyContrast.Loss(energy.call(data), 32 * weights * energy.call(all), 0).backward();
        foreach ((Tensor gradient, Tensor contrast) in exact.Zip(energy.parameters(), (g, p) => (g, p.grad!)))
        {
            Assert.True(allclose(gradient, -contrast, 1e-9, 1e-12));
        }
    }

    [Fact]
    public void A_short_training_covers_the_ring_and_stays_on_it()
    {
        ModeCoverage coverage = Trained(Short);
        Assert.Equal(8, coverage.Covered);
        Assert.InRange(coverage.OnMode, 0.85, 1);
    }

    [Fact]
    public void The_same_training_with_the_phases_swapped_does_not() =>
        Assert.InRange(Trained(Short, (energy, data, buffer, options, generator) =>
        {
            using var optimizer = optim.Adam(energy.parameters(), options.LearningRate, 0, 0.999);
            for (int update = 0; update < options.Updates; update++)
            {
                using var scope = NewDisposeScope();
                (Tensor places, Tensor starts) = buffer.Draw(options.BatchSize, options.Restart);
                Tensor negative = LangevinSampler.Sample(energy.call, starts, options.Langevin, generator, cancellation: Token);
                buffer.Store(places, negative);
                optimizer.zero_grad();
                EnergyContrast.Loss(energy.call(negative), energy.call(data[..options.BatchSize]), options.Alpha).backward();
                optimizer.step();
            }
        }).OnMode, 0, 0.5);

    [Fact]
    public void Training_with_a_strong_regulariser_cannot_dig_valleys() => Assert.InRange(Trained(Short with { Alpha = 1 }).OnMode, 0, 0.6);

    private delegate void Training(EnergyNetwork energy, Tensor data, ReplayBuffer buffer, EbmOptions options, Generator generator);

    private static ModeCoverage Trained(EbmOptions options, Training? training = null)
    {
        var generator = new Generator(3);
        using GaussianMixture ring = GaussianMixture.Ring();
        using var energy = new EnergyNetwork(2, generator, width: 64, scale: 2);
        using var buffer = new ReplayBuffer(1000, 2, 5, generator);
        using var scope = NewDisposeScope();
        training ??= (e, data, b, o, g) => EbmTraining.Train(e, data, b, o, g, cancellation: Token);
        training(energy, ring.Sample(5000, generator), buffer, options, generator);
        Tensor samples = LangevinSampler.Sample(
            energy.call, ReplayBuffer.Noise(1000, 2, 5, generator), options.Langevin with { Steps = 150 }, generator, cancellation: Token);
        return ModeCoverage.Of(samples, ring.Means, 3 * ring.Deviation);
    }

    [Fact]
    public void Training_does_not_grow_its_number_of_tensors_and_reports_every_update()
    {
        var generator = new Generator(1);
        using var energy = new EnergyNetwork(2, generator, width: 8);
        using var buffer = new ReplayBuffer(50, 2, 3, generator);
        using Tensor data = randn(40, 2, generator: generator);
        var counts = new List<long>();
        var reports = new Reports();
        EbmTraining.Train(
            energy, data, buffer, Short with { Updates = 12, BatchSize = 10, DataNoise = 0.1 }, generator, reports,
            _ => counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount), Token);
        Assert.All(counts.Skip(3), count => Assert.Equal(counts[2], count));
        Assert.Equal(Enumerable.Range(1, 12), reports.Select(report => report.Step));
    }

    [Fact]
    public void The_same_seed_trains_the_same_energy()
    {
        float[] Weights()
        {
            var generator = new Generator(1);
            using var energy = new EnergyNetwork(2, generator, width: 8);
            using var buffer = new ReplayBuffer(50, 2, 3, generator);
            using Tensor data = randn(40, 2, generator: generator);
            EbmTraining.Train(energy, data, buffer, Short with { Updates = 5, BatchSize = 10 }, generator, cancellation: Token);
            return [.. energy.parameters().SelectMany(p => p.data<float>().ToArray())];
        }
        Assert.Equal(Weights(), Weights());
    }

    [Fact]
    public void A_loss_that_turns_NaN_names_the_update()
    {
        var generator = new Generator(1);
        using var energy = new EnergyNetwork(2, generator, width: 8);
        using var buffer = new ReplayBuffer(50, 2, 3, generator);
        using Tensor data = full([40, 2], float.NaN);
        var error = Assert.Throws<InvalidOperationException>(() => EbmTraining.Train(
            energy, data, buffer, Short with { BatchSize = 10 }, generator, cancellation: Token));
        Assert.Contains("NaN at update 1:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        var generator = new Generator(1);
        using var energy = new EnergyNetwork(2, generator, width: 8);
        using var buffer = new ReplayBuffer(50, 3, 3, generator);
        var error = Assert.Throws<ArgumentException>(() => EbmTraining.Train(energy, zeros(9, 2), buffer, Short, generator, cancellation: Token));
        Assert.StartsWith("buffer has shape [50, 3], wanted [any, 2].", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("input has shape [9, 3]", Assert.Throws<ArgumentException>(() => energy.call(zeros(9, 3))).Message, StringComparison.Ordinal);
    }

    private sealed class Reports : List<TrainingProgress>, IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Add(value);
    }
}
