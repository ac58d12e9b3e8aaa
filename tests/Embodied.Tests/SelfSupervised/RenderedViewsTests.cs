using Embodied.Datasets.Sprites;
using Embodied.SelfSupervised.Augmentations;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.SelfSupervised;

public class RenderedViewsTests
{
    private static readonly SpriteSceneOptions Small = new() { Size = 32 };

    [Fact]
    public void Views_show_the_same_objects_in_other_poses_before_other_backgrounds()
    {
        using var scope = NewDisposeScope();
        IReadOnlyList<Tensor> views = new RenderedViews { Scene = Small, Count = 3 }.Apply(tensor(new long[] { 4, 90, 300 }), new Generator(1));
        Assert.Equal(3, views.Count);
        Assert.All(views, view => Assert.Equal([3, 3, 32, 32], view.shape));
        Assert.True((views[0] - views[1]).abs().mean().ToDouble() > 0.05);
    }

    [Fact]
    public void A_shared_background_is_the_same_wherever_no_object_stands()
    {
        using var scope = NewDisposeScope();
        SpriteSceneOptions plain = Small with { Shadow = 0, MinScale = 0.2, MaxScale = 0.25 };
        IReadOnlyList<Tensor> Pair(bool shared) =>
            new RenderedViews { Scene = plain, SharedBackground = shared }.Apply(arange(0, 40), new Generator(2));
        double Same(IReadOnlyList<Tensor> pair) => (pair[0] - pair[1]).abs().amax([1L]).lt(1e-6).to(ScalarType.Float64).mean().ToDouble();
        Assert.InRange(Same(Pair(shared: true)), 0.8, 1);
        Assert.InRange(Same(Pair(shared: false)), 0, 0.3);
    }

    [Fact]
    public void The_generator_decides_alone()
    {
        using var scope = NewDisposeScope();
        Tensor Draw(ulong seed) => cat([.. new RenderedViews { Scene = Small }.Apply(arange(0, 5), new Generator(seed))]);
        Assert.Equal(0, (Draw(3) - Draw(3)).abs().max().ToDouble());
        Assert.NotEqual(0, (Draw(3) - Draw(4)).abs().max().ToDouble());
    }

    [Fact]
    public void An_object_that_does_not_exist_is_named() =>
        Assert.Contains("There is no object 9999", Assert.Throws<ArgumentException>(() => new RenderedViews { Scene = Small }.Apply(tensor(new long[] { 9999 }), new Generator(1))).Message);
}
