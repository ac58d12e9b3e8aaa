using Embodied.Evaluation;
using Embodied.Networks;
using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Tests.Evaluation;

/// <summary>Every number worked out by hand.</summary>
public class AttentionOverlapTests
{
    private static bool[] Kept(double mass, params float[] attention) => AttentionMass.Kept(tensor(attention), mass).data<bool>().ToArray();

    [Fact]
    public void The_fewest_patches_that_hold_the_mass_are_kept()
    {
        // In order 0.5, 0.3, 0.1, 0.1: 0.5 falls short of 0.6, 0.8 reaches it.
        Assert.Equal([false, true, false, true], Kept(0.6, 0.1f, 0.5f, 0.1f, 0.3f));
        Assert.Equal([false, true, false, false], Kept(0.5, 0.1f, 0.5f, 0.1f, 0.3f));
        Assert.Equal([true, true, true, true], Kept(1, 0.1f, 0.5f, 0.1f, 0.3f));
        // The mass is a share of what there is: doubled attention is the same attention.
        Assert.Equal([false, true, false, true], Kept(0.6, 0.2f, 1, 0.2f, 0.6f));
    }

    [Fact]
    public void An_even_attention_keeps_as_large_a_share_of_the_patches_as_of_the_mass()
    {
        using var scope = NewDisposeScope();
        Tensor kept = AttentionMass.Kept(full([2, 3, 50], 0.02f));
        Assert.All(kept.sum(-1).data<long>().ToArray(), count => Assert.Equal(30, count));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_mass_that_is_no_share_is_refused(double mass) => Assert.Throws<ArgumentOutOfRangeException>(() => Kept(mass, 1, 2));

    [Fact]
    public void As_many_patches_as_asked_for_are_those_that_get_most()
    {
        using var scope = NewDisposeScope();
        Tensor attention = tensor(new float[,,] { { { 1, 4, 2, 3 }, { 4, 3, 2, 1 } }, { { 1, 1, 1, 1 }, { 0, 0, 5, 0 } } });
        Tensor most = AttentionMass.Most(attention, tensor(new long[] { 2, 1 }));
        Assert.Equal([false, true, false, true, true, true, false, false], most[0].data<bool>().ToArray());
        Assert.Equal([1L, 1], most[1].sum(1).data<long>().ToArray());
        Assert.Equal([false, false, true, false], most[1, 1].data<bool>().ToArray());
    }

    [Fact]
    public void The_share_on_the_object_is_of_what_goes_to_patches()
    {
        using var scope = NewDisposeScope();
        Tensor attention = tensor(new float[,,] { { { 1, 2, 1, 0 }, { 1, 1, 1, 1 } }, { { 0, 0, 0, 3 }, { 3, 1, 0, 0 } }, { { 1, 0, 0, 0 }, { 1, 0, 0, 0 } } });
        Tensor inside = tensor(new[,] { { false, true, true, false }, { false, false, false, true }, { false, false, false, false } });
        Assert.Equal([(0.75 + 1) / 2, (0.5 + 0) / 2], AttentionOverlap.OnObject(attention, inside));
    }

    [Fact]
    public void An_object_fills_the_patches_of_which_it_covers_more_than_half()
    {
        using var scope = NewDisposeScope();
        Tensor masks = zeros([1, 4, 6], dtype: ScalarType.Bool);
        masks[0, ..2, ..3] = tensor(true);  // the first patch of 2 × 2 whole, half of the second
        masks[0, 2, 4..6] = tensor(true);   // three quarters of the last
        masks[0, 3, 4] = tensor(true);
        Assert.Equal([true, false, false, false, false, true], AttentionOverlap.Patches(masks, 2).data<bool>().ToArray());
        Assert.Contains("[1, 4, 6]", Assert.Throws<ArgumentException>(() => AttentionOverlap.Patches(masks, 4)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Overlap_is_averaged_over_images_head_by_head_and_images_without_an_object_do_not_count()
    {
        using var scope = NewDisposeScope();
        Tensor inside = tensor(new[,] { { true, true, false, false }, { true, false, false, false }, { false, false, false, false } });
        Tensor attention = tensor(new float[,,]
        {
            { { 0.5f, 0.3f, 0.1f, 0.1f }, { 0.7f, 0.1f, 0.15f, 0.05f } },
            { { 0.1f, 0.2f, 0.3f, 0.4f }, { 0.4f, 0.3f, 0.2f, 0.1f } },
            { { 1, 0, 0, 0 }, { 1, 0, 0, 0 } },
        });
        // 60 % of the mass. First head: {0, 1} of {0, 1}; {2, 3} of {0}. Second: {0} of {0, 1}; {0, 1} of {0}.
        AssertClose([(1 + 0) / 2.0, (0.5 + 0.5) / 2], AttentionOverlap.ByMass(attention, inside));
        // As many as the object. First head: {0, 1}, {3}. Second: {0, 2}: one of three; {0}.
        AssertClose([(1 + 0) / 2.0, (1.0 / 3 + 1) / 2], AttentionOverlap.ByCount(attention, inside));
        Assert.Throws<ArgumentException>(() => AttentionOverlap.ByCount(attention[2..], inside[2..]));
        Assert.Throws<ArgumentException>(() => AttentionOverlap.ByMass(attention, inside[.., ..3]));
    }

    [Fact]
    public void Attention_of_a_token_leaves_out_CLS_and_keys_lie_head_after_head()
    {
        using var scope = NewDisposeScope();
        // Two heads of width 1, [CLS] and two patches.
        Tensor keys = tensor(new float[,,,] { { { { 1 }, { 2 }, { 3 } }, { { 4 }, { 5 }, { 6 } } } });
        Tensor weights = arange(18, dtype: ScalarType.Float32).view(1, 2, 3, 3);
        AttentionMaps maps = new(keys, keys, keys, weights);
        Assert.Equal([1f, 2, 10, 11], maps.OfClass().contiguous().data<float>().ToArray());
        Assert.Equal([7f, 8, 16, 17], maps.OfPatch(1).contiguous().data<float>().ToArray());
        Assert.Equal([2f, 5, 3, 6], maps.PatchKeys().contiguous().data<float>().ToArray());
        Assert.Equal([1L, 2, 2], maps.PatchKeys().shape);
        Assert.Throws<ArgumentOutOfRangeException>(() => maps.OfPatch(2));
    }

    [Fact]
    public void The_area_under_the_curve_is_the_share_of_pairs_in_the_right_order()
    {
        // Positives 0.9 and 0.4, negatives 0.5, 0.4 and 0.1: of six pairs four are right and one is tied.
        Assert.Equal(4.5 / 6, RocArea.Of([0.9, 0.5, 0.4, 0.4, 0.1], [true, false, true, false, false]), 1e-12);
        Assert.Equal(0, RocArea.Of([0, 1], [true, false]));
        Assert.Throws<ArgumentException>(() => RocArea.Of([1, 2], [true, true]));
        Assert.Throws<ArgumentException>(() => RocArea.Of([1, double.NaN], [true, false]));
        Assert.Throws<ArgumentException>(() => RocArea.Of([1], [true, false]));
    }

    private static void AssertClose(double[] wanted, double[] found)
    {
        Assert.Equal(wanted.Length, found.Length);
        Assert.All(wanted.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }
}
