using System.Globalization;
using Embodied.Datasets;
using Embodied.Networks;
using Embodied.Objects.ComplexAutoencoders;
using static TorchSharp.torch;

namespace Embodied.Course.Training;

/// <summary><c>course train cae</c>.</summary>
/// <param name="places">Where.</param>
/// <param name="options">How.</param>
/// <param name="output">Told what happens.</param>
internal sealed class ComplexAutoencoderLongTraining(TrainingPlaces places, ComplexAutoencoderTrainingOptions options, TextWriter output)
    : LongTraining<ComplexAutoencoderTraining, ComplexAutoencoderTrainingOptions, ComplexAutoencoderCurvePoint>(places, options, output)
{
    private const int FinalScenes = 500;

    protected override int Updates => Options.Updates;

    protected override string Plan => $"{Options.Updates} updates of {Options.BatchSize} scenes, {Options.Data}";

    protected override string CurveHeading => ComplexAutoencoderCurvePoint.CsvHeading;

    protected override ComplexAutoencoderTraining Begin() => new ComplexAutoencoderTraining(Options);

    protected override void Train(ComplexAutoencoderTraining training, IProgress<TrainingProgress> progress, Action<ComplexAutoencoderCurvePoint> onCurve, CancellationToken cancellation) =>
        training.Run(progress, onCurve, cancellation);

    protected override string Describe(ComplexAutoencoderCurvePoint point) => string.Create(
        CultureInfo.InvariantCulture, $"error {point.Loss:0.00000}, ARI {point.Ari:0.000}, with background {point.AriWithBackground:0.000}, {point.Drawn:P0} of the objects drawn");

    protected override IReadOnlyList<string> Finish(ComplexAutoencoderTraining training, TimeSpan time)
    {
        ComplexAutoencoder network = training.Network;
        using var scope = NewDisposeScope();
        using Generator generator = new(ComplexAutoencoderTraining.HeldOutSeed + 1);
        ShapeSceneBatch scenes = new ShapeScenes(Options.Data, heldOut: true).Draw(FinalScenes, generator);
        Checkpoint.Save(Places.Weights, network, metadata: new Dictionary<string, string>
        {
            ["updates"] = Options.Updates.ToString(CultureInfo.InvariantCulture),
            ["data"] = Options.Data.ToString(),
        });
        Commands.OutputFolder.Write(Places.Card, ComplexAutoencoderCard.Of(Places.Name, Options, time, FinalScenes, ComplexAutoencoderTraining.Measure(network, scenes)));
        return [Places.Weights, Places.Card];
    }
}
