using Embodied.Figures;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests;

public class AttentionFigureTests
{
    [Fact]
    public void Patches_that_a_head_keeps_have_its_colour_and_all_others_are_grey()
    {
        using var scope = NewDisposeScope();
        // 2 × 2 patches of 2 px on a grey picture; the heads keep the first and the last.
        Tensor overlay = AttentionOverlay.Of(full([3, 4, 4], 0.5f), tensor(new[,] { { 0.9f, 0.1f, 0, 0 }, { 0, 0, 0.1f, 0.9f } }), rows: 2);
        Assert.Equal([3L, 24, 24], overlay.shape);
        float[] At(int y, int x) => overlay[.., y, x].data<float>().ToArray();
        float[] first = At(5, 5), last = At(20, 20), none = At(5, 20);
        Assert.True(first[2] > first[0], "the first head is blue");
        Assert.True(last[0] > last[2], "the second head is orange");
        Assert.All(none, value => Assert.Equal(0.275f, value, 3));
        // The same head drawn alone keeps its colour.
        Tensor alone = AttentionOverlay.Of(full([3, 4, 4], 0.5f), tensor(new[,] { { 0, 0, 0.1f, 0.9f } }), rows: 2, firstHead: 1);
        Assert.Equal(last, alone[.., 20, 20].data<float>().ToArray());
    }

    [Fact]
    public void A_patch_that_two_heads_keep_has_stripes_of_both_colours()
    {
        using var scope = NewDisposeScope();
        Tensor overlay = AttentionOverlay.Of(full([3, 16, 16], 0.5f), ones(2, 1), rows: 1);
        Tensor blue = overlay[2] > overlay[0];
        Assert.InRange(blue.to(ScalarType.Float32).mean().item<float>(), 0.35f, 0.65f);
    }

    [Fact]
    public void An_attention_that_does_not_fill_the_picture_is_refused()
    {
        Assert.Contains("[1, 7]", Assert.Throws<ArgumentException>(() => AttentionOverlay.Of(zeros(3, 8, 8), ones(1, 7), 2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => AttentionOverlay.Of(zeros(3, 9, 8), ones(1, 4), 2));
    }

    [Fact]
    public void Patches_of_like_features_have_like_colours_across_pictures()
    {
        using var scope = NewDisposeScope();
        // Four kinds of patches, far apart, in two pictures, with a little noise.
        Tensor kinds = 10 * randn([4, 8], generator: new Generator(3)), which = tensor(new long[] { 0, 1, 2, 3, 3, 2, 1, 0 });
        Tensor features = (kinds.index_select(0, which) + 0.01 * randn([8, 8], generator: new Generator(4))).view(2, 4, 8);
        Tensor colours = FeatureColours.Of(features, 2);
        Assert.Equal([2L, 3, 2, 2], colours.shape);
        Tensor pixels = colours.permute(0, 2, 3, 1).reshape(8, 3);
        for (int i = 0; i < 8; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double distance = (pixels[i] - pixels[j]).norm().ToDouble();
                Assert.True(i + j == 7 ? distance < 0.05 : distance > 0.3, $"patches {i} and {j}: {distance}");
            }
        }
        Tensor some = tensor(new[] { true, true, true, true, false, false, true, true }).view(2, 4);
        Assert.Equal(0, FeatureColours.Of(features, 2, some)[1, .., 0].sum().ToDouble());
    }
}
