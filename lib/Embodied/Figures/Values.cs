using System.Globalization;
using static TorchSharp.torch;

namespace Embodied.Figures;

/// <summary>
/// The numbers of one axis of a chart: arrays, lists and one-dimensional tensors convert to it. Kept to seven significant
/// digits, more than a screen can show, so that a page stays small.
/// </summary>
public readonly struct Values
{
    /// <summary>The numbers; NaN and infinities are left out of the drawing.</summary>
    public double?[] Items { get; }

    private Values(IEnumerable<double> numbers) =>
        Items = [.. numbers.Select(number => double.IsFinite(number) ? Significant(number) : (double?)null)];

    /// <summary>The numbers of <paramref name="numbers"/>.</summary>
    public static implicit operator Values(double[] numbers) => new(numbers);

    /// <summary>The numbers of <paramref name="numbers"/>.</summary>
    public static implicit operator Values(float[] numbers) => new(numbers.Select(number => (double)number));

    /// <summary>The numbers of <paramref name="numbers"/>.</summary>
    public static implicit operator Values(int[] numbers) => new(numbers.Select(number => (double)number));

    /// <summary>The numbers of <paramref name="numbers"/>.</summary>
    public static implicit operator Values(List<double> numbers) => new(numbers);

    /// <summary>The numbers of <paramref name="numbers"/>.</summary>
    public static implicit operator Values(List<int> numbers) => new(numbers.Select(number => (double)number));

    /// <summary>The elements of a one-dimensional tensor of any dtype.</summary>
    /// <exception cref="ArgumentException">The tensor has another rank.</exception>
    public static implicit operator Values(Tensor numbers) => numbers.dim() == 1
        ? new(Doubles(numbers))
        : throw new ArgumentException($"numbers has shape [{string.Join(", ", numbers.shape)}], wanted one dimension.", nameof(numbers));

    /// <summary>The elements of a tensor in row-major order.</summary>
    internal static double[] Doubles(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return [.. tensor.detach().cpu().to(ScalarType.Float64).contiguous().data<double>()];
    }

    private static double Significant(double number) =>
        double.Parse(number.ToString("G7", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
