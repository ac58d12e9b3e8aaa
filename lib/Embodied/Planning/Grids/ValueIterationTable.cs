using System.Globalization;

namespace Embodied.Planning.Grids;

/// <summary>One training of the table that compares tied with untied kernels on less and more data.</summary>
/// <param name="Fraction">The share of the maps that it learned from.</param>
/// <param name="Tied">Whether all sweeps share their kernels.</param>
/// <param name="Seed">Where weights, maps and demonstrations came from.</param>
/// <param name="Scores">On maps that it was not trained on.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record ValueIterationTableRow(double Fraction, bool Tied, long Seed, PolicyScores Scores, double Seconds)
{
    /// <summary>The heading of <see cref="ToCsv"/>'s columns.</summary>
    public const string CsvHeading = "fraction,kernels,seed,prediction_loss,wrong_moves,success,trajectory_difference,seconds";

    /// <summary>The row as a line of a table.</summary>
    public string ToCsv() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Fraction},{(Tied ? "tied" : "untied")},{Seed},{Scores.PredictionLoss:0.#####},{Scores.WrongMoves:0.#####},{Scores.Success:0.#####},{Scores.TrajectoryDifference:0.#####},{Seconds:0}");

    /// <summary>Reads what <see cref="ToCsv"/> wrote.</summary>
    /// <param name="line">A line.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static ValueIterationTableRow Parse(string line)
    {
        string[] cells = line.Split(',');
        if (cells.Length != 8 || cells[1] is not ("tied" or "untied"))
        {
            throw new FormatException($"'{line}' is no row of the table, wanted {CsvHeading}.");
        }
        double Number(int column) => double.Parse(cells[column], CultureInfo.InvariantCulture);
        return new(
            Number(0), cells[1] == "tied", long.Parse(cells[2], CultureInfo.InvariantCulture), new(Number(3), Number(4), Number(5), Number(6)), Number(7));
    }

    /// <summary>Reads a table.</summary>
    /// <param name="path">A file of <see cref="CsvHeading"/> and rows.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static IReadOnlyList<ValueIterationTableRow> Read(string path)
    {
        string[] lines = File.ReadAllLines(path);
        return lines is [CsvHeading, .. string[] rows] ? [.. rows.Select(Parse)] : throw new FormatException($"'{path}' is no table of value iteration networks, wanted {CsvHeading}.");
    }
}
