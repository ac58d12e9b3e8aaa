using System.Globalization;
using Embodied.Planning.Grids;

namespace Embodied.Course.Training;

/// <summary>The page that ships beside the table of value iteration networks.</summary>
internal static class VinCard
{
    /// <summary>The page, in Markdown.</summary>
    public static string Of(string name, VinTableOptions options, IReadOnlyList<ValueIterationTableRow> rows)
    {
        ValueIterationTrainingOptions how = options.Training;
        int side = how.World.Side;
        ValueIterationTrainingOptions standard = ValueIterationTrainingOptions.Of(side);
        return string.Create(CultureInfo.InvariantCulture, $"""
            # {name}

            Value iteration networks (Tamar et al. 2016) for maps of {side} × {side} cells, {how.Network.Sweeps} sweeps, {how.Network.Actions} channels: `{name}.safetensors` has the same kernels in all sweeps, `{name}-untied.safetensors` its own in each.
            Both learned from all the data; of {options.Seeds} seeds it is the middle one in success. `{name}.csv` is the table of all {rows.Count} trainings.

            ## How it was made

            - Command: `dotnet run -c Release --project lib/Embodied.Course -- train vin --side {side} --updates {how.Updates} --seeds {options.Seeds}{(how.Maps == standard.Maps ? "" : $" --maps {how.Maps}")}{(how.Seed == standard.Seed ? "" : $" --seed {how.Seed}")}`
            - Data: up to {how.Maps} maps with {how.Trajectories} demonstrations each (`GridDemonstrations`): up to {how.World.Obstacles} obstacles of up to {how.World.ObstacleSide} × {how.World.ObstacleSide} cells, a wall around the map. The expert walks shortest paths, diagonal steps √2; of several best moves it picks one by chance.
            - Recipe: in all demonstrated steps {(how.AnyBestMove ? "minus the logarithm of the probability of making any of the best moves" : "cross-entropy with the expert's move")}; Adam, highest learning rate {how.LearningRate} for tied and {options.UntiedLearningRate} for untied kernels (the best of 0.003, 0.007, 0.012 and 0.02 for untied kernels on maps of 16 cells, one seed each), half a cosine to nothing, gradients no longer than {how.ClipNorm}; {how.Updates} updates of {how.BatchSize} maps, whatever the share of the data; at most {rows.Max(row => row.Seconds) / 60:0.0} minutes each, on one core that it shared with other work.

            ## What it can do

            {options.HeldOut} maps that were not trained on; mean and, after ±, standard deviation over {options.Seeds} seeds. *Success*: the goal is reached without touching a wall, mean over all starts in a map, then over maps. *Trajectory difference*: how much longer the way is than the shortest, where it succeeds. *Prediction loss*: the move is not the expert's, in demonstrated steps; *wrong*: it begins no shortest path at all.

            | data | kernels | prediction loss | wrong | success | trajectory difference |
            |---|---|---|---|---|---|
            {string.Join('\n', rows.GroupBy(row => (row.Fraction, row.Tied)).Select(Row))}

            ## Limits

            The network looks as many steps ahead as it has sweeps: from farther away it does not see the goal. A move that hits a wall, or a cell that is come back to, counts as failure; nothing plans again.

            Licence: MIT, as the course.

            """);
    }

    private static string Row(IGrouping<(double Fraction, bool Tied), ValueIterationTableRow> rows)
    {
        string Of(Func<PolicyScores, double> score, double scale, string format)
        {
            double[] values = [.. rows.Select(row => scale * score(row.Scores))];
            double mean = values.Average(), spread = values.Length > 1 ? Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1)) : 0;
            return $"{mean.ToString(format, CultureInfo.InvariantCulture)} ± {spread.ToString(format, CultureInfo.InvariantCulture)}";
        }
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {100 * rows.Key.Fraction:0} % | {(rows.Key.Tied ? "tied" : "untied")} | {Of(s => s.PredictionLoss, 1, "0.000")} | {Of(s => s.WrongMoves, 1, "0.000")} | {Of(s => s.Success, 100, "0.0")} % | {Of(s => s.TrajectoryDifference, 1, "0.000")} |");
    }
}
