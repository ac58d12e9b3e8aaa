using Embodied.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Datasets;

public class TetrominoTests
{
    [Fact]
    public void Pieces_have_four_cells_each_and_none_overlap()
    {
        using TetrominoBatch drawn = Tetrominoes.Draw(200, new() { Pieces = 4 }, seed: 1);
        Assert.True(drawn.Masks.sum([2L, 3L]).eq(4 * 4 * 4).all().ToBoolean());
        Assert.True(drawn.Masks.to(ScalarType.Int32).sum(1).max().ToInt32() == 1);
        // A pixel has colour where a piece is, and nowhere else.
        Assert.True(drawn.Images.sum(1).gt(0).equal(drawn.Masks.any(1)).all().ToBoolean());
    }

    [Fact]
    public void Every_shape_comes_in_every_rotation_and_every_colour()
    {
        using TetrominoBatch drawn = Tetrominoes.Draw(2000, new(), seed: 2);
        Assert.Equal(7, drawn.Shapes.unique().output.numel());
        Assert.Equal(6, drawn.Colours.unique().output.numel());
        // 19 fixed tetrominoes: I, S and Z look alike after half a turn, O after a quarter.
        HashSet<string> looks = [];
        foreach (Tensor mask in drawn.Masks.flatten(0, 1).unbind())
        {
            using var scope = NewDisposeScope();
            Tensor at = mask.nonzero();
            Tensor first = at.amin([0L]), last = at.amax([0L]);
            Tensor box = mask[(int)first[0].ToInt64()..((int)last[0].ToInt64() + 1), (int)first[1].ToInt64()..((int)last[1].ToInt64() + 1)];
            looks.Add($"{box.shape[0]}:" + string.Concat(box.contiguous().data<bool>().Select(inside => inside ? '#' : '.')));
        }
        Assert.Equal(19, looks.Count);
    }

    [Fact]
    public void A_scene_depends_on_its_seed_and_number_alone()
    {
        using TetrominoBatch all = Tetrominoes.Draw(10, new(), seed: 3), tail = Tetrominoes.Draw(4, new(), seed: 3, first: 6), other = Tetrominoes.Draw(10, new(), seed: 4);
        Assert.True(all.Images[6..].equal(tail.Images).all().ToBoolean());
        Assert.False(all.Images.equal(other.Images).all().ToBoolean());
    }

    [Fact]
    public void Colours_are_distinct_when_asked_to_be()
    {
        using TetrominoBatch distinct = Tetrominoes.Draw(300, new() { DistinctColours = true }, seed: 5), free = Tetrominoes.Draw(300, new(), seed: 5);
        static int Repeated(TetrominoBatch drawn) => Enumerable.Range(0, 300).Count(i => drawn.Colours[i].data<long>().Distinct().Count() < 3);
        Assert.Equal(0, Repeated(distinct));
        Assert.InRange(Repeated(free), 100, 170); // 1 − (5/6)(4/6) = 0.44 of 300
    }

    [Fact]
    public void Options_that_make_no_sense_are_answered_in_a_sentence()
    {
        Assert.Contains("4 Cell", Assert.Throws<ArgumentException>(() => Tetrominoes.Draw(1, new() { Size = 12 }, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("no room", Assert.Throws<ArgumentException>(() => Tetrominoes.Draw(1, new() { Size = 16, Pieces = 5 }, 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Tetrominoes.Draw(1, new() { Pieces = 7, DistinctColours = true }, 1));
    }
}
