using Embodied.Figures;
using Embodied.Objects.ComplexAutoencoders;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests;

public class PhaseColourFigureTests
{
    [Fact]
    public void Phase_is_the_hue_and_what_has_no_magnitude_is_black()
    {
        using var scope = NewDisposeScope();
        Tensor magnitude = tensor(new[] { 1f, 1, 1, 0, 0.5f }, [1, 1, 1, 5]);
        Tensor phase = tensor(new[] { 0f, (float)(2 * Math.PI / 3), (float)(-2 * Math.PI / 3), 1, 0 }, [1, 1, 1, 5]);
        Tensor colours = PhaseColours.Of(ComplexTensor.Polar(magnitude, phase));
        Assert.Equal([1, 3, 1, 5], colours.shape);
        // Red, green and blue stand alone with the two others at a half: √((cos 120° + 1) / 2) = ½.
        float[] wanted = [1, 0.5f, 0.5f, 0, 0.5f, 0.5f, 1, 0.5f, 0, 0.25f, 0.5f, 0.5f, 1, 0, 0.25f];
        Assert.True((colours.flatten() - tensor(wanted)).abs().max().ToDouble() < 1e-5);
        Assert.StartsWith("rgb(255,", PhaseColours.Css(0), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => PhaseColours.Of(ComplexTensor.OfReal(magnitude), 0));
        Assert.Throws<ArgumentException>(() => PhaseColours.Of(ComplexTensor.OfReal(zeros(1, 2, 3, 3))));
    }
}
