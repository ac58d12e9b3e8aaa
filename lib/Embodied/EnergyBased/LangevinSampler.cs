using static TorchSharp.torch;

namespace Embodied.EnergyBased;

/// <summary>How long and how finely Langevin dynamics run.</summary>
public sealed record LangevinOptions
{
    /// <summary>Steps K; 60 is what Du &amp; Mordatch take on images.</summary>
    public int Steps { get; init; } = 60;

    /// <summary>
    /// Step size λ, in squared units of x: also the variance of the noise. It should be well below the squared width of the narrowest
    /// valley, for the steps are discrete: in a valley ½x²/s² the samples spread by s²/(1 − λ/4s²) instead of s².
    /// </summary>
    public double StepSize { get; init; } = 0.01;

    /// <summary>Every coordinate is kept from −<see cref="Bound"/> to <see cref="Bound"/>, as Du &amp; Mordatch keep pixels in range; null for no bound.</summary>
    public double? Bound { get; init; }
}

/// <summary>
/// Langevin dynamics: walk downhill in energy, and shake,
/// <code>
/// x̃ᵏ = x̃ᵏ⁻¹ − λ/2 ∇E(x̃ᵏ⁻¹) + ωᵏ,      ωᵏ ~ N(0, λ).
/// </code>
/// As λ → 0 and K → ∞ the samples follow p(x) ∝ exp(−E(x)). λ is the variance of the noise, so that E is in nats, at temperature 1.
/// </summary>
/// <remarks>Welling &amp; Teh 2011; Du &amp; Mordatch, <i>Implicit generation and generalization in energy-based models</i>, 2019, eq. 1. Lecture: energy-based learning.</remarks>
public static class LangevinSampler
{
    /// <summary>∇ₓE, row by row.</summary>
    /// <param name="energy">Maps [n, d] to energies [n]; one row's energy does not depend on the others.</param>
    /// <param name="x">[n, d].</param>
    /// <returns>[n, d].</returns>
    /// <exception cref="ArgumentException">The energy is not one number per row.</exception>
    public static Tensor Gradient(Func<Tensor, Tensor> energy, Tensor x)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        Tensor at = x.detach().requires_grad_();
        Tensor E = energy(at);
        ShapeCheck.Require(E, nameof(energy), x.shape[0]);
        return autograd.grad([E.sum()], [at])[0].MoveToOuterDisposeScope();
    }

    /// <summary>One step, x − λ/2 ∇E(x) + √λ ε.</summary>
    /// <param name="x">[n, d].</param>
    /// <param name="gradient">∇E(x), [n, d].</param>
    /// <param name="stepSize">λ.</param>
    /// <param name="noise">ε ~ N(0, 1), [n, d].</param>
    /// <returns>[n, d].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Step(Tensor x, Tensor gradient, double stepSize, Tensor noise)
    {
        ShapeCheck.Require(gradient, nameof(gradient), x.shape);
        ShapeCheck.Require(noise, nameof(noise), x.shape);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return (x - stepSize / 2 * gradient + Math.Sqrt(stepSize) * noise).MoveToOuterDisposeScope();
    }

    /// <summary>Runs every row as a chain of its own.</summary>
    /// <param name="energy">Maps [n, d] to energies [n], in nats.</param>
    /// <param name="start">x̃⁰, [n, d].</param>
    /// <param name="options">How.</param>
    /// <param name="generator">Where the noise comes from.</param>
    /// <param name="onStep">Called with k and x̃ᵏ, from k = 0; clone what you keep.</param>
    /// <param name="cancellation">Stops the walk.</param>
    /// <returns>x̃ᴷ, [n, d].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public static Tensor Sample(
        Func<Tensor, Tensor> energy, Tensor start, LangevinOptions options, Generator generator,
        Action<int, Tensor>? onStep = null, CancellationToken cancellation = default)
    {
        ShapeCheck.Require(start, nameof(start), -1, -1);
        using var scope = NewDisposeScope();
        Tensor x = start.detach().clone();
        onStep?.Invoke(0, x);
        for (int k = 1; k <= options.Steps; k++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var stepScope = NewDisposeScope();
            Tensor noise = randn(x.shape, dtype: x.dtype, generator: generator);
            Tensor next = Step(x, Gradient(energy, x), options.StepSize, noise);
            x.copy_(options.Bound is { } bound ? next.clamp_(-bound, bound) : next);
            onStep?.Invoke(k, x);
        }
        return x.MoveToOuterDisposeScope();
    }
}
