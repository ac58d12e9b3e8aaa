using Embodied.Objects.SelfTraining;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class CopyPasteTests
{
    private const int Size = 32;

    // Two discs in each of six images of noise.
    private static (Tensor Images, Tensor Masks) Scenes()
    {
        var generator = new Generator(3);
        Tensor line = arange(Size, dtype: ScalarType.Float32);
        Tensor Disc(double x, double y, double r) => ((line.view(1, Size) - x).square() + (line.view(Size, 1) - y).square()).lt(r * r);
        Tensor masks = stack([.. Enumerable.Range(0, 6).Select(i => stack([Disc(7 + i, 8, 5), Disc(22, 24 - i, 4), zeros(Size, Size, dtype: ScalarType.Bool)]))]);
        return (rand([6, 3, Size, Size], generator: generator), masks);
    }

    [Fact]
    public void Outside_of_what_is_pasted_nothing_changes_and_masks_lose_exactly_what_is_hidden()
    {
        (Tensor images, Tensor masks) = Scenes();
        (Tensor x, Tensor m) = new CopyPaste().Apply(images, masks, new Generator(1));
        Assert.Equal([6, 6, Size, Size], m.shape);
        Tensor own = m.narrow(1, 0, 3), pasted = m.narrow(1, 3, 3), over = pasted.any(1, keepdim: true);
        Assert.True(over.flatten(1).any(1).sum().ToInt32() >= 4, "most images get something");
        Assert.True(where(over, zeros_like(x), x).Same(where(over, zeros_like(images), images)));
        Assert.True(own.Same(masks.logical_and(over.logical_not())));
        Assert.False(own.any(1).logical_and(pasted.any(1)).any().ToBoolean());
    }

    [Fact]
    public void At_scale_one_the_partners_regions_come_pixel_by_pixel()
    {
        (Tensor images, Tensor masks) = Scenes();
        // Labels that touch nothing of the partner's, so that all may be pasted.
        (Tensor x, Tensor m) = new CopyPaste { SmallestScale = 1, MostHidden = 2 }.Apply(images, masks, new Generator(1));
        Tensor pasted = m.narrow(1, 3, 3), over = pasted.any(1, keepdim: true), source = images.flip(0);
        Assert.True(where(over, (x - source).abs(), zeros_like(x)).max().ToDouble() < 1e-5);
        for (int i = 0; i < 6; i++)
        {
            int count = 0;
            for (int k = 0; k < 3; k++)
            {
                bool there = pasted[i, k].any().ToBoolean();
                count += there ? 1 : 0;
                Assert.True(!there || pasted[i, k].Same(masks[5 - i, k]));
            }
            Assert.InRange(count, 1, 2);
        }
    }

    [Fact]
    public void What_is_pasted_is_smaller_stays_whole_and_never_hides_half_of_a_label()
    {
        (Tensor images, Tensor masks) = Scenes();
        CopyPaste half = new() { SmallestScale = 0.5, LargestScale = 0.5 };
        for (ulong seed = 0; seed < 20; seed++)
        {
            (Tensor _, Tensor m) = half.Apply(images, masks, new Generator(seed));
            Tensor area = masks.flatten(2).sum(2), left = m.narrow(1, 0, 3).flatten(2).sum(2);
            Assert.True(left.to(float32).ge(area.to(float32) * 0.5).all().ToBoolean(), "more than half was hidden, by several together even");
            Tensor pasted = m.narrow(1, 3, 3).flatten(2).sum(2), partner = area.flip(0);
            Tensor there = pasted.gt(0);
            Tensor ratio = pasted.to(float32) / partner.clamp_min(1);
            Assert.True(ratio.masked_select(there).numel() == 0 || (ratio.masked_select(there) - 0.25).abs().max().ToDouble() < 0.06, "a quarter of the area");
        }
    }

    private static Tensor Rectangle(int top, int bottom, int left, int right)
    {
        Tensor mask = zeros(Size, Size, dtype: ScalarType.Bool);
        mask[top..bottom, left..right] = tensor(true);
        return mask;
    }

    [Fact]
    public void What_counts_is_how_much_of_the_label_is_hidden_not_how_much_of_the_paste_lies_on_it()
    {
        // The small label lies within the large one, of which it is a quarter.
        using var scope = NewDisposeScope();
        Tensor small = Rectangle(8, 16, 8, 16), large = Rectangle(8, 24, 8, 24), masks = stack([small, large]).unsqueeze(1);
        (Tensor _, Tensor m) = new CopyPaste { SmallestScale = 1 }.Apply(rand([2, 3, Size, Size], generator: new Generator(1)), masks, new Generator(1));
        Assert.False(m[0, 1].any().ToBoolean());
        Assert.True(m[0, 0].Same(small));
        Assert.True(m[1, 1].Same(small));
        Assert.True(m[1, 0].Same(large.logical_and(small.logical_not())));
    }

    [Fact]
    public void A_region_that_hides_too_much_stays_away_by_itself()
    {
        // Of the partner's regions the first hides the image's second label, the second hides nothing.
        using var scope = NewDisposeScope();
        Tensor a = Rectangle(0, 6, 0, 6), b = Rectangle(10, 16, 10, 16), free = Rectangle(20, 28, 20, 28), images = rand([2, 3, Size, Size], generator: new Generator(1));
        Tensor masks = stack([stack([a, b]), stack([b, free])]);
        int came = 0;
        for (ulong seed = 0; seed < 20; seed++)
        {
            (Tensor _, Tensor m) = new CopyPaste { SmallestScale = 1 }.Apply(images, masks, new Generator(seed));
            Assert.False(m[0, 2].any().ToBoolean());
            came += m[0, 3].any().ToBoolean() ? 1 : 0;
        }
        Assert.InRange(came, 10, 20); // By itself or as one of both: three times of four.
    }

    [Fact]
    public void One_to_all_of_the_regions_come_and_every_number_equally_often()
    {
        using var scope = NewDisposeScope();
        Tensor one = stack([Rectangle(0, 6, 0, 6), Rectangle(10, 16, 10, 16), Rectangle(20, 28, 20, 28)]);
        (Tensor _, Tensor m) = new CopyPaste { SmallestScale = 1, MostHidden = 2 }.Apply(
            rand([900, 1, Size, Size], generator: new Generator(1)), one.unsqueeze(0).expand(900, 3, Size, Size), new Generator(2));
        long[] counts = [.. m.narrow(1, 3, 3).flatten(2).any(2).sum(1).data<long>()];
        // A third of 900 each; the deviation of a count is 14.
        Assert.All((long[])[1, 2, 3], number => Assert.InRange(counts.Count(count => count == number), 240, 360));
    }

    [Fact]
    public void A_seed_fixes_everything_and_images_without_labels_give_nothing()
    {
        (Tensor images, Tensor masks) = Scenes();
        (Tensor x, Tensor m) = new CopyPaste().Apply(images, masks, new Generator(5));
        (Tensor again, Tensor same) = new CopyPaste().Apply(images, masks, new Generator(5));
        (Tensor other, Tensor _) = new CopyPaste().Apply(images, masks, new Generator(6));
        Assert.True(x.Same(again) && m.Same(same));
        Assert.False(x.Same(other));
        (Tensor bare, Tensor none) = new CopyPaste().Apply(images, zeros_like(masks), new Generator(5));
        Assert.True(bare.Same(images));
        Assert.False(none.any().ToBoolean());
    }

    [Fact]
    public void Scales_and_shapes_that_make_no_sense_are_refused()
    {
        (Tensor images, Tensor masks) = Scenes();
        Assert.Contains("0 < smallest", Assert.Throws<ArgumentException>(() => new CopyPaste { SmallestScale = 0 }.Apply(images, masks, new Generator(1))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new CopyPaste { LargestScale = 1.5 }.Apply(images, masks, new Generator(1)));
        Assert.Throws<ArgumentException>(() => new CopyPaste().Apply(images, masks.narrow(0, 0, 3), new Generator(1)));
    }
}
