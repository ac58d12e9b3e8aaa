using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using System.Text.Json;
using System.Text.Json.Serialization;
using Embodied.Course.Commands;

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
internal sealed record TrainingState<TOptions, TPoint>(TOptions Options, double Seconds, IReadOnlyList<TPoint> Curve);

/// <summary>
/// What every <c>course train NAME</c> does: it trains, saves every few minutes and when interrupted, goes on where it stopped, and writes the network with its
/// curve and model card.
/// </summary>
/// <typeparam name="TTraining">What trains.</typeparam>
/// <typeparam name="TOptions">How a training is done: a record, so that another training's checkpoint is told from this one's.</typeparam>
/// <typeparam name="TPoint">A row of its curve.</typeparam>
internal abstract class LongTraining<TTraining, TOptions, TPoint>(TrainingPlaces places, TOptions options, TextWriter output)
    where TTraining : IResumableTraining
    where TOptions : IEquatable<TOptions>
    where TPoint : ICurvePoint
{
    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(5);
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Where.</summary>
    protected TrainingPlaces Places => places;

    /// <summary>How.</summary>
    protected TOptions Options => options;

    /// <summary>Updates in all.</summary>
    protected abstract int Updates { get; }

    /// <summary>What is done, for the first line: "3000 updates of 64 objects, recipe Joint".</summary>
    protected abstract string Plan { get; }

    /// <summary>The heading of the curve's columns.</summary>
    protected abstract string CurveHeading { get; }

    /// <summary>A training at its start.</summary>
    protected abstract TTraining Begin();

    /// <summary>Trains from where it is to the last update.</summary>
    protected abstract void Train(TTraining training, IProgress<TrainingProgress> progress, Action<TPoint> onCurve, CancellationToken cancellation);

    /// <summary>A row of the curve for a person to read, without update and time.</summary>
    protected abstract string Describe(TPoint point);

    /// <summary>Writes what was learned, and tells which files.</summary>
    /// <param name="training">The training, done.</param>
    /// <param name="time">How long it took.</param>
    protected abstract IReadOnlyList<string> Finish(TTraining training, TimeSpan time);

    /// <summary>Trains to the end.</summary>
    /// <param name="fresh">Whether to begin anew although there is a checkpoint.</param>
    /// <param name="cancellation">Saves and stops.</param>
    /// <exception cref="CommandException">The checkpoint is another training's, or damaged, or the loss turned NaN.</exception>
    /// <exception cref="InterruptedException">It was interrupted, and has saved.</exception>
    public void Run(bool fresh, CancellationToken cancellation)
    {
        // A number handed to TorchSharp becomes an object that a collection on another thread can free while native code still reads it: in a million operations
        // it happens. Collections that stop the training for their time come in between operations.
        GCSettings.LatencyMode = GCLatencyMode.Batch;
        OutputFolder.Prepare(places.Work);
        OutputFolder.Prepare(places.Results);
        using TTraining training = Begin();
        TrainingState<TOptions, TPoint> before = fresh ? new(options, 0, []) : Resume(training);
        List<TPoint> curve = [.. before.Curve];
        long begun = Stopwatch.GetTimestamp(), saved = begun;
        int first = training.Step;
        output.WriteLine(first == 0
            ? $"Training {places.Name}: {Plan}. It saves every {SaveEvery.TotalMinutes:0} minutes in {places.Work}; run it again to go on."
            : $"Going on with {places.Name} at update {first} of {Updates}.");
        try
        {
            Train(training, new Saving(() =>
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
        catch (OperationCanceledException e)
        {
            Save();
            throw new InterruptedException($"Interrupted, and saved at update {training.Step} of {Updates}; the same command goes on from there.", e);
        }
        catch (InvalidOperationException e)
        {
            throw CommandException.Failure($"{e.Message} The last checkpoint is whole: {places.Checkpoint}.");
        }
        Save();

        OutputFolder.Write(places.Curve, string.Join('\n', [CurveHeading, .. curve.Select(point => point.ToCsv()), ""]));
        DataSums.Update([places.Curve, .. Finish(training, TimeSpan.FromSeconds(Seconds()))]);
        output.WriteLine($"Written to {places.Results}.");

        double Seconds() => before.Seconds + Stopwatch.GetElapsedTime(begun).TotalSeconds;

        // The state first: a checkpoint that is newer than its curve would leave a gap, the other way round a few points are measured again.
        void Save()
        {
            OutputFolder.Write(places.State, JsonSerializer.Serialize(new TrainingState<TOptions, TPoint>(options, Seconds(), curve), Json));
            training.Save(places.Checkpoint);
        }
    }

    private TrainingState<TOptions, TPoint> Resume(TTraining training)
    {
        if (!File.Exists(places.State) || !File.Exists(places.Checkpoint))
        {
            return new(options, 0, []);
        }
        try
        {
            TrainingState<TOptions, TPoint> state = JsonSerializer.Deserialize<TrainingState<TOptions, TPoint>>(File.ReadAllText(places.State), Json) ?? throw new JsonException("it is empty");
            if (!state.Options.Equals(options))
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

    private string Line(TPoint point, TimeSpan elapsed, int done)
    {
        string left = done > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {elapsed.TotalMinutes:0} min, {elapsed.TotalMinutes / done * (Updates - point.Update):0} min left") : "";
        return string.Create(CultureInfo.InvariantCulture, $"update {point.Update}: {Describe(point)}{left}");
    }

    private sealed class Saving(Action save) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => save();
    }
}
