using Embodied.Objects.SelfTraining;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class SelfTrainingTests
{
    private const int Size = 32;
    private static readonly MaskDetectorOptions Small = new() { Width = 8, Features = 4, Most = 4 };
    private static readonly SelfTrainingOptions Short = new()
    {
        Rounds = 2, Confidence = 0.3, First = new() { Updates = 4, BatchSize = 4 }, Later = new() { Updates = 3, BatchSize = 4, DropTau = null },
    };

    // Bright discs over dim noise; labels are their boxes on a grid of 8. Two of five discs are missed, and every second image has a label on nothing.
    private static (Tensor Images, Tensor Truth, PseudoLabels Labels) Scenes(int count, int seed)
    {
        using var scope = NewDisposeScope();
        var random = new Random(seed);
        Tensor line = arange(Size, dtype: ScalarType.Float32) + 0.5;
        List<Tensor> images = [], truth = [];
        List<IReadOnlyList<bool[]>> labels = [];
        using var generator = new Generator((ulong)seed);
        for (int i = 0; i < count; i++)
        {
            Tensor image = 0.4 * rand([3, Size, Size], generator: generator);
            List<Tensor> masks = [];
            List<bool[]> coarse = [];
            for (int k = 0; k < 2; k++)
            {
                double r = 4 + 2 * random.NextDouble(), x = 8 + 16 * k + 2 * random.NextDouble() - 1, y = 8 + 16 * random.NextDouble();
                Tensor mask = ((line.view(1, Size) - x).square() + (line.view(Size, 1) - y).square()).lt(r * r);
                image = where(mask, 0.8 + 0.2 * image, image);
                masks.Add(mask);
                if (random.NextDouble() < 0.6)
                {
                    coarse.Add([.. Enumerable.Range(0, 64).Select(p => Math.Abs((p % 8 + 0.5) * 4 - x) < r - 0.5 && Math.Abs((p / 8 + 0.5) * 4 - y) < r - 0.5)]);
                }
            }
            if (random.NextDouble() < 0.5)
            {
                int left = random.Next(6), top = random.Next(6);
                coarse.Add([.. Enumerable.Range(0, 64).Select(p => p % 8 >= left && p % 8 < left + 3 && p / 8 >= top && p / 8 < top + 2)]);
            }
            images.Add(image);
            truth.Add(stack(masks));
            labels.Add(coarse);
        }
        PseudoLabels made = PseudoLabels.FromMasks(labels, 8, 8, Size);
        return (stack(images).MoveToOuterDisposeScope(), stack(truth).MoveToOuterDisposeScope(),
            new(made.Masks.MoveToOuterDisposeScope(), made.Scores.MoveToOuterDisposeScope()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Predictions_end_better_than_the_labels_and_of_other_images_labels_nothing_is_learned(int seed)
    {
        (Tensor images, _, PseudoLabels labels) = Scenes(96, seed);
        (Tensor unseen, Tensor truth, PseudoLabels theirs) = Scenes(48, seed + 100);
        double After(PseudoLabels taught)
        {
            using var generator = new Generator((ulong)seed);
            using MaskDetector detector = new(Small, generator);
            SelfTrainingOptions options = Short with
            {
                First = Short.First with { Updates = 160, BatchSize = 8 }, Later = Short.Later with { Updates = 60, BatchSize = 8 },
            };
            SelfTrainingRounds.Run(detector, images, taught, options, generator, cancellation: TestContext.Current.CancellationToken);
            using PseudoLabels found = detector.Find(unseen);
            return DetectionScores.Of(found, truth).AP50;
        }
        double before = DetectionScores.Of(theirs, truth).AP50, after = After(labels);
        Assert.True(after > 1.2 * before, $"AP50 went from {before:F3} to {after:F3}");
        using var order = new Generator(9);
        using PseudoLabels shuffled = labels.Of(randperm(96, generator: order));
        double broken = After(shuffled);
        Assert.True(broken < before, $"with shuffled labels AP50 is {broken:F3}, the labels have {before:F3}");
    }

    [Fact]
    public void Each_round_learns_from_the_one_before_and_every_update_is_reported()
    {
        (Tensor images, _, PseudoLabels labels) = Scenes(16, 3);
        using var generator = new Generator(1);
        using MaskDetector detector = new(Small, generator);
        Reports reports = [];
        List<(int Round, bool Given)> rounds = [];
        SelfTrainingRounds.Run(detector, images, labels, Short, generator, reports, (round, used) => rounds.Add((round, ReferenceEquals(used, labels))), TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(1, 7), reports.Select(report => report.Step));
        Assert.All(reports, report => Assert.Equal(7, report.Steps));
        Assert.Equal([(1, true), (2, false)], rounds);
        Assert.False(labels.Masks.IsInvalid);
    }

    [Fact]
    public void Labels_of_a_round_are_what_was_sure_in_the_one_before_and_the_older_ones_that_it_left()
    {
        (Tensor images, _, PseudoLabels labels) = Scenes(16, 8);
        using var generator = new Generator(1);
        using MaskDetector detector = new(Small, generator);
        const double Confidence = 0.6, Step = 0.2, Overlap = 0.3;
        SelfTrainingOptions options = Short with
        {
            Rounds = 4, Confidence = Confidence, ConfidenceStep = Step, ReplacedFrom = Overlap,
            First = Short.First with { Updates = 80, BatchSize = 8 }, Later = Short.Later with { Updates = 5, BatchSize = 8 },
        };
        List<List<(double Score, string Mask)>>? wanted = null;
        (int came, int stayed, int went, int between, int merged) = (0, 0, 0, 0, 0);
        SelfTrainingRounds.Run(detector, images, labels, options, generator, onRound: (round, used) =>
        {
            List<List<(double Score, string Mask)>> older = Of(used);
            if (wanted is not null)
            {
                merged++;
                Assert.All(wanted.Zip(older), pair => Assert.Equal(pair.First.Order(), pair.Second.Order()));
            }
            double confidence = Confidence - (round - 1) * Step;
            using PseudoLabels seen = detector.Find(images);
            wanted = [.. Of(seen).Zip(older, (predictions, before) =>
            {
                List<(double, string Mask)> sure = [.. predictions.Where(p => p.Score >= confidence)];
                List<(double, string)> left = [.. before.Where(m => sure.All(p => IoU(m.Mask, p.Mask) < Overlap))];
                (came, stayed, went) = (came + sure.Count, stayed + left.Count, went + before.Count - left.Count);
                between += before.Count(m => sure.Any(p => IoU(m.Mask, p.Mask) >= Overlap) && sure.All(p => IoU(m.Mask, p.Mask) < 0.5));
                return sure.Concat(left).ToList();
            })];
        }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(3, merged);
        Assert.True(came > 0 && stayed > 0 && went > 0 && between > 0, $"{came} came, {stayed} stayed, {went} went, {between} of them with an IoU of 0.3 to 0.5");

        static List<List<(double Score, string Mask)>> Of(PseudoLabels labels) => [.. Enumerable.Range(0, labels.Count).Select(i =>
            Enumerable.Range(0, (int)labels.Masks.shape[1]).Where(k => labels.Scores[i, k].ToDouble() > 0)
                .Select(k => (labels.Scores[i, k].ToDouble(), string.Concat(labels.Masks[i, k].contiguous().data<bool>().Select(inside => inside ? 'x' : '.')))).ToList())];
        static double IoU(string a, string b) =>
            (double)a.Zip(b).Count(pair => pair.First == 'x' && pair.Second == 'x') / Math.Max(1, a.Zip(b).Count(pair => pair.First == 'x' || pair.Second == 'x'));
    }

    [Fact]
    public void The_number_of_tensors_does_not_grow()
    {
        (Tensor images, _, PseudoLabels labels) = Scenes(16, 4);
        using var generator = new Generator(1);
        using MaskDetector detector = new(Small, generator);
        List<long> counts = [];
        DetectorTraining.Run(detector, images, labels, Short.First with { Updates = 8 }, generator, onUpdate: _ => counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount), cancellation: TestContext.Current.CancellationToken);
        Assert.All(counts.Skip(3), count => Assert.Equal(counts[2], count));

        // Whole runs leave nothing behind: gradients were there before.
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        SelfTrainingRounds.Run(detector, images, labels, Short with { Rounds = 3 }, generator, cancellation: TestContext.Current.CancellationToken);
        detector.Find(images).Dispose();
        long once = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        SelfTrainingRounds.Run(detector, images, labels, Short with { Rounds = 3 }, generator, cancellation: TestContext.Current.CancellationToken);
        detector.Find(images).Dispose();
        Assert.Equal(before, once);
        Assert.Equal(once, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_seed_fixes_the_training()
    {
        (Tensor images, _, PseudoLabels labels) = Scenes(16, 5);
        double[] Losses()
        {
            using var generator = new Generator(7);
            using MaskDetector detector = new(Small, generator);
            Reports reports = [];
            SelfTrainingRounds.Run(detector, images, labels, Short, generator, reports, cancellation: TestContext.Current.CancellationToken);
            return [.. reports.Select(report => report.Loss)];
        }
        Assert.Equal(Losses(), Losses());
    }

    [Fact]
    public void A_loss_that_turns_NaN_names_round_and_update()
    {
        (Tensor images, _, PseudoLabels labels) = Scenes(16, 6);
        using var generator = new Generator(1);
        using MaskDetector detector = new(Small, generator);
        using Tensor broken = images * float.NaN;
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => SelfTrainingRounds.Run(detector, broken, labels, Short, generator, cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("Round 1: The detector's loss is NaN at update 1:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_stops_when_asked_and_refuses_what_does_not_fit()
    {
        (Tensor images, _, PseudoLabels labels) = Scenes(16, 7);
        using var generator = new Generator(1);
        using MaskDetector detector = new(Small, generator);
        Assert.Throws<OperationCanceledException>(() => SelfTrainingRounds.Run(detector, images, labels, Short, generator, cancellation: new CancellationToken(true)));
        Assert.Throws<ArgumentException>(() => SelfTrainingRounds.Run(detector, images[..8], labels, Short, generator, cancellation: TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentOutOfRangeException>(() => SelfTrainingRounds.Run(detector, images, labels, Short with { Rounds = 0 }, generator, cancellation: TestContext.Current.CancellationToken));
        using PseudoLabels none = new(labels.Masks.clone().zero_(), zeros_like(labels.Scores));
        Assert.Contains("0 of 16 images have labels", Assert.Throws<ArgumentException>(() => SelfTrainingRounds.Run(detector, images, none, Short, generator, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    private sealed class Reports : List<TrainingProgress>, IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Add(value);
    }
}
