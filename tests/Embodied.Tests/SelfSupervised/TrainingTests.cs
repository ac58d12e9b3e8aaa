using Embodied.Networks;
using Embodied.SelfSupervised;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.SelfSupervised;

public sealed class TrainingTests : IDisposable
{
    private static readonly SelfSupervisedOptions Short = new() { Updates = 8, BatchSize = 8, WarmUp = 2, ClipNorm = 1 };

    private readonly string folder = Directory.CreateTempSubdirectory("training-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    public static TheoryData<string> Methods => [.. Tiny.Methods.Keys];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Training_does_not_grow_its_number_of_tensors_and_reports_every_update(string name)
    {
        var generator = new Generator(1);
        using SelfSupervisedMethod method = Tiny.Methods[name](generator);
        using Tensor images = rand([40, 1, 8, 8], generator: generator);
        List<long> counts = [];
        Reports reports = [];
        using var training = new SelfSupervisedTraining(method, Short);
        training.Run(images, Tiny.Views(name), generator, reports, _ => counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        Assert.All(counts.Skip(3), count => Assert.Equal(counts[2], count));
        Assert.Equal(Enumerable.Range(1, 8), reports.Select(report => report.Step));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_training_that_was_saved_and_loaded_ends_where_an_uninterrupted_one_does(string name)
    {
        string path = Path.Combine(folder, "training.safetensors");
        using Tensor images = rand([40, 1, 8, 8], generator: new Generator(1));
        SelfSupervisedOptions options = Short with { Optimizer = name == "dino" ? SelfSupervisedOptimizer.AdamW : SelfSupervisedOptimizer.Sgd, LearningRate = 0.01 };

        var generator = new Generator(2);
        using SelfSupervisedMethod whole = Tiny.Methods[name](generator);
        using (var training = new SelfSupervisedTraining(whole, options))
        {
            training.Run(images, Tiny.Views(name), generator, onUpdate: step =>
            {
                if (step == 3)
                {
                    training.Save(path, generator);
                }
            });
        }
        var other = new Generator(9);
        using SelfSupervisedMethod resumed = Tiny.Methods[name](other);
        // A method may draw noise from the generator it was made with: the training is given the same one.
        using (var training = new SelfSupervisedTraining(resumed, options))
        {
            training.Load(path, other);
            Assert.Equal(3, training.Step);
            training.Run(images, Tiny.Views(name), other);
        }
        Assert.Equal(State(whole), State(resumed));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void The_same_seed_trains_the_same_networks(string name)
    {
        float[] Trained()
        {
            var generator = new Generator(2);
            using Tensor images = rand([40, 1, 8, 8], generator: generator);
            using SelfSupervisedMethod method = Tiny.Methods[name](generator);
            using var training = new SelfSupervisedTraining(method, Short with { Updates = 3 });
            training.Run(images, Tiny.Views(name), generator);
            return State(method);
        }
        Assert.Equal(Trained(), Trained());
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void The_gradient_reaches_every_trained_parameter_and_no_target(string name)
    {
        var generator = new Generator(1);
        using SelfSupervisedMethod method = Tiny.Methods[name](generator);
        using Tensor images = rand([8, 1, 8, 8], generator: generator);
        method.Begin(4, 8);
        method.Loss(new(Tiny.Views(name)(images, generator), arange(8))).backward();
        foreach ((string parameter, var value) in method.named_parameters())
        {
            bool target = parameter.StartsWith("teacher.", StringComparison.Ordinal) || parameter.StartsWith("target.", StringComparison.Ordinal)
                || parameter.StartsWith("key.", StringComparison.Ordinal);
            Assert.Equal(!target, value.requires_grad);
            Assert.True(!target == (value.grad is not null && value.grad.abs().max().ToDouble() > 0), parameter);
        }
    }

    [Fact]
    public void Targets_follow_their_networks_after_an_update_with_the_momentum_of_the_step()
    {
        var generator = new Generator(1);
        using var method = (Dino)Tiny.Methods["dino"](generator);
        using Tensor images = rand([40, 1, 8, 8], generator: generator);
        using var training = new SelfSupervisedTraining(method, Short);
        Tensor first = method.Teacher.parameters().First(p => p.dim() > 1), student = method.Student.parameters().First(p => p.dim() > 1);
        for (int step = 0; step < 8; step++)
        {
            Tensor before = first.clone();
            training.Update(new(Tiny.Views("dino")(images[..8], generator), arange(8)));
            double m = new CosineSchedule(0.996, 1, 8).At(step);
            Assert.Equal(m, method.TeacherMomentum, 1e-12);
            Assert.True(allclose(first, m * before + (1 - m) * student, 1e-6, 1e-7));
        }
        Assert.Equal(1, method.TeacherMomentum);
    }

    [Fact]
    public void The_teachers_temperature_rises_linearly_and_stays()
    {
        var generator = new Generator(1);
        using var method = new Dino(Tiny.DinoNetwork(generator), Tiny.DinoNetwork(generator), new() { FirstTeacherTemperature = 0.02, TeacherTemperature = 0.06, TemperatureWarmUp = 0.5 });
        foreach ((int step, double expected) in ((int, double)[])[(0, 0.02), (25, 0.04), (50, 0.06), (100, 0.06)])
        {
            method.Begin(step, 101);
            Assert.Equal(expected, method.TeacherTemperature, 1e-12);
        }
    }

    [Fact]
    public void Prototypes_are_held_at_first_and_move_later()
    {
        var generator = new Generator(1);
        using var method = new Dino(Tiny.DinoNetwork(generator), Tiny.DinoNetwork(generator), new() { FrozenPrototypes = 0.5 });
        using Tensor images = rand([8, 1, 8, 8], generator: generator);
        using var training = new SelfSupervisedTraining(method, Short with { WeightDecay = 0 });
        Tensor prototypes = ((DinoHead)method.Student.Head).Prototypes, before = prototypes.clone();
        for (int step = 0; step < 4; step++)
        {
            training.Update(new(Tiny.Views("dino")(images, generator), arange(8)));
        }
        Assert.True(before.eq(prototypes).all().item<bool>());
        training.Update(new(Tiny.Views("dino")(images, generator), arange(8)));
        Assert.False(before.eq(prototypes).all().item<bool>());
    }

    [Fact]
    public void A_bank_and_a_queue_take_the_embeddings_in_after_the_update()
    {
        var generator = new Generator(1);
        using Tensor images = rand([8, 1, 8, 8], generator: generator);
        using var bank = (MemoryBankMethod)Tiny.Methods["bank"](generator);
        Tensor before = bank.Bank.clone();
        bank.Loss(new([images], arange(8)));
        Assert.True(before.eq(bank.Bank).all().item<bool>());
        bank.AfterUpdate();
        Assert.Equal(8, before.ne(bank.Bank).any(1).sum().item<long>());
        Assert.True(bank.Z > 0);

        using var moco = (Moco)Tiny.Methods["moco"](generator);
        moco.Loss(new([images, images], arange(8)));
        Assert.Equal(0, moco.Queue.Place);
        moco.AfterUpdate();
        Assert.Equal(8, moco.Queue.Place);
    }

    [Fact]
    public void A_loss_that_turns_NaN_names_the_update_and_changes_nothing()
    {
        var generator = new Generator(1);
        using SelfSupervisedMethod method = Tiny.Methods["moco"](generator);
        using var training = new SelfSupervisedTraining(method, Short);
        float[] before = [.. method.parameters().SelectMany(p => p.data<float>().ToArray())];
        using Tensor images = full([40, 1, 8, 8], float.NaN);
        var error = Assert.Throws<InvalidOperationException>(() => training.Run(images, Tiny.Views("moco"), generator));
        Assert.Contains("Moco is NaN at update 1:", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, method.parameters().SelectMany(p => p.data<float>().ToArray()));
    }

    [Fact]
    public void Training_stops_when_asked_and_wrong_views_are_named()
    {
        var generator = new Generator(1);
        using SelfSupervisedMethod method = Tiny.Methods["simclr"](generator);
        using var training = new SelfSupervisedTraining(method, Short);
        using Tensor images = rand(40, 1, 8, 8);
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => training.Run(images, Tiny.Views("simclr"), generator, onUpdate: step =>
        {
            if (step == 2)
            {
                source.Cancel();
            }
        }, cancellation: source.Token));
        Assert.Equal(2, training.Step);
        Assert.StartsWith("views holds 1, wanted 2.", Assert.Throws<ArgumentException>(() => training.Run(images, (x, _) => [x], generator)).Message, StringComparison.Ordinal);
        Assert.StartsWith("images has shape [3, 1, 8, 8], wanted at least 8 rows", Assert.Throws<ArgumentException>(
            () => training.Run(images[..3], Tiny.Views("simclr"), generator)).Message, StringComparison.Ordinal);
    }

    private static float[] State(nn.Module method) =>
        [.. method.state_dict().OrderBy(p => p.Key, StringComparer.Ordinal).SelectMany(p => p.Value.detach().to(ScalarType.Float32).contiguous().data<float>().ToArray())];

    private sealed class Reports : List<TrainingProgress>, IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Add(value);
    }
}
