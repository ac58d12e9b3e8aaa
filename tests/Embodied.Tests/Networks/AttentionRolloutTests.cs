using Embodied.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Networks;

public class AttentionRolloutTests
{
    // Layers of h heads over [CLS] (where it has joined) and p patches, with random attention.
    private static AttentionMaps Layer(long n, long h, long p, int leading, ulong seed)
    {
        Tensor weights = (2 * randn([n, h, p + leading, p + leading], dtype: ScalarType.Float64, generator: new Generator(seed))).softmax(-1);
        Tensor none = zeros([n, h, p + leading, 1], dtype: ScalarType.Float64);
        return new(none, none, none, weights) { Leading = leading };
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void It_is_the_sum_over_all_paths_that_content_can_have_taken(int leading)
    {
        using var scope = NewDisposeScope();
        const int n = 2, h = 3, p = 4;
        AttentionMaps[] layers = [Layer(n, h, p, leading, 1), Layer(n, h, p, leading, 2), Layer(n, h, p, 1, 3)];
        Tensor found = AttentionRollout.OfClass(layers);
        Assert.Equal([n, h, p], found.shape);
        for (int i = 0; i < n; i++)
        {
            for (int g = 0; g < h; g++)
            {
                for (int source = 0; source < p; source++)
                {
                    double expected = 0;
                    for (int last = 0; last < p; last++)
                    {
                        for (int between = 0; between < p; between++)
                        {
                            expected += layers[2].Weights[i, g, 0, 1 + last].ToDouble() * Step(layers[1], i, last, between) * Step(layers[0], i, between, source);
                        }
                    }
                    Assert.Equal(expected, found[i, g, source].ToDouble(), 1e-12);
                }
            }
        }

        // The chance that a patch's content is another's: half by the residual connection, half by the mean of the heads, of what goes to patches.
        double Step(AttentionMaps layer, int image, int from, int to)
        {
            double Mean(int j) => Enumerable.Range(0, h).Average(g => layer.Weights[image, g, from + leading, j + leading].ToDouble());
            return (from == to ? 0.5 : 0) + 0.5 * Mean(to) / Enumerable.Range(0, p).Sum(Mean);
        }
    }

    [Fact]
    public void Nothing_is_lost_on_the_way_and_patches_that_look_at_themselves_change_nothing()
    {
        using var scope = NewDisposeScope();
        AttentionMaps last = Layer(2, 3, 5, 1, 1), before = Layer(2, 3, 5, 1, 2);
        Assert.True(allclose(AttentionRollout.OfClass([before, before, last]).sum(-1), last.OfClass().sum(-1), 1e-12, 1e-12));
        AttentionMaps own = before with { Weights = eye(6, dtype: ScalarType.Float64).expand(2, 3, 6, 6) };
        Assert.True(allclose(AttentionRollout.OfClass([own, own, last]), last.OfClass(), 1e-12, 1e-12));
        Assert.True(allclose(AttentionRollout.OfClass([last]), last.OfClass(), 0, 0));
        // All attention on patch 3: half of what each layer passes on is its own.
        Tensor third = zeros([2, 3, 6, 6], dtype: ScalarType.Float64);
        third.select(3, 4).fill_(1.0);
        Tensor got = AttentionRollout.OfClass([before with { Weights = third }, last]), a = last.OfClass();
        Assert.True(allclose(got.select(2, 3), a.select(2, 3) / 2 + a.sum(-1) / 2, 1e-12, 1e-12));
    }

    [Fact]
    public void Layers_that_do_not_belong_together_are_refused()
    {
        using var scope = NewDisposeScope();
        AttentionMaps last = Layer(2, 3, 5, 1, 1);
        Assert.StartsWith("There are no layers", Assert.Throws<ArgumentException>(() => AttentionRollout.OfClass([])).Message, StringComparison.Ordinal);
        Assert.StartsWith("layers has shape [2, 4, 4], wanted [2, 5, 5].", Assert.Throws<ArgumentException>(
            () => AttentionRollout.OfClass([Layer(2, 3, 4, 1, 2), last])).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => AttentionRollout.OfClass([last, last with { Leading = 0 }]));
    }

    [Fact]
    public void It_works_on_a_network_whose_class_token_joins_late()
    {
        using var scope = NewDisposeScope();
        using VisionTransformer network = new(new() { ImageSize = 16, PatchSize = 4, Width = 24, Depth = 3, Heads = 3, ClassFrom = 2 }, new Generator(1));
        Tensor images = rand([2, 3, 16, 24], generator: new Generator(2));
        Tensor found = AttentionRollout.OfClass([.. Enumerable.Range(0, 3).Select(l => network.Inspect(images, l).Layer)]);
        Assert.Equal([2, 3, 24], found.shape);
        Assert.True(found.ge(0).all().item<bool>() && found.sum(-1).lt(1).all().item<bool>());
    }
}
