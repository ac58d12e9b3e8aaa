using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using System.Text.Json;
using Embodied.Course.Commands;
using Embodied.Networks;
using Embodied.Planning.Grids;

namespace Embodied.Course.Training;

/// <summary>What the table holds.</summary>
internal sealed record VinTableOptions
{
    /// <summary>How each network is trained; its seed and number of maps, and whether kernels are tied, are the row's.</summary>
    public required ValueIterationTrainingOptions Training { get; init; }

    /// <summary>Highest learning rate of untied kernels: 0.02, which is right for tied ones, is too high for them.</summary>
    public double UntiedLearningRate { get; init; } = 1.2e-2;

    /// <summary>Seeds, from the training's on.</summary>
    public int Seeds { get; init; } = 3;

    /// <summary>Maps that no network is trained on, for the scores.</summary>
    public int HeldOut { get; init; } = 1_000;
}

/// <summary>
/// <c>course train vin</c>: a network for each seed, share of the data and kind of kernels. A row that is done stays done: interrupted, it goes on with the
/// first row that is not.
/// </summary>
/// <param name="places">Where.</param>
/// <param name="options">What.</param>
/// <param name="output">Told what happens.</param>
internal sealed class VinTableTraining(TrainingPlaces places, VinTableOptions options, TextWriter output)
{
    /// <summary>The seed of the maps that networks are scored on.</summary>
    internal const long HeldOutSeed = 1_000_003;

    private static readonly double[] Fractions = [0.2, 0.5, 1];

    private string Table => Path.Combine(places.Work, "rows.csv");

    /// <summary>Trains what is not there yet, and writes table, networks and card.</summary>
    /// <param name="fresh">Whether to begin anew although there are rows.</param>
    /// <param name="cancellation">Stops; the rows that are done stay.</param>
    /// <exception cref="CommandException">The rows are another table's, or damaged, or a loss turned NaN.</exception>
    /// <exception cref="InterruptedException">It was interrupted.</exception>
    public void Run(bool fresh, CancellationToken cancellation)
    {
        // As in LongTraining: collections on another thread may free a number that native code still reads.
        GCSettings.LatencyMode = GCLatencyMode.Batch;
        OutputFolder.Prepare(places.Work);
        OutputFolder.Prepare(places.Results);
        List<ValueIterationTableRow> rows = fresh ? [] : Resume();
        OutputFolder.Write(places.State, JsonSerializer.Serialize(options));
        int all = options.Seeds * Fractions.Length * 2;
        output.WriteLine($"{places.Name}: {all} trainings of {options.Training.Updates} updates, {rows.Count} done. Interrupted, it goes on with the first that is not; run it again.");
        using GridDemonstrations held = GridDemonstrations.Draw(options.HeldOut, options.Training.World, HeldOutSeed);
        foreach ((long seed, double fraction, bool tied) in Cells())
        {
            if (rows.Any(row => (row.Seed, row.Fraction, row.Tied) == (seed, fraction, tied)))
            {
                continue;
            }
            long begun = Stopwatch.GetTimestamp();
            ValueIterationTrainingOptions how = options.Training with
            {
                Seed = seed, Maps = (int)(fraction * options.Training.Maps), Network = options.Training.Network with { Tied = tied },
                LearningRate = tied ? options.Training.LearningRate : options.UntiedLearningRate,
            };
            try
            {
                using ValueIterationNetwork network = ValueIterationTraining.Run(how, cancellation: cancellation);
                TimeSpan time = Stopwatch.GetElapsedTime(begun);
                rows.Add(new(fraction, tied, seed, PolicyScores.Of(network, held), time.TotalSeconds));
                Checkpoint.Save(Weights(rows[^1]), network);
            }
            catch (OperationCanceledException e)
            {
                throw new InterruptedException($"Interrupted with {rows.Count} of {all} trainings done; the same command goes on from there.", e);
            }
            catch (InvalidOperationException e)
            {
                throw CommandException.Failure($"{e.Message} The {rows.Count} trainings before it are kept in {Table}.");
            }
            OutputFolder.Write(Table, Csv(rows));
            output.WriteLine(Line(rows[^1], rows.Count, all));
        }
        ValueIterationTableRow[] sorted = [.. rows.OrderBy(row => row.Fraction).ThenByDescending(row => row.Tied).ThenBy(row => row.Seed)];
        OutputFolder.Write(places.Curve, Csv(sorted));
        List<string> written = [places.Curve, places.Card];
        foreach (bool tied in (bool[])[true, false])
        {
            string to = tied ? places.Weights : Path.Combine(places.Results, places.Name + "-untied.safetensors");
            OutputFolder.Copy(Weights(Middle(sorted, tied)), to);
            written.Add(to);
        }
        OutputFolder.Write(places.Card, VinCard.Of(places.Name, options, sorted));
        DataSums.Update(written);
        output.WriteLine($"Written to {places.Results}.");
    }

    /// <summary>The row, of those with all the data, that is the middle one in success: a network that is neither lucky nor unlucky.</summary>
    internal static ValueIterationTableRow Middle(IReadOnlyList<ValueIterationTableRow> rows, bool tied)
    {
        ValueIterationTableRow[] of = [.. rows.Where(row => row.Tied == tied && row.Fraction == 1).OrderBy(row => row.Scores.Success)];
        return of[of.Length / 2];
    }

    private IEnumerable<(long Seed, double Fraction, bool Tied)> Cells() =>
        from seed in Enumerable.Range(0, options.Seeds)
        from fraction in Fractions.Reverse()
        from tied in (bool[])[true, false]
        select (options.Training.Seed + seed, fraction, tied);

    private List<ValueIterationTableRow> Resume()
    {
        if (!File.Exists(places.State) || !File.Exists(Table))
        {
            return [];
        }
        if (File.ReadAllText(places.State) != JsonSerializer.Serialize(options))
        {
            throw CommandException.Misuse($"'{places.Work}' holds a table with other options; take '--fresh' to begin anew, or the options of '{places.State}' to go on.");
        }
        try
        {
            // A row without its network is done again.
            return [.. ValueIterationTableRow.Read(Table).Where(row => File.Exists(Weights(row)))];
        }
        catch (FormatException e)
        {
            throw CommandException.Failure($"'{places.Work}' cannot be gone on with ({e.Message.TrimEnd('.')}); take '--fresh' to begin anew.");
        }
    }

    private string Weights(ValueIterationTableRow row) => Path.Combine(
        places.Work, string.Create(CultureInfo.InvariantCulture, $"{(row.Tied ? "tied" : "untied")}-{100 * row.Fraction:0}-{row.Seed}.safetensors"));

    private static string Csv(IEnumerable<ValueIterationTableRow> rows) =>
        string.Join('\n', [ValueIterationTableRow.CsvHeading, .. rows.Select(row => row.ToCsv()), ""]);

    private static string Line(ValueIterationTableRow row, int done, int all) => string.Create(
        CultureInfo.InvariantCulture,
        $"{done} of {all}: {(row.Tied ? "tied" : "untied")}, {100 * row.Fraction:0} % of the data, seed {row.Seed}: success {100 * row.Scores.Success:0.0} %, prediction loss {row.Scores.PredictionLoss:0.000}, trajectory difference {row.Scores.TrajectoryDifference:0.000}; {row.Seconds / 60:0.0} min");
}
