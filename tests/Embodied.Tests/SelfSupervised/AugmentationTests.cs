using Embodied.SelfSupervised.Augmentations;
using static TorchSharp.torch;

namespace Embodied.Tests.SelfSupervised;

public class AugmentationTests
{
    private static Tensor Images(int n = 6, int channels = 3, int size = 24) => rand([n, channels, size, size], generator: new Generator(5));

    public static TheoryData<string> Names => [.. Presets.Figure.Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_seed_decides_and_the_images_are_left_as_they_were(string name)
    {
        using var scope = NewDisposeScope();
        IAugmentation augmentation = Presets.Figure.Single(one => one.Name == name).Augmentation;
        Tensor images = Images(), before = images.clone();
        Tensor one = augmentation.Apply(images, new Generator(1)), again = augmentation.Apply(images, new Generator(1)), other = augmentation.Apply(images, new Generator(2));
        Assert.Equal(images.shape, one.shape);
        Assert.True(one.equal(again).all().item<bool>());
        Assert.True(images.equal(before).all().item<bool>());
        Assert.InRange(one.min().item<float>(), -1e-6f, 1);
        Assert.InRange(one.max().item<float>(), 0, 1.0001f);
        bool random = name is not ("original" or "colour distortion (drop)" or "Sobel filtering");
        Assert.Equal(random, !one.allclose(other));
        if (random)
        {
            // Twice the same image in one batch: each gets numbers of its own. A quarter turn has three, so that six copies must differ.
            Tensor copies = augmentation.Apply(images[0..1].repeat(6, 1, 1, 1), new Generator(3));
            Assert.True((copies - copies[0..1]).abs().max().item<float>() > 0.01);
        }
    }

    [Fact]
    public void The_hue_turns_as_in_HSV()
    {
        using var scope = NewDisposeScope();
        Tensor rgb = Images(2, 3, 5);
        foreach (double turn in (double[])[-0.5, -0.13, 0, 0.2, 1.0 / 3])
        {
            float[] turned = ColourJitter.TurnHue(rgb, full([2, 1, 1, 1], turn, dtype: float32)).data<float>().ToArray(), original = rgb.data<float>().ToArray();
            for (int n = 0; n < 2; n++)
            {
                for (int p = 0; p < 25; p++)
                {
                    SkiaSharp.SKColorF colour = new(original[n * 75 + p], original[n * 75 + 25 + p], original[n * 75 + 50 + p]);
                    colour.ToHsv(out float h, out float s, out float v);
                    SkiaSharp.SKColorF wanted = SkiaSharp.SKColorF.FromHsv((float)(((h / 360 + turn) % 1 + 1) % 1 * 360), s, v);
                    Assert.Equal(wanted.Red, turned[n * 75 + p], 1e-4);
                    Assert.Equal(wanted.Green, turned[n * 75 + 25 + p], 1e-4);
                    Assert.Equal(wanted.Blue, turned[n * 75 + 50 + p], 1e-4);
                }
            }
        }
    }

    [Fact]
    public void A_jitter_of_nothing_changes_nothing_and_each_factor_does_what_its_name_says()
    {
        using var scope = NewDisposeScope();
        Tensor images = Images();
        Assert.True(new ColourJitter { Brightness = 0, Contrast = 0, Saturation = 0, Hue = 0 }.Apply(images, new Generator(1)).allclose(images, atol: 1e-6));
        ColourJitter none = new() { Brightness = 0, Contrast = 0, Saturation = 0, Hue = 0 };
        // Darkened alone, every image is a multiple of itself.
        Tensor dim = images * 0.5, darker = (none with { Brightness = 0.9 }).Apply(dim, new Generator(2)), factor = darker.mean([1, 2, 3]) / dim.mean([1, 2, 3]);
        Assert.True(darker.allclose((dim * factor.view(-1, 1, 1, 1)).clamp(0, 1), atol: 0.02) && factor.std().item<float>() > 0.1);
        // Contrast leaves the mean brightness, saturation each pixel's.
        Tensor middle = images * 0.2 + 0.4, grey = tensor(new float[] { 0.299f, 0.587f, 0.114f }).view(1, 3, 1, 1);
        Assert.True(((none with { Contrast = 0.5 }).Apply(middle, new Generator(3)) * grey).sum(1).mean([1, 2]).allclose((middle * grey).sum(1).mean([1, 2]), atol: 1e-4));
        Assert.True(((none with { Saturation = 0.5 }).Apply(middle, new Generator(3)) * grey).sum(1).allclose((middle * grey).sum(1), atol: 1e-4));
    }

    [Fact]
    public void A_crop_of_everything_is_the_image_and_any_crop_is_a_part_of_it()
    {
        using var scope = NewDisposeScope();
        Tensor images = Images();
        RandomResizedCrop whole = new() { MinArea = 1, MaxArea = 1, MaxLogAspect = 0, Flip = 0 };
        Assert.True(whole.Apply(images, new Generator(1)).allclose(images, atol: 1e-5));
        Assert.True((whole with { Flip = 1 }).Apply(images, new Generator(1)).allclose(images.flip(3), atol: 1e-5));
        // On a picture of its own coordinates a crop tells where it was cut.
        Tensor x = ((arange(64, dtype: float32) + 0.5f) / 64).view(1, 64).repeat(64, 1), coordinates = stack([x, x.t()], 0).unsqueeze(0).repeat(200, 1, 1, 1);
        Tensor crops = new RandomResizedCrop { MinArea = 0.1, MaxArea = 0.4, Flip = 0 }.Apply(coordinates, new Generator(4));
        Tensor width = (crops[.., 0, 32, 63] - crops[.., 0, 32, 0]) * 64 / 63, height = (crops[.., 1, 63, 32] - crops[.., 1, 0, 32]) * 64 / 63;
        Assert.InRange((width * height).min().item<float>(), 0.095f, 0.13f);
        Assert.InRange((width * height).max().item<float>(), 0.37f, 0.405f);
        Assert.InRange((width / height).max().item<float>(), 1.2f, 1.36f);
        Assert.InRange((width / height).min().item<float>(), 0.73f, 0.84f);
        Assert.InRange(crops.min().item<float>(), 0, 0.02f);
        Assert.InRange(crops.max().item<float>(), 0.98f, 1);
    }

    [Fact]
    public void Four_quarter_turns_are_none_and_one_goes_clockwise()
    {
        using var scope = NewDisposeScope();
        Tensor corner = zeros(60, 1, 4, 4);
        corner[.., 0, 0, 0] = 1;
        Tensor turned = new QuarterTurn().Apply(corner, new Generator(1));
        (double right, double opposite, double left) = (turned[.., 0, 0, 3].sum().item<float>(), turned[.., 0, 3, 3].sum().item<float>(), turned[.., 0, 3, 0].sum().item<float>());
        Assert.Equal(60, right + opposite + left);
        Assert.All((double[])[right, opposite, left], count => Assert.InRange(count, 10, 30));
    }

    [Fact]
    public void A_blur_is_a_convolution_with_a_Gaussian()
    {
        using var scope = NewDisposeScope();
        Tensor point = zeros(1, 1, 15, 15);
        point[0, 0, 7, 7] = 1;
        float[] blurred = new GaussianBlur { MinSigma = 1.5, MaxSigma = 1.5, Radius = 6 }.Apply(point, new Generator(1)).data<float>().ToArray();
        double norm = Enumerable.Range(-6, 13).Sum(i => Math.Exp(-i * i / 4.5));
        for (int p = 0; p < 225; p++)
        {
            (int dx, int dy) = (p % 15 - 7, p / 15 - 7);
            double wanted = Math.Abs(dx) > 6 || Math.Abs(dy) > 6 ? 0 : Math.Exp(-(dx * dx + dy * dy) / 4.5) / (norm * norm);
            Assert.Equal(wanted, blurred[p], 1e-5);
        }
        Assert.True(new GaussianBlur().Apply(ones(2, 3, 9, 9), new Generator(1)).allclose(ones(2, 3, 9, 9), atol: 1e-5));
    }

    [Fact]
    public void Sobel_measures_the_slope_of_a_ramp()
    {
        using var scope = NewDisposeScope();
        Tensor ramp = (arange(16, dtype: float32) * 0.02f).view(1, 1, 1, 16).repeat(1, 3, 16, 1);
        Tensor slope = new Sobel().Apply(ramp, new Generator(1));
        // Across two pixels, as the filter is, weighted 1, 2, 1 and divided by four.
        Assert.True(slope[.., .., 1..15, 1..15].allclose(full([1, 3, 14, 14], 0.04f), atol: 1e-5));
        Assert.True(new Sobel().Apply(ramp.transpose(2, 3).contiguous(), new Generator(1)).allclose(slope.transpose(2, 3), atol: 1e-6));
    }

    [Fact]
    public void Cutout_covers_a_square_and_noise_has_its_deviation()
    {
        using var scope = NewDisposeScope();
        Tensor images = zeros(300, 3, 20, 20), holes = new Cutout { Side = 0.5, Value = 1 }.Apply(images, new Generator(1));
        Tensor covered = holes[.., 0].sum([1, 2]);
        Assert.Equal(100, covered.max().item<float>());
        Assert.InRange(covered.min().item<float>(), 25, 40);
        Tensor noise = new GaussianNoise { Sigma = 0.1 }.Apply(images + 0.5, new Generator(1)) - 0.5;
        Assert.Equal(0.1, noise.std().item<float>(), 1e-3);
    }

    [Fact]
    public void A_random_augmentation_befalls_its_share_of_images()
    {
        using var scope = NewDisposeScope();
        Tensor images = Images(1).repeat(400, 1, 1, 1);
        Tensor changed = new RandomApply(new ColourDrop(), 0.2).Apply(images, new Generator(6)).ne(images).flatten(1).any(1);
        Assert.InRange(changed.to(float32).mean().item<float>(), 0.14, 0.26);
        Assert.True(new RandomApply(new ColourDrop(), 0).Apply(images, new Generator(6)).equal(images).all().item<bool>());
    }

    [Fact]
    public void Multi_crop_gives_global_views_first_and_small_local_ones_after()
    {
        using var scope = NewDisposeScope();
        IReadOnlyList<Tensor> views = new MultiCrop { Locals = 3, LocalSize = 16 }.Apply(Images(4, 3, 32), new Generator(1));
        Assert.Equal([32, 32, 16, 16, 16], views.Select(view => view.shape[2]));
        Assert.All(views, view => Assert.Equal(4, view.shape[0]));
        Assert.False(views[0].allclose(views[1]));
    }

    [Fact]
    public void Wrong_shapes_get_one_sentence()
    {
        using var scope = NewDisposeScope();
        Generator generator = new(1);
        Assert.Contains("images has shape [3, 8, 8], wanted [any, any, any, any]", Assert.Throws<ArgumentException>(() => new Cutout().Apply(zeros(3, 8, 8), generator)).Message, StringComparison.Ordinal);
        Assert.Contains("images has shape [2, 1, 8, 8], wanted [any, 3, any, any]", Assert.Throws<ArgumentException>(() => new ColourJitter().Apply(zeros(2, 1, 8, 8), generator)).Message, StringComparison.Ordinal);
        Assert.Contains("wanted [any, any, 9, 9]", Assert.Throws<ArgumentException>(() => new QuarterTurn().Apply(zeros(2, 1, 8, 9), generator)).Message, StringComparison.Ordinal);
        Assert.Equal([2, 1, 28, 28], Presets.Grey().Apply(zeros(2, 1, 28, 28), generator).shape);
    }
}
