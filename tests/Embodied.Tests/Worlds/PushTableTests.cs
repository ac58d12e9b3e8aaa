using Embodied.Worlds;
using static TorchSharp.torch;

namespace Embodied.Tests.Worlds;

public class PushTableTests
{
    private static readonly PushTable Empty = new() { Obstacles = [] };

    [Fact]
    public void A_straight_push_moves_the_object_by_what_the_palm_moves_after_contact()
    {
        PushRecord record = Empty.Run([new(0.1, 0.5), new(0.5, 0.5)]);
        // The palm stops at 0.5, the object lies against it.
        Assert.Equal(0.5 + Empty.PalmRadius + Empty.Object.Radius, record.Object[^1].X, 1e-9);
        Assert.Equal(0.5, record.Object[^1].Y, 1e-9);
        Assert.Equal(PushOutcome.MissedGoal, record.Outcome);
        Assert.Equal(Empty.Object.Centre, record.Object[0]);
    }

    [Fact]
    public void Pushed_into_the_goal_the_object_has_reached_it()
    {
        Assert.Equal(PushOutcome.Reached, Empty.Run([new(0.1, 0.5), new(0.8, 0.5)]).Outcome);
    }

    [Fact]
    public void The_same_way_through_an_obstacle_does_not_count()
    {
        Assert.Equal(PushOutcome.HitObstacle, new PushTable().Run([new(0.1, 0.5), new(0.8, 0.5)]).Outcome);
    }

    [Fact]
    public void A_hand_that_does_not_touch_the_object_leaves_it_where_it_is()
    {
        PushRecord record = Empty.Run([new(0.1, 0.9), new(0.9, 0.9)]);
        Assert.All(record.Object, place => Assert.Equal(Empty.Object.Centre, place));
    }

    [Fact]
    public void An_obstacle_is_touched_by_a_fingertip_alone()
    {
        // The palm passes 0.065 m above the edge of the obstacle: the palm and the object's start are clear of it, the right fingertip is not.
        var table = new PushTable { Obstacles = [new(new(0.6, 0.2), 0.1)] };
        Assert.Equal(PushOutcome.HitObstacle, table.Run([new(0.1, 0.365), new(0.9, 0.365)]).Outcome);
        Assert.Equal(PushOutcome.MissedGoal, table.Run([new(0.1, 0.375), new(0.85, 0.375)]).Outcome);
    }

    [Fact]
    public void Leaving_the_table_is_noticed_also_when_the_way_is_not_finite()
    {
        Assert.Equal(PushOutcome.LeftTable, Empty.Run([new(0.1, 0.5), new(0.1, 1.2)]).Outcome);
        Assert.Equal(PushOutcome.LeftTable, Empty.Run([new(0.1, 0.5), new(double.NaN, 0.5)]).Outcome);
        Assert.Throws<ArgumentException>(() => Empty.Run([new(0.1, 0.5)]));
    }

    [Fact]
    public void Nothing_enters_the_object_while_it_is_pushed()
    {
        var table = new PushTable();
        using Tensor demonstrations = PushDemonstrations.Generate(table, 20, new Random(1));
        foreach (PushRecord record in PushDemonstrations.Judge(table, demonstrations))
        {
            for (int i = 0; i < record.Hand.Count; i++)
            {
                Disc thing = table.Object with { Centre = record.Object[i] };
                Assert.All(table.HandAt(record.Hand[i], record.Heading[i]), part => Assert.InRange(part.Overlap(thing), double.NegativeInfinity, 1e-4));
                Assert.Equal(1, record.Heading[i].Length, 1e-9);
            }
        }
    }

    [Fact]
    public void Demonstrations_are_valid_varied_and_go_both_ways_round()
    {
        var table = new PushTable();
        using Tensor demonstrations = PushDemonstrations.Generate(table, 200, new Random(1)), again = PushDemonstrations.Generate(table, 200, new Random(1));
        Assert.True(demonstrations.Equals(again));
        Assert.Equal([200, 32], demonstrations.shape);
        PushRecord[] records = PushDemonstrations.Judge(table, demonstrations);
        Assert.All(records, record => Assert.Equal(PushOutcome.Reached, record.Outcome));
        int above = records.Count(record => record.Object.MinBy(place => Math.Abs(place.X - table.Obstacles[0].Centre.X)).Y > table.Obstacles[0].Centre.Y);
        Assert.InRange(above, 70, 130);
        Assert.InRange(records.Select(record => record.Hand[0].Y).Max() - records.Select(record => record.Hand[0].Y).Min(), 0.4, 0.6);
    }

    [Fact]
    public void A_straight_line_to_the_goal_is_not_what_the_demonstrations_average_to()
    {
        var table = new PushTable();
        using Tensor demonstrations = PushDemonstrations.Generate(table, 200, new Random(1));
        Assert.Equal(PushOutcome.HitObstacle, table.Run(PushDemonstrations.Path(demonstrations.mean([0L]))).Outcome);
    }

    [Fact]
    public void A_scene_without_a_way_is_refused()
    {
        var walled = new PushTable { Obstacles = [new(new(0.58, 0.5), 0.3)] };
        Assert.Contains("too narrow", Assert.Throws<InvalidOperationException>(() => PushDemonstrations.Generate(walled, 5, new Random(1))).Message, StringComparison.Ordinal);
    }
}
