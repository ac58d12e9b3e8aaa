using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Planning.Grids;

/// <summary>
/// A Markov decision process with finitely many states: in state s, action a earns R[a, s] and leads to s' with probability P[a, s, s'].
/// </summary>
/// <remarks>Bellman 1957. Lecture: value iteration networks.</remarks>
public sealed class MarkovDecisionProcess
{
    /// <summary>A process.</summary>
    /// <param name="P">[A, S, S]; each P[a, s, ·] sums to 1.</param>
    /// <param name="R">[A, S].</param>
    /// <param name="discount">γ, above 0 and up to 1.</param>
    /// <exception cref="ArgumentException">A shape does not fit, P is no probability, R is not finite, or γ out of range.</exception>
    public MarkovDecisionProcess(Tensor P, Tensor R, double discount)
    {
        ShapeCheck.Require(P, nameof(P), -1, -1, P.dim() == 3 ? P.shape[1] : -1);
        ShapeCheck.Require(R, nameof(R), P.shape[0], P.shape[1]);
        if (!(discount > 0 && discount <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(discount), discount, "The discount must be above 0 and at most 1.");
        }
        using var scope = NewDisposeScope();
        if (P.lt(0).any().item<bool>() || (P.sum(2) - 1).abs().max().ToDouble() is not <= 1e-6)
        {
            throw new ArgumentException("P has an entry below 0, or a row that does not sum to 1.", nameof(P));
        }
        if (!R.isfinite().all().item<bool>())
        {
            throw new ArgumentException("R has an entry that is not finite.", nameof(R));
        }
        (this.P, this.R, Discount) = (P, R, discount);
    }

    /// <summary>P[a, s, s'], [A, S, S].</summary>
    public Tensor P { get; }

    /// <summary>R[a, s], [A, S].</summary>
    public Tensor R { get; }

    /// <summary>γ.</summary>
    public double Discount { get; }

    /// <summary>
    /// A map as a process: each move costs its length, a move into a wall too, but the agent stays; the goal keeps the agent, for free. With probability
    /// <paramref name="slip"/> a move goes astray, to the left or the right of where it should lead (45°), each as often.
    /// </summary>
    /// <param name="map">The map; states are its cells, walls included.</param>
    /// <param name="slip">0 to 1.</param>
    /// <param name="discount">γ.</param>
    /// <returns>A process of 8 actions and side² states, float64.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A probability or γ out of range.</exception>
    public static MarkovDecisionProcess Of(GridMap map, double slip = 0, double discount = 1)
    {
        if (slip is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(slip), slip, "The probability of a slip must be between 0 and 1.");
        }
        int S = map.Cells, A = GridMoves.Count;
        var P = new double[A * S * S];
        var R = new double[A * S];
        for (int a = 0; a < A; a++)
        {
            for (int s = 0; s < S; s++)
            {
                int row = (a * S + s) * S;
                if (s == map.Goal || map.IsWall(s))
                {
                    P[row + s] = 1;
                    continue;
                }
                R[a * S + s] = -GridMoves.Length[a];
                foreach ((int move, double p) in ((int, double)[])[(a, 1 - slip), ((a + 1) % A, slip / 2), ((a + A - 1) % A, slip / 2)])
                {
                    int next = map.Next(s, move);
                    P[row + (map.IsWall(next) ? s : next)] += p;
                }
            }
        }
        return new(tensor(P, [A, S, S]), tensor(R, [A, S]), discount);
    }
}
