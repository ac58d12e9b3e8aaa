using System.Globalization;
using Embodied.Networks;
using Embodied.Objects.Slots;

namespace Embodied.Course.Training;

/// <summary><c>course train slots</c>.</summary>
/// <param name="places">Where.</param>
/// <param name="options">How.</param>
/// <param name="output">Told what happens.</param>
internal sealed class SlotLongTraining(TrainingPlaces places, SlotTrainingOptions options, TextWriter output)
    : LongTraining<SlotTraining, SlotTrainingOptions, SlotCurvePoint>(places, options, output)
{
    private const int Scenes = 1024;

    protected override int Updates => Options.Updates;

    protected override string Plan => $"{Options.Updates} updates of {Options.BatchSize} scenes, {Options.Network.Slots} slots";

    protected override string CurveHeading => SlotCurvePoint.CsvHeading;

    protected override SlotTraining Begin() => new SlotTraining(Options);

    protected override void Train(SlotTraining training, IProgress<TrainingProgress> progress, Action<SlotCurvePoint> onCurve, CancellationToken cancellation) =>
        training.Run(progress, onCurve, cancellation);

    protected override string Describe(SlotCurvePoint point)
    {
        string loss = double.IsNaN(point.Loss) ? "" : string.Create(CultureInfo.InvariantCulture, $"loss {point.Loss:0.00000}, ");
        return string.Create(CultureInfo.InvariantCulture, $"{loss}foreground ARI {point.Ari:0.000}, sharpness {point.Sharpness:0.000}");
    }

    protected override IReadOnlyList<string> Finish(SlotTraining training, TimeSpan time)
    {
        SlotAutoencoder network = training.Network;
        Checkpoint.Save(Places.Weights, network);
        // Scenes that neither the training nor its curve has seen.
        using SlotScenes scenes = SlotScenes.Draw(Options.Data, Scenes, Options.Seed + 1, heldOut: true);
        using SlotTraining untrained = new(Options);
        Commands.OutputFolder.Write(
            Places.Card, SlotCard.Of(Places.Name, Options, time, Scenes, SlotScores.Of(untrained.Network, scenes), SlotScores.Of(network, scenes)));
        return [Places.Weights, Places.Card];
    }
}
