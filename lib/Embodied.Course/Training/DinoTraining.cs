using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Embodied.Course.Commands;
using Embodied.Evaluation;
using Embodied.Networks;
using Embodied.SelfSupervised;
using static TorchSharp.torch;

namespace Embodied.Course.Training;

/// <summary>Where a training keeps its state, and where its results go.</summary>
/// <param name="Name">What its files are called.</param>
/// <param name="Work">Checkpoint, curve so far, options: what it takes to go on.</param>
/// <param name="Results">Network, curve and model card, when it is done.</param>
internal sealed record TrainingPlaces(string Name, string Work, string Results)
{
    public string Checkpoint => Path.Combine(Work, "checkpoint.safetensors");

    public string State => Path.Combine(Work, "training.json");

    public string Weights => Path.Combine(Results, Name + ".safetensors");

    public string Curve => Path.Combine(Results, Name + ".csv");

    public string Card => Path.Combine(Results, Name + ".md");
}

/// <summary>What a training needs to know of itself to go on, beside its checkpoint.</summary>
/// <param name="Options">How it was begun.</param>
/// <param name="Seconds">How long it has run.</param>
/// <param name="Curve">The curve so far.</param>
internal sealed record TrainingState(DinoPretrainingOptions Options, double Seconds, IReadOnlyList<DinoCurvePoint> Curve);

/// <summary>
/// <c>course train dino</c>: trains, saves every few minutes and when interrupted, goes on where it stopped, and writes the network with its
/// curve and model card.
/// </summary>
internal sealed class DinoTraining(TrainingPlaces places, DinoPretrainingOptions options, TextWriter output)
{
    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(5);
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Trains to the end.</summary>
    /// <param name="fresh">Whether to begin anew although there is a checkpoint.</param>
    /// <param name="curveOnly">Whether only the curve is written, and no network.</param>
    /// <param name="cancellation">Saves and stops.</param>
    /// <exception cref="CommandException">The checkpoint is another training's, or damaged, or the loss turned NaN.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted, and has saved.</exception>
    public void Run(bool fresh, bool curveOnly, CancellationToken cancellation)
    {
        OutputFolder.Prepare(places.Work);
        OutputFolder.Prepare(places.Results);
        using DinoPretraining training = new(options);
        using SpriteEvaluation evaluation = new(new() { Scene = new() { Size = options.Network.ImageSize } });
        RepresentationScores? untrained = curveOnly ? null : evaluation.Of(training.Encoder);
        TrainingState before = fresh ? new(options, 0, []) : Resume(training);
        List<DinoCurvePoint> curve = [.. before.Curve];
        long begun = Stopwatch.GetTimestamp(), saved = begun;
        int first = training.Step;
        output.WriteLine(training.Step == 0
            ? $"Training {places.Name}: {options.Updates} updates of {options.BatchSize} objects, recipe {options.Recipe}. It saves every {SaveEvery.TotalMinutes:0} minutes in {places.Work}; run it again to go on."
            : $"Going on with {places.Name} at update {training.Step} of {options.Updates}.");
        try
        {
            training.Run(evaluation, new Saving(() =>
            {
                if (Stopwatch.GetElapsedTime(saved) > SaveEvery)
                {
                    Save();
                    saved = Stopwatch.GetTimestamp();
                }
            }), point =>
            {
                curve.Add(point);
                output.WriteLine(Line(point, Stopwatch.GetElapsedTime(begun), point.Update - first));
            }, cancellation);
        }
        catch (OperationCanceledException)
        {
            Save();
            output.WriteLine($"Saved at update {training.Step} of {options.Updates}; run the same command again to go on.");
            throw;
        }
        catch (InvalidOperationException e)
        {
            throw CommandException.Failure($"{e.Message} The last checkpoint is whole: {places.Checkpoint}.");
        }
        Save();

        OutputFolder.Write(places.Curve, string.Join('\n', [DinoCurvePoint.CsvHeading, .. curve.Select(point => point.ToCsv()), ""]));
        if (untrained is not null)
        {
            SaveEncoder(training.Encoder);
            OutputFolder.Write(places.Card, ModelCard.Of(
                places.Name, options, TimeSpan.FromSeconds(Seconds()), evaluation.OfPixels(), untrained, evaluation.Of(training.Encoder)));
        }
        DataSums.Update([places.Curve, .. curveOnly ? (string[])[] : [places.Weights, places.Card]]);
        output.WriteLine($"Written to {places.Results}.");

        double Seconds() => before.Seconds + Stopwatch.GetElapsedTime(begun).TotalSeconds;

        // The state first: a checkpoint that is newer than its curve would leave a gap, the other way round a few points are measured again.
        void Save()
        {
            OutputFolder.Write(places.State, JsonSerializer.Serialize(new TrainingState(options, Seconds(), curve), Json));
            training.Save(places.Checkpoint);
        }
    }

    private TrainingState Resume(DinoPretraining training)
    {
        if (!File.Exists(places.State) || !File.Exists(places.Checkpoint))
        {
            return new(options, 0, []);
        }
        try
        {
            TrainingState state = JsonSerializer.Deserialize<TrainingState>(File.ReadAllText(places.State), Json) ?? throw new JsonException("it is empty");
            if (state.Options != options)
            {
                throw CommandException.Misuse($"'{places.Work}' holds a training with other options; take '--fresh' to begin anew, or the options of '{places.State}' to go on.");
            }
            training.Load(places.Checkpoint);
            return state with { Curve = [.. state.Curve.Where(point => point.Update <= training.Step)] };
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw CommandException.Failure($"'{places.Work}' cannot be gone on with ({e.Message.TrimEnd('.')}); take '--fresh' to begin anew.");
        }
    }

    // Half precision: the file is half as large, and features change in the fourth digit.
    private void SaveEncoder(VisionTransformer encoder) => VisionTransformerFile.Save(
        places.Weights, encoder, ScalarType.Float16,
        new Dictionary<string, string>
        {
            ["updates"] = options.Updates.ToString(CultureInfo.InvariantCulture),
            ["recipe"] = options.Recipe.ToString(),
        });

    private string Line(DinoCurvePoint point, TimeSpan elapsed, int done)
    {
        string distilled = double.IsNaN(point.Entropy) ? "" : string.Create(CultureInfo.InvariantCulture, $"entropy {point.Entropy:0.00}, divergence {point.Divergence:0.00}, ");
        string loss = double.IsNaN(point.Loss) ? "" : string.Create(CultureInfo.InvariantCulture, $"loss {point.Loss:0.000}, ");
        string left = done > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {elapsed.TotalMinutes:0} min, {elapsed.TotalMinutes / done * (options.Updates - point.Update):0} min left") : "";
        return string.Create(
            CultureInfo.InvariantCulture, $"update {point.Update}: {loss}{distilled}retrieval {point.Instances:0.000} seen, {point.HeldOut:0.000} held out{left}");
    }

    private sealed class Saving(Action save) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => save();
    }
}
