using System.Globalization;
using Embodied.Course.Commands;
using Embodied.Evaluation;
using Embodied.Networks;
using Embodied.SelfSupervised;
using static TorchSharp.torch;

namespace Embodied.Course.Training;

/// <summary><c>course train dino</c>.</summary>
/// <param name="places">Where.</param>
/// <param name="options">How.</param>
/// <param name="output">Told what happens.</param>
/// <param name="curveOnly">Whether only the curve is written, and no network.</param>
internal sealed class DinoTraining(TrainingPlaces places, DinoPretrainingOptions options, TextWriter output, bool curveOnly)
    : LongTraining<DinoPretraining, DinoPretrainingOptions, DinoCurvePoint>(places, options, output), IDisposable
{
    private readonly SpriteEvaluation evaluation = new(new() { Scene = new() { Size = options.Network.ImageSize } });
    private RepresentationScores? untrained;

    protected override int Updates => Options.Updates;

    protected override string Plan => $"{Options.Updates} updates of {Options.BatchSize} objects, recipe {Options.Recipe}";

    protected override string CurveHeading => DinoCurvePoint.CsvHeading;

    public void Dispose() => evaluation.Dispose();

    protected override DinoPretraining Begin()
    {
        DinoPretraining training = new(Options);
        untrained = curveOnly ? null : evaluation.Of(training.Encoder);
        return training;
    }

    protected override void Train(DinoPretraining training, IProgress<TrainingProgress> progress, Action<DinoCurvePoint> onCurve, CancellationToken cancellation) =>
        training.Run(evaluation, progress, onCurve, cancellation);

    protected override string Describe(DinoCurvePoint point)
    {
        string distilled = double.IsNaN(point.Entropy) ? "" : string.Create(CultureInfo.InvariantCulture, $"entropy {point.Entropy:0.00}, divergence {point.Divergence:0.00}, ");
        string loss = double.IsNaN(point.Loss) ? "" : string.Create(CultureInfo.InvariantCulture, $"loss {point.Loss:0.000}, ");
        return string.Create(CultureInfo.InvariantCulture, $"{loss}{distilled}retrieval {point.Instances:0.000} seen, {point.HeldOut:0.000} held out");
    }

    protected override IReadOnlyList<string> Finish(DinoPretraining training, TimeSpan time)
    {
        if (untrained is null)
        {
            return [];
        }
        VisionTransformer encoder = training.Encoder;
        // Half precision: the file is half as large, and features change in the fourth digit.
        VisionTransformerFile.Save(
            Places.Weights, encoder, ScalarType.Float16,
            new Dictionary<string, string>
            {
                ["updates"] = Options.Updates.ToString(CultureInfo.InvariantCulture),
                ["recipe"] = Options.Recipe.ToString(),
            });
        OutputFolder.Write(Places.Card, DinoCard.Of(Places.Name, Options, time, evaluation.OfPixels(), untrained, evaluation.Of(encoder)));
        return [Places.Weights, Places.Card];
    }
}
