using Embodied.Datasets.Sprites;
using static TorchSharp.torch;

namespace Embodied.Tests.Datasets;

public class SpriteSceneTests
{
    private static readonly SpriteSceneOptions Many = new() { MinObjects = 1, MaxObjects = 4, MinScale = 0.25, MaxScale = 0.5 };

    [Fact]
    public void Objects_are_split_so_that_every_category_is_on_both_sides()
    {
        SpriteObjects objects = SpriteObjects.Shared;
        Assert.Equal(849, objects.Count);
        Assert.Equal(5, objects.Groups.Count);
        IReadOnlyList<int> seen = objects.Of(SpriteSplit.Seen), heldOut = objects.Of(SpriteSplit.HeldOut);
        Assert.Empty(seen.Intersect(heldOut));
        Assert.Equal(849, seen.Count + heldOut.Count);
        Assert.InRange(heldOut.Count, 140, 200);
        foreach (IReadOnlyList<int> split in (IReadOnlyList<int>[])[seen, heldOut])
        {
            Assert.Equal(5, split.Select(id => objects.All[id].Group).Distinct().Count());
        }
    }

    [Fact]
    public void Compact_objects_cover_what_was_asked_of_a_square_and_the_rest_stay_away()
    {
        using var scope = NewDisposeScope();
        IReadOnlyList<int> all = SpriteObjects.Shared.Of(SpriteSplit.Seen), compact = SpriteObjects.Shared.Of(SpriteSplit.Seen, 0.6);
        Assert.Subset(all.ToHashSet(), compact.ToHashSet());
        Assert.Equal(all, SpriteObjects.Shared.Of(SpriteSplit.Seen, 0));
        double[] Fill(IReadOnlyList<int> ids)
        {
            // Upright, alone and large, so that the mask in the scene tells the share to a few per cent.
            using SpriteBatch drawn = SpriteScenes.DrawObjects(ids, new() { Size = 128, MinScale = 0.7, MaxScale = 0.7, MaxRotation = 0, MinVisible = 1 }, 1, 1);
            Tensor sides = drawn.Boxes[.., 0, 2..] - drawn.Boxes[.., 0, ..2];
            return [.. (drawn.Masks[.., 0].flatten(1).sum(dim: 1) / sides.amax([1L]).square()).to(ScalarType.Float64).data<double>()];
        }
        Assert.All(Fill(compact), share => Assert.InRange(share, 0.55, 1));
        Assert.All(Fill([.. all.Except(compact)]), share => Assert.InRange(share, 0, 0.65));
        using SpriteBatch scenes = SpriteScenes.Draw(100, Many with { MinFill = 0.6 }, seed: 4);
        Assert.Subset(compact.Select(id => (long)id).Append(-1).ToHashSet(), scenes.Objects.data<long>().ToHashSet());
        Assert.Throws<ArgumentException>(() => SpriteScenes.Draw(1, Many with { MinFill = 0.9 }, seed: 4));
    }

    [Fact]
    public void What_is_said_of_a_scene_is_true_of_its_picture()
    {
        using var scope = NewDisposeScope();
        SpriteBatch batch = SpriteScenes.Draw(64, Many, seed: 3);
        Assert.Equal([64, 3, 64, 64], batch.Images.shape);
        Assert.InRange(batch.Images.min().item<float>(), 0, 1);
        Assert.InRange(batch.Images.max().item<float>(), 0, 1.0001);
        Assert.True(batch.Masks.sum(1).max().item<long>() <= 1, "Two objects are seen at one pixel.");
        bool[] masks = batch.Masks.data<bool>().ToArray();
        for (int i = 0; i < 64 * 4; i++)
        {
            (int n, int k) = (i / 4, i % 4);
            long id = batch.Objects[n, k].item<long>();
            int[] at = [.. Enumerable.Range(0, 64 * 64).Where(p => masks[i * 64 * 64 + p])];
            float[] box = batch.Boxes[n, k].data<float>().ToArray();
            if (id < 0)
            {
                Assert.Empty(at);
                Assert.Equal(-1, batch.Groups[n, k].item<long>());
                Assert.Equal([-1, -1, -1, -1], box);
                continue;
            }
            Assert.Equal(SpriteSplit.Seen, SpriteObjects.Shared.All[(int)id].Split);
            Assert.Equal(SpriteObjects.Shared.All[(int)id].Group, batch.Groups[n, k].item<long>());
            Assert.Equal([at.Min(p => p % 64), at.Min(p => p / 64), at.Max(p => p % 64) + 1, at.Max(p => p / 64) + 1], box);
            Assert.InRange(batch.Visible[n, k].item<float>(), 0.3f, 1);
        }
        long[] counts = [.. Enumerable.Range(0, 64).Select(n => batch.Objects[n].ge(0).sum().item<long>())];
        Assert.Equal([1, 2, 3, 4], counts.Distinct().Order());
    }

    [Fact]
    public void A_mask_is_where_the_picture_changes_when_the_object_is_taken_away()
    {
        using var scope = NewDisposeScope();
        SceneLayout[] with = [.. SpriteScenes.Arrange(32, Many with { MinObjects = 2, Shadow = 0 }, 4)], without = [.. with.Select(layout => layout with { Objects = [.. layout.Objects.SkipLast(1)] })];
        SpriteBatch all = SpriteScenes.Render(with), fewer = SpriteScenes.Render(without);
        double outside = 0, inside = 0, area = 0;
        for (int n = 0; n < 32; n++)
        {
            Tensor changed = (all.Images[n] - fewer.Images[n]).abs().amax(0).gt(0.02), mask = all.Masks[n, with[n].Objects.Count - 1];
            // The outline is half object, half background.
            Tensor near = nn.functional.max_pool2d(mask.to(float32).unsqueeze(0).unsqueeze(0), 3, 1, 1).squeeze().gt(0);
            outside += changed.logical_and(near.logical_not()).sum().item<long>();
            inside += changed.logical_and(mask).sum().item<long>();
            area += mask.sum().item<long>();
        }
        // Some objects are of glass, or glow; some have their background's colour here and there.
        Assert.True(outside < 0.02 * area, $"{outside} pixels change outside masks of {area}.");
        Assert.True(inside > 0.95 * area, $"{inside} of {area} pixels change.");
    }

    [Fact]
    public void A_scene_depends_on_its_seed_and_number_alone()
    {
        using var scope = NewDisposeScope();
        Tensor all = SpriteScenes.Draw(12, Many, 7).Images, some = SpriteScenes.Draw(4, Many, 7, first: 5).Images;
        Assert.True(all[5..9].equal(some).all().item<bool>());
        Assert.False(SpriteScenes.Draw(12, Many, 8).Images.allclose(all));
        Tensor serial = default!;
        Thread thread = new(() => serial = SpriteScenes.Draw(12, Many, 7).Images);
        thread.Start();
        thread.Join();
        Assert.True(serial.equal(all).all().item<bool>());
    }

    [Fact]
    public void Views_share_what_they_are_told_to()
    {
        using var scope = NewDisposeScope();
        int[] ids = [3, 3, 200];
        SpriteSceneOptions plain = new() { Backgrounds = [BackgroundKind.Noise], MinScale = 0.2, MaxScale = 0.3, Shadow = 0 };
        SpriteBatch one = SpriteScenes.DrawObjects(ids, plain, poses: 1, backgrounds: 5), two = SpriteScenes.DrawObjects(ids, plain, poses: 2, backgrounds: 5), three = SpriteScenes.DrawObjects(ids, plain, poses: 1, backgrounds: 6);
        Assert.Equal([3, 3, 200], one.Objects.squeeze(1).data<long>().ToArray().Select(id => (int)id));
        Tensor behind = one.Masks.logical_or(two.Masks).squeeze(1).logical_not().unsqueeze(1).to(float32);
        behind = 1 - nn.functional.max_pool2d(1 - behind, 3, 1, 1);
        Assert.True(((one.Images - two.Images).abs() * behind).amax(1).gt(1e-6).to(float32).mean().item<float>() < 0.01);
        Assert.True(one.Masks.equal(three.Masks).all().item<bool>());
        Assert.True(((one.Images - three.Images).abs() * behind).mean().item<float>() > 0.05);
        Assert.False(one.Masks.equal(two.Masks).all().item<bool>());
    }

    [Fact]
    public void What_one_sees_goes_where_the_flow_says()
    {
        using var scope = NewDisposeScope();
        SpriteFilm film = MovingSpriteScenes.Draw(
            8, new SpriteSceneOptions { MinObjects = 2, MaxObjects = 3, Shadow = 0 }, new SpriteMotionOptions { Frames = 4, MaxSpeed = 4, MaxTurn = 10, MaxPan = 2 }, 11);
        Assert.Equal([8, 4, 3, 3, 64, 64], film.Masks.shape[..2].Concat([3, 3]).Concat(film.Frames.shape[3..]));
        Assert.True(film.Flow.abs().amax().item<float>() > 2);
        // Looked up where the flow points, the next frame shows the same object; and, away from outlines, the same colour.
        Tensor at = arange(64, dtype: float32) + 0.5f;
        double colour = 0, owner = 0, still = 0, points = 0;
        for (int n = 0; n < 8; n++)
        {
            for (int t = 0; t < 3; t++)
            {
                Tensor x = at.view(1, 64) + film.Flow[n, t, 0], y = at.view(64, 1) + film.Flow[n, t, 1];
                Tensor grid = stack([x / 32 - 1, y / 32 - 1], 2).unsqueeze(0);
                Tensor next = cat([film.Frames[n, t + 1], film.Masks[n, t + 1].to(float32)]).unsqueeze(0);
                Tensor found = nn.functional.grid_sample(next, grid, GridSampleMode.Bilinear, GridSamplePaddingMode.Zeros, align_corners: false)[0];
                for (int k = 0; k < 3; k++)
                {
                    Tensor mask = film.Masks[n, t, k];
                    Tensor inner = (1 - nn.functional.max_pool2d(1 - mask.to(float32).view(1, 1, 64, 64), 5, 1, 2)).squeeze();
                    Tensor seen = inner * found[3 + k].gt(0.99);
                    points += seen.sum().item<float>();
                    owner += inner.sum().item<float>();
                    colour += ((found[0..3] - film.Frames[n, t]).abs().mean([0L]) * seen).sum().item<float>();
                    still += ((film.Frames[n, t + 1] - film.Frames[n, t]).abs().mean([0L]) * seen).sum().item<float>();
                }
            }
        }
        Assert.True(points > 0.6 * owner, $"{points} of {owner} points are seen again.");
        Assert.True(colour / points < 0.03, $"Colours differ by {colour / points}.");
        Assert.True(colour < 0.5 * still, $"Without the flow they differ by {still / points}.");
    }

    [Fact]
    public void Centres_move_by_a_constant_step_between_bounces()
    {
        using var scope = NewDisposeScope();
        SpriteFilm film = MovingSpriteScenes.Draw(6, new SpriteSceneOptions(), new SpriteMotionOptions { Frames = 6, MaxSpeed = 3, Bounce = false }, 2);
        Tensor step = film.Centres[.., 1..] - film.Centres[.., ..5];
        Assert.True((step - step[.., 0..1]).abs().max().item<float>() < 1e-4);
        Assert.True(step.norm(dim: 3).max().item<float>() <= 3.0001);
        SpriteFilm bounced = MovingSpriteScenes.Draw(6, new SpriteSceneOptions(), new SpriteMotionOptions { Frames = 80, MaxSpeed = 6 }, 2);
        Assert.InRange(bounced.Centres.min().item<float>(), 0, 64);
        Assert.InRange(bounced.Centres.max().item<float>(), 0, 64);
    }

    [Theory]
    [InlineData(0, 64, 1, 1, 0.3, "0 scenes were asked for")]
    [InlineData(1, 8, 1, 1, 0.3, "Size is 8, wanted 16 to 512")]
    [InlineData(1, 64, 3, 2, 0.3, "MinObjects is 3 and MaxObjects 2")]
    [InlineData(1, 64, 1, 1, 0.9, "MinScale is 0.9 and MaxScale 0.65")]
    public void Senseless_options_get_one_sentence(int count, int size, int least, int most, double scale, string telling) => Assert.Contains(
        telling,
        Assert.Throws<ArgumentException>(() => SpriteScenes.Draw(count, new SpriteSceneOptions { Size = size, MinObjects = least, MaxObjects = most, MinScale = scale }, 1)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void An_object_that_does_not_exist_is_named() => Assert.Contains(
        "There is no object 900; there are 0 to 848",
        Assert.Throws<ArgumentException>(() => SpriteScenes.DrawObjects([1, 900], new(), 1, 1)).Message, StringComparison.Ordinal);
}
