using Embodied.EnergyBased;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.EnergyBased;

public class ReplayBufferTests
{
    [Fact]
    public void What_is_stored_is_what_is_drawn_later()
    {
        using var buffer = new ReplayBuffer(10, 2, 1, new Generator(1));
        (Tensor places, Tensor states) = buffer.Draw(4, restart: 0);
        Assert.True(states.Equals(buffer.States[places]));
        Assert.Equal(4, places.data<long>().Distinct().Count());
        buffer.Store(places, full([4, 2], 7f));
        Assert.Equal(8, buffer.States.eq(7).sum().ToDouble());
        (Tensor _, Tensor all) = buffer.Draw(10, restart: 0);
        Assert.Equal(8, all.eq(7).sum().ToDouble());
    }

    [Fact]
    public void Drawing_does_not_change_the_buffer_before_something_is_stored()
    {
        using var buffer = new ReplayBuffer(10, 2, 1, new Generator(1));
        using Tensor before = buffer.States.clone();
        (Tensor _, Tensor states) = buffer.Draw(10, restart: 1);
        states.zero_();
        Assert.True(before.Equals(buffer.States));
    }

    [Fact]
    public void The_given_share_starts_from_noise_in_range()
    {
        using var buffer = new ReplayBuffer(20_000, 1, 3, new Generator(1));
        (Tensor places, Tensor _) = buffer.Draw(20_000, 0);
        buffer.Store(places, full([20_000, 1], 50f));
        (Tensor _, Tensor states) = buffer.Draw(20_000, restart: 0.05);
        using Tensor fresh = states[states.ne(50)];
        // Four standard errors of a share of 0.05 among 20,000.
        Assert.Equal(0.05, fresh.shape[0] / 20_000.0, 0.0062);
        Assert.InRange(fresh.abs().max().ToDouble(), 2.9, 3);
    }

    [Fact]
    public void Asking_for_too_many_says_how_many_there_are()
    {
        using var buffer = new ReplayBuffer(10, 2, 1, new Generator(1));
        Assert.Contains("holds 10 states", Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Draw(11, 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Draw(1, 1.5));
        Assert.Throws<ArgumentException>(() => buffer.Store(zeros(2, ScalarType.Int64), zeros(2, 3)));
    }
}
