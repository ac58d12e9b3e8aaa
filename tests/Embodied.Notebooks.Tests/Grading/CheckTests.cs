using Embodied.Interactive;
using Embodied.Interactive.Display;
using Embodied.Notebooks.Tests.Engine;
using static TorchSharp.torch;

namespace Embodied.Notebooks.Tests.Grading;

public sealed class CheckTests
{
    [Fact]
    public void A_wrong_shape_says_what_came_what_was_wanted_and_a_hint()
    {
        using Tensor eight = zeros(8, 128);
        Assert.Equal(
            "shape [8, 128], wanted [16, 128]: did you forget the second view?",
            Failure(() => Check.Shape(eight, [16, 128], "did you forget the second view?")));
        Assert.Equal("null, wanted a tensor of shape [3].", Failure(() => Check.Shape(null, [3])));
        Check.Shape(eight, [8, 128]);
    }

    [Theory]
    [InlineData(-1.5, 0, "is the sign wrong?")]
    [InlineData(3, 0, "all are 3 times what is wanted")]
    [InlineData(1, 0.25, "all are 0.25 too large")]
    [InlineData(1, -0.5, "all are 0.5 too small")]
    public void Wrong_numbers_tell_what_they_have_in_common(double factor, double shift, string hint)
    {
        using Tensor wanted = tensor([0.5, -2.0, 3.0]);
        // A wrong sign shows only when nothing else is wrong.
        using Tensor actual = wanted * (factor == -1.5 ? -1 : factor) + shift;
        Assert.EndsWith(": " + hint, Failure(() => Check.Close(actual, wanted)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_worst_element_is_named_and_how_many_are_off()
    {
        using Tensor wanted = arange(6, dtype: ScalarType.Float64).reshape(2, 3), actual = wanted.clone();
        actual[1, 2] += 0.5;
        actual[0, 1] -= 0.1;
        Assert.Equal("5.5 at [1, 2], wanted 5 (2 of 6 elements are off).", Failure(() => Check.Close(actual, wanted)));
        Check.Close(actual, wanted, tolerance: 0.2);
        actual[0, 0] = double.NaN;
        Assert.StartsWith("NaN at [0, 0], wanted 0 (3 of 6 elements are off): is something divided by zero", Failure(() => Check.Close(actual, wanted)), StringComparison.Ordinal);
        using Tensor infinite = tensor([double.PositiveInfinity, 1]), one = tensor([800.0, 1]);
        Assert.EndsWith("does an exponential overflow?", Failure(() => Check.Close(infinite, one)), StringComparison.Ordinal);
        Check.Close(infinite, infinite);
    }

    [Fact]
    public void Numbers_are_compared_relative_to_their_size()
    {
        Check.Close(1e6 + 0.5, 1e6);
        Assert.Equal("0.1, wanted 0.2: why?", Failure(() => Check.Close(0.1, 0.2, hint: "why?")));
        Assert.Equal("-0.2, wanted 0.2: is the sign wrong?", Failure(() => Check.Close(-0.2, 0.2)));
        Assert.StartsWith("NaN, wanted 0.2", Failure(() => Check.Close(double.NaN, 0.2)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_gradient_is_held_against_central_differences()
    {
        using Generator g = new(3);
        using Tensor at = randn(2, 3, dtype: ScalarType.Float64, generator: g);
        Check.Gradient(x => x.sin().mul(x).sum(), x => x.sin() + x * x.cos(), at);
        Assert.Matches(@"^gradient: .* by finite differences: is the sign wrong\?$", Failure(() => Check.Gradient(x => x.exp().sum(), x => -x.exp(), at)));
        Assert.Contains("shape [6], wanted [2, 3]", Failure(() => Check.Gradient(x => x.exp().sum(), x => x.exp().flatten(), at)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_property_is_tried_on_fresh_inputs()
    {
        HashSet<double> seen = [];
        Check.Property("sizes stay", sample => seen.Add(sample.Normal(sample.Int(1, 4)).sum().item<double>()), count: 10);
        Check.Property("sizes stay", sample => seen.Add(sample.Uniform(2).sum().item<double>()), count: 10);
        Assert.True(seen.Count >= 18);
        Assert.StartsWith(
            "x is small; for random input 1 of 20: ", Failure(() => Check.Property("x is small", sample => Check.That(sample.Number(5, 6) < 1, "x is large"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Steps_earn_points_by_themselves_and_their_sum_is_the_cells_value()
    {
        using TestSession session = new();
        string? value = await session.ValueAsync("""
            using Embodied.Interactive;
            double Half(double x) => throw new NotImplementedException("Divide by two.");
            Check.Steps(
                Check.Step("adds up", 1.5, () => Check.Close(1 + 1, 2)),
                Check.Step("signs <b>", 1, () => Check.Close(-1, 1)),
                Check.Step("halves", 1, () => Half(3)),
                Check.Step("indexes", 0.5, () => { int[] none = []; _ = none[2]; }))
            """);
        Assert.Equal("1.5", value);
        MimeBundle shown = session.Outputs.OfType<DisplayData>().Single().Bundle;
        IReadOnlyList<CheckOutcome> outcomes = CheckReport.Read(shown.Data[CheckReport.MimeType]!);
        Assert.Equal([1.5, 0, 0, 0], outcomes.Select(outcome => outcome.Earned));
        Assert.Equal([null, "-1, wanted 1: is the sign wrong?", "not written yet: Divide by two."], outcomes.Take(3).Select(outcome => outcome.Failure));
        Assert.StartsWith("IndexOutOfRangeException: ", outcomes[3].Failure, StringComparison.Ordinal);
        Assert.EndsWith("1.5 of 4 points", shown.PlainText, StringComparison.Ordinal);
        Assert.Contains("signs &lt;b&gt;", shown.Data["text/html"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Check.Steps()", "at least one step")]
    [InlineData("Check.Steps(Check.Step(\"a\", -1, () => { }))", "'a' is worth -1")]
    [InlineData("Check.Steps(Check.Step(\"a\", double.NaN, () => { }))", "'a' is worth NaN")]
    public async Task Steps_without_sense_are_refused(string code, string telling)
    {
        using TestSession session = new();
        Assert.Contains(telling, (await session.RunAsync("using Embodied.Interactive;\n" + code)).Error!.Message, StringComparison.Ordinal);
    }

    private static string Failure(Action check) => Assert.Throws<CheckFailedException>(check).Message;
}
