using System.Diagnostics;
using Embodied.Networks;
using Embodied.SelfSupervised;
using static TorchSharp.torch;

namespace Embodied.Benchmarks;

/// <summary>
/// A whole training step of DINO (student, teacher, loss, centre, clipping, AdamW, moving average) against the bare passes of its networks over the same
/// views, in turns in one run: <c>dotnet run -c Release --project tests/Embodied.Benchmarks -- dino-step</c>.
/// </summary>
internal static class DinoStep
{
    private const int Batch = 16, LocalViews = 6, Rounds = 5, Attempts = 3;
    private const double Promised = 1.10;

    /// <summary>Prints the comparison; 0 when a step takes no more than what is promised beyond the bare passes, else 1.</summary>
    public static int Run()
    {
        var generator = new Generator(1);
        using ProjectedEncoder student = Network(generator), teacher = Network(generator);
        using var dino = new Dino(student, teacher, new());
        using var training = new SelfSupervisedTraining(dino, SelfSupervisedOptions.Dino);
        using var scope = NewDisposeScope();
        Tensor[] global = [.. Enumerable.Range(0, 2).Select(_ => rand([Batch, 3, 64, 64], generator: generator))];
        Tensor[] local = [.. Enumerable.Range(0, LocalViews).Select(_ => rand([Batch, 3, 32, 32], generator: generator))];
        ViewBatch views = new([.. global, .. local], arange(Batch));
        Tensor largeViews = cat(global), smallViews = cat(local);

        // A neighbour may disturb one measurement; it does not disturb three.
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            double step = double.PositiveInfinity, passes = double.PositiveInfinity;
            for (int round = 0; round < Rounds; round++)
            {
                // The fastest of each: what is slower was waiting for others.
                step = Math.Min(step, Seconds(() => training.Update(views)));
                passes = Math.Min(passes, Seconds(() => Passes(student, teacher, largeViews, smallViews)));
            }
            Console.WriteLine(FormattableString.Invariant(
                $"{Batch} images, 2 crops of 64 px and {LocalViews} of 32 px: a step {1000 * step:0} ms, the bare passes {1000 * passes:0} ms, {step / passes:0.000} times (promised {Promised:0.00}), {Batch / step:0.0} images/s"));
            if (step / passes <= Promised)
            {
                return 0;
            }
        }
        return 1;
    }

    private static ProjectedEncoder Network(Generator generator) =>
        new(new VisionTransformer(VisionTransformerOptions.Small64, generator), new DinoHead(VisionTransformerOptions.Small64.Width, DinoHeadOptions.Small, generator));

    // Forward and backward of the student on all views, forward of the teacher on the global ones; the loss is a sum.
    private static void Passes(ProjectedEncoder student, ProjectedEncoder teacher, Tensor large, Tensor small)
    {
        using var scope = NewDisposeScope();
        student.zero_grad();
        using (no_grad())
        {
            teacher.call(large);
        }
        (student.call(large).sum() + student.call(small).sum()).backward();
    }

    private static double Seconds(Action action)
    {
        long begun = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }
}
