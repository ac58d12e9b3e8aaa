using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Planning.Grids;

/// <summary>
/// Classic value iteration: from any V₀, sweep
/// <code>
/// Q(s, a) = R(s, a) + γ Σ_s' P(s' | s, a) V(s'),     V(s) ← max_a Q(s, a).
/// </code>
/// With γ &lt; 1 a sweep brings any two value functions together by the factor γ at least, in the largest difference; so V converges to the one solution of
/// Bellman's equation.
/// </summary>
/// <remarks>Bellman 1957. Lecture: value iteration networks.</remarks>
public static class ValueIteration
{
    /// <summary>Q of a value function.</summary>
    /// <param name="process">The process.</param>
    /// <param name="V">[S].</param>
    /// <returns>[A, S].</returns>
    /// <exception cref="ArgumentException">V has another shape.</exception>
    public static Tensor ActionValues(MarkovDecisionProcess process, Tensor V)
    {
        (long A, long S) = (process.R.shape[0], process.R.shape[1]);
        ShapeCheck.Require(V, nameof(V), S);
        return process.R + process.Discount * process.P.view(A * S, S).mv(V).view(A, S);
    }

    /// <summary>Sweeps until the largest change is below the tolerance.</summary>
    /// <param name="process">The process.</param>
    /// <param name="tolerance">When a change counts as none.</param>
    /// <param name="sweeps">Sweeps at most.</param>
    /// <param name="onSweep">Told each V, the first, zero, included; it is freed after.</param>
    /// <returns>V, [S].</returns>
    /// <exception cref="InvalidOperationException">It did not converge; the message says how far it was.</exception>
    public static Tensor Solve(MarkovDecisionProcess process, double tolerance = 1e-10, int sweeps = 10_000, Action<int, Tensor>? onSweep = null)
    {
        using var scope = NewDisposeScope();
        Tensor V = zeros(process.R.shape[1], dtype: process.R.dtype);
        onSweep?.Invoke(0, V);
        double change = double.PositiveInfinity;
        for (int k = 1; k <= sweeps; k++)
        {
            using var sweep = NewDisposeScope();
            Tensor next = ActionValues(process, V).amax([0L]);
            change = (next - V).abs().max().ToDouble();
            V = next.MoveToOuterDisposeScope();
            onSweep?.Invoke(k, V);
            if (change <= tolerance)
            {
                return V.MoveToOuterDisposeScope();
            }
        }
        throw new InvalidOperationException($"Value iteration still changes by {change:0.0e-0} after {sweeps} sweeps: is there a state from which the goal cannot be reached, and no discount?");
    }
}
