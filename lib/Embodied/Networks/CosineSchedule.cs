namespace Embodied.Networks;

/// <summary>
/// A quantity that rises linearly from 0 over the first steps and then goes from <paramref name="First"/> to <paramref name="Last"/> along half a
/// cosine,
/// <code>
/// s(t) = First · (t + 1)/(w + 1) for t &lt; w,      s(t) = Last + ½ (First − Last)(1 + cos π (t − w)/(N − 1 − w)) from there to t = N − 1.
/// </code>
/// A learning rate falls (First &gt; Last), a teacher's momentum or a weight decay rises (First &lt; Last).
/// </summary>
/// <param name="First">The value at step w.</param>
/// <param name="Last">The value at the last step, N − 1, and after it.</param>
/// <param name="Steps">N.</param>
/// <param name="WarmUp">w, from 0 to N.</param>
/// <remarks>Loshchilov &amp; Hutter, <i>SGDR</i>, 2017; Goyal et al. 2017 for the warm-up.</remarks>
public sealed record CosineSchedule(double First, double Last, int Steps, int WarmUp = 0)
{
    /// <summary>The value at a step.</summary>
    /// <param name="step">t, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative, there are no steps, or the warm-up is negative or longer than all of them.</exception>
    public double At(int step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfLessThan(Steps, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(WarmUp);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(WarmUp, Steps);
        if (step < WarmUp)
        {
            return First * (step + 1) / (WarmUp + 1);
        }
        int falling = Steps - 1 - WarmUp;
        double done = falling > 0 ? Math.Min(1, (double)(step - WarmUp) / falling) : step >= Steps - 1 && WarmUp < Steps - 1 ? 1 : 0;
        return Between(First, Last, done);
    }

    /// <summary>The value on half a cosine between two, Last + ½ (First − Last)(1 + cos π done).</summary>
    /// <param name="first">The value at 0.</param>
    /// <param name="last">The value at 1.</param>
    /// <param name="done">The share of the way, 0 to 1.</param>
    public static double Between(double first, double last, double done) => last + 0.5 * (first - last) * (1 + Math.Cos(Math.PI * done));
}
