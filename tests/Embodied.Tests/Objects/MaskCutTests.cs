using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class MaskCutTests
{
    private const int Height = 9, Width = 11;

    // What is where: '.' background, letters objects. Patches of one letter share a direction.
    private static readonly string[] Picture =
    [
        "...........",
        ".aaaa......",
        ".aaaa...bb.",
        ".aaaa...bb.",
        ".aaaa...bb.",
        "...........",
        "...........",
        ".....cccc..",
        "...........",
    ];

    private static Tensor Features(double noise = 0.3, string kinds = ".abc")
    {
        using var scope = NewDisposeScope();
        Tensor directions = eye(8)[..kinds.Length];
        Tensor rows = tensor(string.Concat(Picture).Select(c => (long)Math.Max(0, kinds.IndexOf(c, StringComparison.Ordinal))).ToArray());
        return (directions.index_select(0, rows) + noise * randn([Height * Width, 8], generator: new Generator(1)) / Math.Sqrt(8)).MoveToOuterDisposeScope();
    }

    private static bool[] Where(char c) => [.. string.Concat(Picture).Select(found => found == c)];

    [Fact]
    public void Objects_are_found_one_after_the_other_and_each_in_one_piece()
    {
        using Tensor features = Features();
        IReadOnlyList<MaskCutStep> steps = MaskCut.Find(features, Height, Width, new() { Objects = 3 });
        bool[][] wanted = [Where('a'), Where('b'), Where('c')];
        Assert.Equal(3, steps.Count);
        Assert.All(wanted, mask => Assert.Contains(steps, step => step.Mask.SequenceEqual(mask)));
        Assert.All(steps, step => Assert.True(step.Component[step.Seed] && step.Part[step.Seed]));
    }

    [Fact]
    public void Without_the_test_of_the_corners_the_background_would_be_the_object()
    {
        using Tensor features = Features(kinds: ".a");
        MaskCutStep with = MaskCut.Find(features, Height, Width, new() { Objects = 1 })[0];
        Assert.False(with.Mask[0]);
        Assert.False(with.Part[0]);
        // The eigenvector's sign is arbitrary: for one of the two seeds of the solver at least, the turn was needed, or the peak decides.
        bool[] first = with.Mask;
        for (int seed = 1; seed < 6; seed++)
        {
            Assert.Equal(first, MaskCut.Find(features, Height, Width, new() { Objects = 1, Solver = new() { Tolerance = 1e-6, Seed = seed } })[0].Mask);
        }
    }

    [Fact]
    public void What_is_alike_but_lies_apart_is_in_the_part_and_not_in_the_mask()
    {
        using Tensor features = Features(kinds: ".a?");
        int apart = 7 * Width + 9;
        features[apart] = features[Width + 1];
        MaskCutStep step = MaskCut.Find(features, Height, Width, new() { Objects = 1 })[0];
        Assert.True(step.Part[apart]);
        Assert.Equal(Where('a'), step.Mask);
    }

    [Fact]
    public void A_mask_that_is_too_small_is_dropped_but_the_first_never_is()
    {
        using Tensor features = Features();
        IReadOnlyList<MaskCutStep> steps = MaskCut.Find(features, Height, Width, new() { Objects = 3, SmallestShare = 0.5 });
        Assert.Contains(true, steps[0].Mask);
        Assert.All(steps.Skip(1), step => Assert.DoesNotContain(true, step.Mask));
    }

    [Fact]
    public void Bad_features_and_options_are_refused()
    {
        using Tensor features = Features();
        Assert.Contains("[99, -1]", Assert.Throws<ArgumentException>(() => MaskCut.Find(features[..98], Height, Width)).Message.Replace("any", "-1", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => MaskCut.Find(features, Height, Width, new() { Objects = 0 }));
        Assert.Throws<ArgumentException>(() => MaskCut.Find(features * float.NaN, Height, Width));
        Assert.Throws<OperationCanceledException>(() => MaskCut.Find(features, Height, Width, cancellation: new CancellationToken(true)));
    }

    [Fact]
    public void Of_a_cut_the_side_away_from_the_corners_is_the_object_whatever_the_sign()
    {
        double[] y = [.. string.Concat(Picture).Select(c => c == 'a' ? 1.0 : c == 'b' ? 0.5 : -0.2)];
        foreach (double sign in (double[])[1, -1])
        {
            MaskCutStep step = MaskCut.Foreground([.. y.Select(v => sign * v)], Height, Width);
            Assert.Equal(sign < 0, step.Turned);
            Assert.Equal(Where('a'), step.Component);
            Assert.True(step.Part[2 * Width + 8]);
        }
        Assert.Throws<ArgumentException>(() => MaskCut.Foreground(y, Height, Width - 1));
    }

    [Fact]
    public void A_connected_piece_goes_by_sides_not_by_corners_nor_around_the_edge()
    {
        string[] picture = ["x..x", "xx..", "..x."];
        bool[] mask = [.. string.Concat(picture).Select(c => c == 'x')];
        Assert.Equal([true, false, false, false, true, true, false, false, false, false, false, false], ConnectedPart.Around(0, mask, 3, 4));
        Assert.DoesNotContain(true, ConnectedPart.Around(1, mask, 3, 4));
        Assert.Throws<ArgumentException>(() => ConnectedPart.Around(12, mask, 3, 4));
    }
}
