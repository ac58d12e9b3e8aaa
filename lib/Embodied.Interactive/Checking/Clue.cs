using System.Globalization;

namespace Embodied.Interactive;

/// <summary>What wrong numbers tell about the mistake.</summary>
internal static class Clue
{
    /// <summary>A hint; null when the numbers tell nothing.</summary>
    public static string? Of(double[] actual, double[] expected, double tolerance)
    {
        if (actual.Any(double.IsNaN) && !expected.Any(double.IsNaN))
        {
            return "is something divided by zero, or the logarithm taken of a number below zero?";
        }
        if (actual.Any(double.IsInfinity) && !expected.Any(double.IsInfinity))
        {
            return "does an exponential overflow?";
        }
        if (expected.All(value => value == 0) || actual.All(value => value == 0))
        {
            return null;
        }
        if (Fits(-1))
        {
            return "is the sign wrong?";
        }
        // The factor between the two by least squares, where it is the same for all.
        double factor = actual.Zip(expected, (a, b) => a * b).Sum() / expected.Sum(value => value * value);
        if (actual.Length > 1 && Fits(factor))
        {
            return $"all are {factor.ToString("G4", CultureInfo.InvariantCulture)} times what is wanted";
        }
        double shift = actual.Zip(expected, (a, b) => a - b).Average();
        return actual.Length > 1 && actual.Zip(expected, (a, b) => Math.Abs(a - b - shift) <= tolerance * (1 + Math.Abs(b))).All(near => near)
            ? $"all are {Math.Abs(shift).ToString("G4", CultureInfo.InvariantCulture)} too {(shift > 0 ? "large" : "small")}" : null;

        bool Fits(double f) => actual.Zip(expected, (a, b) => Math.Abs(a - f * b) <= tolerance * (1 + Math.Abs(f * b))).All(near => near);
    }
}
