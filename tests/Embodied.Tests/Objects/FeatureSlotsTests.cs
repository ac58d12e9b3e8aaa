using Embodied.Evaluation;
using Embodied.Objects.Slots;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class FeatureSlotsTests
{
    private static readonly FeatureSlotsOptions Small = new() { Patches = 4, Features = 3, Width = 4, Slots = 2, Hidden = 5 };

    [Fact]
    public void Gradients_agree_with_finite_differences()
    {
        using var generator = new Generator(1);
        using FeatureSlots network = new(Small, generator, ScalarType.Float64);
        using Tensor features = randn([2, 4, 3], generator: generator, dtype: ScalarType.Float64), wanted = randn([2, 4, 3], generator: generator, dtype: ScalarType.Float64);
        // The same beginning every time.
        Tensor Loss(Tensor at)
        {
            using var begin = new Generator(2);
            return (network.Decompose(at, begin).Reconstruction - wanted).square().mean();
        }
        Assert.True(FiniteDifferences.Worst(at => Loss(at[0]), features) < 1e-6);
    }

    [Fact]
    public void Features_are_what_the_slots_draw_each_by_its_mask_and_mixed_patches_are_other_patches()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        using FeatureSlots network = new(Small, generator, ScalarType.Float64);
        Tensor features = randn([2, 4, 3], generator: generator, dtype: ScalarType.Float64);
        using Generator one = new(4), other = new(4);
        FeatureDecomposition found = network.Decompose(features, one, slots: 5), turned = network.Decompose(features.flip(1), other, slots: 5);
        Assert.Equal([2, 5, 4], found.Masks.shape);
        Assert.Equal([2, 3, 5, 4], found.Attention.shape);
        Assert.Equal(features.shape, found.Reconstruction.shape);
        Assert.True((found.Masks.sum(1) - 1).abs().max().ToDouble() < 1e-12);
        // A patch is known by its place: the same features elsewhere are not the same inputs.
        Assert.True((found.Attention - turned.Attention.flip(3)).abs().max().ToDouble() > 1e-3);
    }

    [Fact]
    public void Patches_that_share_a_feature_end_in_one_slot()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        // Two of six kinds of feature share out 16 patches: those before a random one, and the rest.
        Tensor kinds = randn([6, 8], generator: generator) * 1.5;
        (Tensor Features, Tensor Parts) Draw(int n)
        {
            Tensor cut = randint(4, 13, [n, 1], generator: generator), first = randint(6, [n, 1], generator: generator);
            Tensor second = (first + randint(1, 6, [n, 1], generator: generator)) % 6, left = arange(16).unsqueeze(0).lt(cut);
            Tensor kind = where(left, first, second);
            return (kinds.index_select(0, kind.flatten()).view(n, 16, 8), stack([left, left.logical_not()], 1).view(n, 2, 4, 4));
        }
        (Tensor features, _) = Draw(256);
        (Tensor held, Tensor parts) = Draw(32);
        using FeatureSlots network = new(new() { Patches = 16, Features = 8, Width = 32, Slots = 2, Hidden = 32 }, generator);
        double Ari()
        {
            using var begin = new Generator(6);
            using var _ = no_grad();
            return ForegroundAri.Of(parts, network.Decompose(held, begin).Masks.view(32, 2, 4, 4)).Average();
        }
        double before = Ari();
        network.Train(features, 1500, 16, 3e-3, generator);
        Assert.InRange(before, -0.2, 0.2);
        Assert.InRange(Ari(), 0.6, 1);
    }

    [Fact]
    public void Another_shape_is_refused_in_one_sentence()
    {
        using var generator = new Generator(7);
        using FeatureSlots network = new(Small, generator);
        using Tensor other = zeros(2, 4, 5);
        Assert.Contains("[2, 4, 5]", Assert.Throws<ArgumentException>(() => network.Decompose(other, generator)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => network.Train(other, 1, 1, 1e-3, generator));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FeatureSlots(Small with { Slots = 0 }, generator));
    }
}
