using TorchSharp;
using Embodied.Networks;
using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class PatchKeysTests
{
    private static readonly VisionTransformerOptions Tiny = new() { ImageSize = 32, PatchSize = 8, Width = 16, Depth = 3, Heads = 2 };

    private static (VisionTransformer Network, Tensor Images) Create()
    {
        Generator generator = new(1);
        VisionTransformer network = new(Tiny, generator);
        return (network, rand([3, 3, 32, 40], generator: generator));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    public void Heads_are_joined_in_their_order_and_class_is_left_out(int layer)
    {
        using var scope = NewDisposeScope();
        (VisionTransformer network, Tensor images) = Create();
        PatchKeyGrid grid = PatchKeys.Of(network, images, new() { Layer = layer, Centred = false, BatchSize = 2 });
        Assert.Equal((4, 5), (grid.Height, grid.Width));
        Assert.Equal([3, 20, 16], grid.Keys.shape);
        AttentionMaps maps = network.Inspect(images, layer).Layer;
        Assert.True(grid.Keys[1, 7, ..8].allclose(maps.Keys[1, 0, 8], atol: 1e-5));
        Assert.True(grid.Keys[1, 7, 8..].allclose(maps.Keys[1, 1, 8], atol: 1e-5));
        Assert.False(network.Inspect(images, 0).Layer.Keys.allclose(network.Inspect(images, 2).Layer.Keys));
        Assert.True(network.Inspect(images, 2).Layer.Keys.allclose(network.Inspect(images).LastLayer.Keys, atol: 1e-5));
    }

    [Fact]
    public void Centred_keys_have_mean_zero_in_every_image()
    {
        using var scope = NewDisposeScope();
        (VisionTransformer network, Tensor images) = Create();
        Assert.True(PatchKeys.Of(network, images).Keys.mean([1L]).abs().max().ToDouble() < 1e-5);
    }

    [Fact]
    public void At_half_the_stride_the_four_grids_are_those_of_the_image_moved()
    {
        using var scope = NewDisposeScope();
        (VisionTransformer network, Tensor images) = Create();
        PatchKeyGrid grid = PatchKeys.Of(network, images, new() { Stride = 4, Centred = false });
        Assert.Equal((8, 10), (grid.Height, grid.Width));
        Tensor keys = grid.Keys.view(3, 8, 10, 16);
        for (int a = 0; a < 2; a++)
        {
            for (int b = 0; b < 2; b++)
            {
                // Patches begin 2 px before or after where they begin otherwise; the edge goes on.
                Tensor rows = (arange(32) + 4 * a - 2).clamp(0, 31), columns = (arange(40) + 4 * b - 2).clamp(0, 39);
                Tensor moved = images.index_select(2, rows).index_select(3, columns);
                Tensor wanted = PatchKeys.Of(network, moved, new() { Centred = false }).Keys.view(3, 4, 5, 16);
                Tensor every = keys.index_select(1, arange(a, 8, 2)).index_select(2, arange(b, 10, 2));
                Assert.True(every.allclose(wanted, atol: 1e-5), $"{a}, {b}");
            }
        }
    }

    [Fact]
    public void An_enlarged_image_has_more_patches()
    {
        using var scope = NewDisposeScope();
        (VisionTransformer network, Tensor images) = Create();
        PatchKeyGrid grid = PatchKeys.Of(network, images, new() { Enlargement = 2 });
        Assert.Equal((8, 10), (grid.Height, grid.Width));
        Assert.Equal([3, 80, 16], grid.Keys.shape);
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(2, null)]
    [InlineData(1, 2)]
    public void Mirrored_keys_are_the_mean_over_both_images_patch_by_patch(int enlargement, int? stride)
    {
        using var scope = NewDisposeScope();
        (VisionTransformer network, Tensor images) = Create();
        PatchKeysOptions once = new() { Enlargement = enlargement, Stride = stride, Centred = false };
        PatchKeyGrid found = PatchKeys.Of(network, images, once with { Mirrored = true, BatchSize = 2 });
        PatchKeyGrid straight = PatchKeys.Of(network, images, once), mirrored = PatchKeys.Of(network, images.flip(3), once);
        for (int i = 0; i < 3; i++)
        {
            for (int y = 0; y < found.Height; y++)
            {
                for (int x = 0; x < found.Width; x++)
                {
                    Tensor wanted = (straight.Keys[i, y * found.Width + x] + mirrored.Keys[i, y * found.Width + found.Width - 1 - x]) / 2;
                    Assert.True(found.Keys[i, y * found.Width + x].allclose(wanted, atol: 1e-5), $"{y}, {x}");
                }
            }
        }
        // A mirror image has the mirrored keys.
        Tensor ofMirror = PatchKeys.Of(network, images.flip(3), once with { Mirrored = true }).Keys;
        Assert.True(ofMirror.view(3, found.Height, found.Width, -1).flip(2).flatten(1, 2).allclose(found.Keys, atol: 1e-5));
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        using var scope = NewDisposeScope();
        (VisionTransformer network, Tensor images) = Create();
        Assert.Contains("3 px", Assert.Throws<ArgumentException>(() => PatchKeys.Of(network, images, new() { Stride = 3 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => PatchKeys.Of(network, images, new() { Layer = 3 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => PatchKeys.Of(network, images, new() { Layer = -4 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => PatchKeys.Of(network, images, new() { Enlargement = 0 }));
        Assert.Throws<ArgumentException>(() => PatchKeys.Of(network, images[0]));
    }
}
