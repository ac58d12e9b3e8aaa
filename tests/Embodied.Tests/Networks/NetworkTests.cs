using Embodied.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Networks;

public class NetworkTests
{
    private static readonly VisionTransformerOptions Tiny = new() { ImageSize = 16, PatchSize = 4, Width = 24, Depth = 2, Heads = 3 };

    [Fact]
    public void A_transformer_gives_a_class_token_and_a_token_per_patch_at_any_size_of_whole_patches()
    {
        using var vit = new VisionTransformer(Tiny, new Generator(1));
        Assert.Equal([2, 24], vit.call(rand(2, 3, 16, 16)).shape);
        Assert.Equal([2, 3 * 5, 24], vit.Tokens(rand(2, 3, 12, 20)).Patches.shape);
        Assert.StartsWith("images has shape [2, 3, 12, 18], wanted sides that are multiples of the patch, 4.", Assert.Throws<ArgumentException>(
            () => vit.call(rand(2, 3, 12, 18))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => vit.call(rand(2, 1, 16, 16)));
        Assert.Throws<ArgumentException>(() => new VisionTransformer(Tiny with { Heads = 5 }, new Generator(1)));
        Assert.Throws<ArgumentException>(() => new VisionTransformer(Tiny with { PatchSize = 5 }, new Generator(1)));
        Assert.StartsWith("[CLS] cannot join before block 2; there are blocks 0 to 1.", Assert.Throws<ArgumentException>(
            () => new VisionTransformer(Tiny with { ClassFrom = 2 }, new Generator(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_convolutional_stem_makes_as_many_tokens_as_patches_and_does_not_mark_the_border()
    {
        using var vit = new VisionTransformer(Tiny with { StemWidth = 4 }, new Generator(1));
        vit.eval();
        using (no_grad())
        {
            vit.named_parameters().Single(p => p.name == "pos_embed").parameter.zero_();
        }
        Assert.Equal([2, 3 * 5, 24], vit.Tokens(rand(2, 3, 12, 20)).Patches.shape);
        Tensor tokens = vit.Tokens(full([1, 3, 16, 16], 0.7)).Patches[0];
        Assert.True((tokens - tokens[0]).abs().max().ToDouble() < 1e-5, "On a plain image all patches are alike, those at the border too.");
        Assert.Throws<ArgumentException>(() => new VisionTransformer(Tiny with { StemWidth = 4, ImageSize = 12, PatchSize = 3 }, new Generator(1)));
    }

    [Fact]
    public void Patches_go_missing_in_training_alone_and_others_in_every_pass()
    {
        using var scope = NewDisposeScope();
        using var vit = new VisionTransformer(Tiny with { ClassFrom = 1 }, new Generator(1));
        Tensor images = rand([2, 3, 16, 16], generator: new Generator(2));
        Tensor whole = vit.call(images);
        vit.PatchDropout = (0.75, new Generator(3));
        Assert.Equal([2, 4, 24], vit.Tokens(images).Patches.shape);
        Tensor first = vit.call(images), second = vit.call(images);
        Assert.True((first - second).abs().max().ToDouble() > 1e-4);
        vit.PatchDropout = (0.75, new Generator(3));
        vit.Tokens(images);
        Assert.True(vit.call(images).eq(first).all().item<bool>(), "The same generator leaves out the same patches.");
        vit.eval();
        Assert.True(vit.call(images).eq(whole).all().item<bool>());
    }

    [Fact]
    public void A_class_token_that_joins_late_changes_no_patch_before()
    {
        Tensor images = rand([2, 3, 16, 16], dtype: ScalarType.Float64, generator: new Generator(2));
        using var late = new VisionTransformer(Tiny with { ClassFrom = 1 }, new Generator(1), ScalarType.Float64);
        AttentionMaps first = late.Inspect(images, 0).Layer, last = late.Inspect(images).LastLayer;
        Assert.Equal([2, 3, 16, 16], first.Weights.shape);
        Assert.Equal([2, 3, 17, 17], last.Weights.shape);
        Tensor before = late.Inspect(images, 0).Layer.Keys;
        using (no_grad())
        {
            late.named_parameters().Single(p => p.name == "cls_token").parameter.add_(1);
        }
        Assert.True(late.Inspect(images, 0).Layer.Keys.eq(before).all().item<bool>());
        Assert.True(allclose(late.Inspect(images).Tokens.Class, late.call(images), 1e-10, 1e-10));
        Assert.Throws<ArgumentOutOfRangeException>(() => late.Inspect(images, 2));
    }

    [Fact]
    public void Attention_rows_sum_to_one_and_the_written_out_path_gives_what_the_fast_one_gives()
    {
        using var vit = new VisionTransformer(Tiny, new Generator(1), ScalarType.Float64);
        Tensor images = rand([2, 3, 16, 16], dtype: ScalarType.Float64, generator: new Generator(2));
        (VisionTokens tokens, AttentionMaps last) = vit.Inspect(images);
        Assert.Equal([2, 3, 17, 17], last.Weights.shape);
        Assert.True(allclose(last.Weights.sum(-1), ones(2, 3, 17, dtype: ScalarType.Float64), 1e-12, 1e-12));
        Assert.Equal([2, 3, 17, 8], last.Keys.shape);
        VisionTokens fast = vit.Tokens(images);
        Assert.True(allclose(fast.Class, tokens.Class, 1e-10, 1e-10) && allclose(fast.Patches, tokens.Patches, 1e-10, 1e-10));
        Assert.True(allclose(fast.Class, vit.call(images), 1e-10, 1e-10));
    }

    [Fact]
    public void The_fast_attention_has_the_gradient_of_the_written_out_one()
    {
        using var attention = new SelfAttention(6, 2, ScalarType.Float64);
        Tensor x = randn([2, 5, 6], dtype: ScalarType.Float64, generator: new Generator(1)), towards = randn([2, 5, 6], dtype: ScalarType.Float64, generator: new Generator(2));
        Assert.InRange(FiniteDifferences.Worst(z => (attention.call(z[0]) * towards).sum(), x), 0, 1e-7);
        Assert.InRange(FiniteDifferences.Worst(z => (attention.Inspect(z[0]).Output * towards).sum(), x), 0, 1e-7);
    }

    [Fact]
    public void Tokens_do_not_depend_on_the_other_images_of_the_batch()
    {
        using var vit = new VisionTransformer(Tiny, new Generator(1));
        Tensor images = rand([3, 3, 16, 16], generator: new Generator(2));
        Assert.True(allclose(vit.call(images)[1], vit.call(images[1..2])[0], 1e-4, 1e-5));
    }

    [Fact]
    public void Position_embeddings_are_themselves_at_the_native_size_and_interpolated_elsewhere()
    {
        using var vit = new VisionTransformer(Tiny, new Generator(1));
        Tensor learned = vit.named_parameters().Single(p => p.name == "pos_embed").parameter;
        Assert.True(vit.Positions(4, 4).eq(learned).all().item<bool>());
        Assert.Equal([1, 1 + 2 * 6, 24], vit.Positions(2, 6).shape);
        Assert.True(vit.Positions(2, 6)[0, 0].eq(learned[0, 0]).all().item<bool>());
        using (no_grad())
        {
            Tensor ramp = arange(4, ScalarType.Float32).repeat(4);
            learned[0, 1..].copy_(ramp.unsqueeze(1).expand(16, 24));
        }
        Tensor twice = vit.Positions(8, 8)[0, 1.., 0].view(8, 8);
        // Centres of the finer grid lie at 1.25 and 1.75 of the coarser; Keys' cubic kernel with PyTorch's a = −0.75.
        static double Keys(double x) => x <= 1 ? 1.25 * x * x * x - 2.25 * x * x + 1 : -0.75 * (x * x * x - 5 * x * x + 8 * x - 4);
        Assert.Equal(1 * Keys(0.25) + 2 * Keys(0.75) + 3 * Keys(1.75), twice[4, 3].item<float>(), 1e-5);
        Assert.Equal(1 * Keys(0.75) + 2 * Keys(0.25) + 3 * Keys(1.25), twice[4, 4].item<float>(), 1e-5);
    }

    [Fact]
    public void Parameter_names_are_those_of_the_released_checkpoints()
    {
        using var vit = new VisionTransformer(Tiny, new Generator(1));
        string[] names = [.. vit.named_parameters().Select(p => p.name)];
        Assert.Contains("cls_token", names);
        Assert.Contains("patch_embed.proj.weight", names);
        Assert.Contains("blocks.1.attn.qkv.bias", names);
        Assert.Contains("blocks.0.mlp.fc2.weight", names);
        Assert.Contains("norm.weight", names);
        Assert.Equal(2 + 2 + 12 * 2 + 2, names.Length);
    }

    [Fact]
    public void The_same_seed_gives_the_same_networks()
    {
        static float[] Weights(nn.Module network)
        {
            using (network)
            {
                return [.. network.parameters().SelectMany(p => p.data<float>().ToArray())];
            }
        }
        Func<Generator, nn.Module>[] all =
        [
            g => new VisionTransformer(Tiny, g), g => new ConvEncoder(new() { Width = 4 }, g),
            g => new ProjectionHead(5, new() { Hidden = 6, Output = 4 }, g), g => new DinoHead(5, new() { Hidden = 6, Bottleneck = 4, Prototypes = 9 }, g),
        ];
        foreach (var build in all)
        {
            Assert.Equal(Weights(build(new Generator(7))), Weights(build(new Generator(7))));
            Assert.NotEqual(Weights(build(new Generator(7))), Weights(build(new Generator(8))));
        }
    }

    [Fact]
    public void First_weights_have_the_spread_that_they_should()
    {
        using var vit = new VisionTransformer(VisionTransformerOptions.Small64, new Generator(1));
        foreach ((string name, var weight) in vit.named_parameters().Where(p => p.parameter.dim() > 1 && p.name != "cls_token"))
        {
            double expected = name == "pos_embed" ? 0.02 : 1 / Math.Sqrt(weight.numel() / weight.shape[0]);
            Assert.InRange(weight.std().ToDouble() / expected, 0.97, 1.03);
            Assert.InRange(Math.Abs(weight.mean().ToDouble()) / expected, 0, 0.05);
        }
        using var head = new ProjectionHead(64, new() { Hidden = 128 }, new Generator(1));
        Tensor first = head.parameters().First();
        Assert.InRange(first.std().ToDouble() / Math.Sqrt(2.0 / 64), 0.97, 1.03);
    }

    [Theory]
    [InlineData(3, 64, 4)]
    [InlineData(1, 28, 2)]
    public void A_convolutional_encoder_halves_the_resolution_at_every_stage(int channels, int side, int left)
    {
        using var encoder = new ConvEncoder(new() { Channels = channels, Width = 4 }, new Generator(1));
        Tensor images = rand([2, channels, side, side], generator: new Generator(2));
        Assert.Equal([2, 32, left, left], encoder.Map(images).shape);
        Assert.Equal([2, encoder.OutputWidth], encoder.call(images).shape);
        Assert.Throws<ArgumentException>(() => encoder.call(rand(2, channels + 1, side, side)));
    }

    [Fact]
    public void A_normalised_projection_has_zero_mean_and_unit_variance_over_the_batch()
    {
        using var head = new ProjectionHead(5, new() { Hidden = 6, Output = 4, Layers = 3, NormalisedOutput = true }, new Generator(1));
        Tensor z = head.call(randn([64, 5], generator: new Generator(2)));
        Assert.True(allclose(z.mean([0L]), zeros(4), 1e-4, 1e-5));
        Assert.True(allclose(z.var(0, unbiased: false), ones(4), 1e-2, 1e-2));
        Assert.Throws<ArgumentException>(() => head.call(zeros(3, 4)));
        using var linear = new ProjectionHead(5, new() { Layers = 1, Output = 4 }, new Generator(1));
        Assert.Equal(2, linear.parameters().Count());
    }

    [Fact]
    public void Logits_of_the_DINO_head_are_cosines_with_the_prototypes()
    {
        using var head = new DinoHead(5, new() { Hidden = 6, Bottleneck = 4, Prototypes = 9 }, new Generator(1));
        Tensor x = randn([7, 5], generator: new Generator(2)), logits = head.call(x);
        Assert.InRange(logits.abs().max().ToDouble(), 0, 1 + 1e-6);
        using (no_grad())
        {
            head.Prototypes.mul_(13);
        }
        Assert.True(allclose(logits, head.call(x), 1e-5, 1e-6));
    }

    [Fact]
    public void A_moving_average_has_its_closed_form_and_its_buffers_follow_too()
    {
        using var network = nn.BatchNorm1d(3);
        using var average = nn.BatchNorm1d(3);
        using (no_grad())
        {
            network.weight!.fill_(5);
        }
        MovingAverage.Start(average, network);
        Assert.All(average.parameters(), p => Assert.False(p.requires_grad));
        using (no_grad())
        {
            network.weight!.fill_(1);
        }
        network.call(10 + randn([8, 3], generator: new Generator(1))); // Moves the running mean, and counts the batch.
        const double m = 0.9;
        for (int t = 1; t <= 7; t++)
        {
            MovingAverage.Update(average, network, m);
        }
        double kept = Math.Pow(m, 7);
        Assert.True(allclose(average.weight!, full([3], (float)(5 * kept + 1 * (1 - kept)))));
        Assert.True(allclose(average.running_mean!, (1 - kept) * network.running_mean!));
        Assert.Equal(1, average.named_buffers().Single(b => b.name == "num_batches_tracked").buffer.item<long>());
        Assert.All(network.parameters(), p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void A_moving_average_of_another_architecture_is_refused_before_anything_changes()
    {
        using var a = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 4));
        using var b = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 5));
        Tensor before = a.parameters().First().clone();
        Assert.StartsWith("average.1.weight has shape [4, 3], wanted [5, 3].", Assert.Throws<ArgumentException>(() => MovingAverage.Update(a, b, 0.5)).Message, StringComparison.Ordinal);
        Assert.True(before.eq(a.parameters().First()).all().item<bool>());
        Assert.Throws<ArgumentOutOfRangeException>(() => MovingAverage.Update(a, a, double.NaN));
    }

    [Fact]
    public void A_schedule_warms_up_linearly_and_ends_where_it_should()
    {
        CosineSchedule falling = new(0.4, 0.1, 101, WarmUp: 10);
        Assert.Equal(0.4 / 11, falling.At(0), 1e-12);
        Assert.Equal(0.4 * 10 / 11, falling.At(9), 1e-12);
        Assert.Equal(0.4, falling.At(10), 1e-12);
        Assert.Equal(0.25, falling.At(55), 1e-12);
        Assert.Equal(0.1, falling.At(100), 1e-12);
        Assert.Equal(0.1, falling.At(1000), 1e-12);
        CosineSchedule rising = new(0.996, 1, 50);
        Assert.Equal(0.996, rising.At(0), 1e-12);
        Assert.Equal(1, rising.At(49), 1e-12);
        Assert.All(Enumerable.Range(1, 49), t => Assert.True(rising.At(t) > rising.At(t - 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => rising.At(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CosineSchedule(1, 0, 5, 6).At(0));
    }

    [Fact]
    public void Biases_norms_and_tokens_of_one_vector_are_not_decayed()
    {
        using var network = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2, hasBias: false));
        (var decayed, var not) = ParameterGroups.Split(network);
        Assert.Equal(2, decayed.Count);
        Assert.Equal(3, not.Count);
        network.parameters().First().requires_grad_(false);
        Assert.Single(ParameterGroups.Split(network).Decayed);
    }

    [Fact]
    public void A_forward_and_backward_pass_leaves_no_tensors_behind()
    {
        using var encoder = new ProjectedEncoder(new VisionTransformer(Tiny, new Generator(1)), new DinoHead(24, new() { Hidden = 6, Bottleneck = 4, Prototypes = 9 }, new Generator(1)));
        using Tensor images = rand([2, 3, 16, 16], generator: new Generator(2)), small = rand([2, 3, 8, 8], generator: new Generator(2));
        List<long> counts = [];
        for (int i = 0; i < 4; i++)
        {
            using (NewDisposeScope())
            {
                (encoder.call(images).sum() + encoder.call(small).sum()).backward();
                ((VisionTransformer)encoder.Encoder).Inspect(images);
            }
            counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
        Assert.All(counts.Skip(2), count => Assert.Equal(counts[1], count));
    }
}
