using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>
/// A planner that is a loop, z_{k+1} = z_k − α ∇_z E(z_k, θ), kept in the graph step by step, so that backpropagation walks through the loop backwards:
/// <code>
/// dz_K/dθ = −α Σ_{k&lt;K} (I − αH_{K−1}) ⋯ (I − αH_{k+1}) ∂²E/∂θ∂z (z_k),      H = ∂²E/∂z².
/// </code>
/// Memory grows with the steps remembered. Truncated backpropagation remembers the last of them alone; near the optimum, where H hardly changes, that
/// is the <see cref="NeumannSeries"/> for H⁻¹ cut off after as many terms.
/// </summary>
/// <remarks>Domke 2012; Maclaurin et al. 2015; Liao et al. 2018. Lecture: differentiable planning.</remarks>
public static class UnrolledDescent
{
    /// <summary>Minimises a batch of costs, each row by itself.</summary>
    /// <param name="cost">E: maps [n, d] to [n], by differentiable operations; a row's cost depends on that row alone.</param>
    /// <param name="start">z₀, [n, d].</param>
    /// <param name="step">α. Descent converges where 0 &lt; α &lt; 2/λ, λ the largest eigenvalue of H.</param>
    /// <param name="iterations">K.</param>
    /// <param name="remembered">How many of the last steps gradients flow through; all when null, none when 0.</param>
    /// <returns>z_K, [n, d].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="InvalidOperationException">z is no longer finite in the end: α is too large. The message names it.</exception>
    public static Tensor Minimise(Func<Tensor, Tensor> cost, Tensor start, double step, int iterations, int? remembered = null)
    {
        ShapeCheck.Require(start, nameof(start), -1, -1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(step);
        ArgumentOutOfRangeException.ThrowIfNegative(iterations);
        int forgotten = Math.Max(0, iterations - (remembered ?? iterations));
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        Tensor z = start;
        for (int k = 0; k < iterations; k++)
        {
            bool remember = k >= forgotten;
            // The first remembered step begins a graph; a start that has one keeps it if nothing is forgotten.
            Tensor at = remember && z.requires_grad ? z : z.detach().requires_grad_();
            Tensor E = cost(at);
            ShapeCheck.Require(E, nameof(cost), start.shape[0]);
            Tensor slope = autograd.grad([E.sum()], [at], retain_graph: remember, create_graph: remember)[0];
            Tensor next = remember ? at - step * slope : (at - step * slope).detach();
            if (!remember)
            {
                E.Dispose();
            }
            z = next;
        }
        if (!z.detach().isfinite().all().item<bool>())
        {
            throw new InvalidOperationException($"Descent is no longer finite after {iterations} iterations: a step of {step} is too large for this cost.");
        }
        return (remembered == 0 ? z.detach() : z).MoveToOuterDisposeScope();
    }
}
