using Embodied.Objects.ComplexAutoencoders;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Figures;

/// <summary>Complex numbers as colours: the phase is the hue, and what has no magnitude is black.</summary>
public static class PhaseColours
{
    /// <summary>Colours pixels by phase, in brightness min(m/m₁, 1).</summary>
    /// <param name="z">m e^{iφ}, [n, 1, H, W].</param>
    /// <param name="full">m₁, the magnitude from which on a colour has its full brightness.</param>
    /// <returns>[n, 3, H, W], 0 to 1.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="full"/> is not positive.</exception>
    public static Tensor Of(ComplexTensor z, double full = 1)
    {
        ShapeCheck.Require(z.Real, nameof(z), -1, 1, -1, -1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(full);
        using var scope = NewDisposeScope();
        Tensor phase = z.Phase().detach(), bright = (z.Magnitude.detach() / full).clamp(0, 1);
        Tensor hue = cat([.. Enumerable.Range(0, 3).Select(channel => Wave(phase - channel * 2 * Math.PI / 3))], 1);
        return (hue * bright).MoveToOuterDisposeScope();
    }

    /// <summary>A phase's colour, for charts beside such pictures.</summary>
    /// <param name="phase">φ in radians.</param>
    public static string Css(double phase)
    {
        using var scope = NewDisposeScope();
        int[] rgb = [.. Enumerable.Range(0, 3).Select(channel => (int)Math.Round(255 * Wave(tensor(phase - channel * 2 * Math.PI / 3)).ToDouble()))];
        return $"rgb({rgb[0]},{rgb[1]},{rgb[2]})";
    }

    // Red at 0, green and blue a third of the circle further: no channel ever jumps. The root lifts what lies between, which would be dull.
    private static Tensor Wave(Tensor angle) => ((angle.cos() + 1) / 2).sqrt();
}
