using Embodied.Evaluation;
using Embodied.Objects.Slots;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class SlotAutoencoderTests
{
    private static readonly SlotTrainingOptions Short = new()
    {
        Network = new() { Channels = 8, Width = 8 }, Updates = 6, BatchSize = 4, EvaluateEvery = 3, Evaluated = 8,
    };

    [Fact]
    public void A_decoders_gradients_agree_with_finite_differences()
    {
        using var generator = new Generator(1);
        using SpatialBroadcastDecoder decoder = new(4, 4, 2, 2, generator, ScalarType.Float64);
        using Tensor slots = randn([1, 2, 4], generator: generator, dtype: ScalarType.Float64), image = rand([1, 3, 8, 8], generator: generator, dtype: ScalarType.Float64);
        Assert.True(FiniteDifferences.Worst(at => (decoder.Decode(at[0]).Reconstruction - image).square().mean(), slots) < 1e-6);
    }

    [Fact]
    public void The_image_is_what_the_slots_draw_each_by_its_mask()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        using SlotAutoencoder network = new(new() { Channels = 8, Width = 8 }, generator);
        SlotDecomposition found = network.Decompose(rand([2, 3, 32, 32], generator: generator), generator, slots: 5, iterations: 2);
        Assert.Equal([2, 5, 3, 32, 32], found.Images.shape);
        Assert.Equal([2, 2, 5, 16, 16], found.Attention.shape);
        Assert.True((found.Masks.sum(1) - 1).abs().max().ToDouble() < 1e-5);
        Assert.True(((found.Images * found.Masks.unsqueeze(2)).sum(1) - found.Reconstruction).abs().max().ToDouble() < 1e-5);
        Assert.Throws<ArgumentException>(() => network.Decompose(zeros(2, 3, 16, 16), generator));
        Assert.Contains("ImageSize", Assert.Throws<ArgumentException>(() => new SlotAutoencoder(new() { ImageSize = 24 }, generator)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_is_told_where_it_is()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        using SoftPositions positions = new(6, generator, ScalarType.Float64);
        Tensor map = positions.Map(3, 4);
        Dictionary<string, Tensor> w = positions.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 4; column++)
            {
                double r = row / 2.0, c = column / 3.0;
                Tensor wanted = w["project.weight"].mv(tensor(new[] { r, c, 1 - r, 1 - c })) + w["project.bias"];
                Assert.True((map[0, .., row, column] - wanted).abs().max().ToDouble() < 1e-12);
            }
        }
    }

    [Fact]
    public void Foreground_pixels_alone_count_and_a_pixel_belongs_to_the_part_that_has_most_of_it()
    {
        using var scope = NewDisposeScope();
        Tensor objects = zeros([1, 2, 2, 4], dtype: ScalarType.Bool);
        objects[0, 0, 0, ..2] = tensor(true);
        objects[0, 1, 0, 2..] = tensor(true);
        // The second row is ground: what happens there must not matter.
        Tensor shares = tensor(new float[] { 0.6f, 0.6f, 0.4f, 0.3f, 1, 0, 1, 0, 0.4f, 0.4f, 0.6f, 0.7f, 0, 1, 0, 1 }, [1, 2, 2, 4]);
        Assert.Equal(1, ForegroundAri.Of(objects, shares)[0], 12);
        Assert.Equal(0, ForegroundAri.Of(objects, ones_like(shares))[0], 12);
        Assert.Throws<ArgumentException>(() => ForegroundAri.Of(objects, shares[.., .., ..1]));
    }

    [Fact]
    public void A_training_that_was_saved_goes_on_bit_for_bit()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            using SlotTraining whole = new(Short), first = new(Short), second = new(Short);
            List<SlotCurvePoint> curve = [], resumed = [];
            whole.Run(onCurve: curve.Add);
            using CancellationTokenSource stop = new();
            Assert.Throws<OperationCanceledException>(() => first.Run(onCurve: point =>
            {
                if (point.Update == 3)
                {
                    stop.Cancel();
                }
            }, cancellation: stop.Token));
            Assert.Equal(3, first.Step);
            first.Save(path);
            second.Load(path);
            second.Run(onCurve: resumed.Add);
            Assert.Equal([0, 3, 6], curve.Select(point => point.Update));
            Assert.Equal(curve[^1], resumed.Single());
            foreach ((Tensor one, Tensor other) in whole.Network.parameters().Zip(second.Network.parameters()))
            {
                Assert.True(one.equal(other).all().ToBoolean());
            }
            Assert.Equal(curve[^1] with { Loss = Math.Round(curve[^1].Loss, 6), Ari = Math.Round(curve[^1].Ari, 4), Sharpness = Math.Round(curve[^1].Sharpness, 4) }, SlotCurvePoint.Parse(curve[^1].ToCsv()));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Without_competition_slots_share_every_place()
    {
        using SlotTraining with = new(Short), without = new(Short with { Network = Short.Network with { Competition = SlotCompetition.OverInputs } });
        using SlotScenes scenes = SlotScenes.Draw(SlotData.Tetrominoes, 16, 9, heldOut: true);
        Assert.True(SlotScores.Of(with.Network, scenes).Sharpness > SlotScores.Of(without.Network, scenes).Sharpness);
    }

    [Fact]
    public void Objects_are_of_any_shape_at_first_and_compact_after_that()
    {
        SlotTrainingOptions four = Short with { Data = SlotData.CompactSprites, Updates = 4, BatchSize = 4, Network = Short.Network with { Slots = 5 } };
        float[] all = Weights(four with { Data = SlotData.Sprites }), compact = Weights(four), whole = Weights(four with { AnyShape = 1 }), half = Weights(four with { AnyShape = 0.5 });
        Assert.Equal(all, whole);
        Assert.NotEqual(all, compact);
        Assert.NotEqual(half, all);
        Assert.NotEqual(half, compact);
        Assert.Throws<ArgumentException>(() => new SlotTraining(Short with { AnyShape = 0.5 }));
        Assert.Throws<ArgumentException>(() => new SlotTraining(four with { AnyShape = 1.5 }));

        static float[] Weights(SlotTrainingOptions options)
        {
            using SlotTraining training = new(options);
            training.Run(cancellation: TestContext.Current.CancellationToken);
            return [.. training.Network.parameters().SelectMany(parameter => parameter.data<float>().ToArray())];
        }
    }

    [Theory]
    [InlineData(SlotData.Tetrominoes)]
    [InlineData(SlotData.Sprites)]
    [InlineData(SlotData.CompactSprites)]
    public void Held_out_scenes_are_others_and_a_number_is_always_the_same_scene(SlotData data)
    {
        using SlotScenes scenes = SlotScenes.Draw(data, 6, 1), tail = SlotScenes.Draw(data, 2, 1, first: 4), heldOut = SlotScenes.Draw(data, 6, 1, heldOut: true);
        Assert.True(scenes.Images[4..].equal(tail.Images).all().ToBoolean());
        Assert.False(scenes.Images.equal(heldOut.Images).all().ToBoolean());
        Assert.Equal([6, 3, 32, 32], scenes.Images.shape);
    }

    [Fact]
    public void Stretched_colours_keep_their_lightness_and_come_back()
    {
        using var scope = NewDisposeScope();
        Tensor images = tensor(new[] { 0.9f, 0.3f, 0.3f, 0.5f, 0.5f, 0.5f }, [2, 3, 1, 1]);
        Tensor stretched = SlotScenes.Stretched(images);
        Assert.True((stretched.flatten() - tensor(new[] { 1.7f, -0.1f, -0.1f, 0.5f, 0.5f, 0.5f })).abs().max().ToDouble() < 1e-6);
        Assert.True((SlotScenes.Natural(stretched) - images).abs().max().ToDouble() < 1e-6);
        Assert.Throws<ArgumentException>(() => SlotScenes.Stretched(zeros(2, 1, 3, 3)));
    }

    [Fact]
    public void Sharpness_is_the_largest_share_of_a_place_of_the_last_round_over_the_places_asked_for()
    {
        using var scope = NewDisposeScope();
        // Two places, two slots; shares 3/4 and 1/2 in the last round.
        Tensor attention = tensor(new[] { 1f, 0, 0, 1, 0.3f, 0.2f, 0.1f, 0.2f }, [1, 2, 2, 1, 2]);
        Assert.Equal(0.625, SlotScores.SharpnessOf(attention), 6);
        Tensor left = tensor(new[] { false, true, false, false, false, false, false, false }, [1, 2, 4]);
        Assert.Equal(0.75, SlotScores.SharpnessOf(attention, left), 6);
        Assert.Throws<ArgumentException>(() => SlotScores.SharpnessOf(attention, left[.., .., ..3]));
    }
}
