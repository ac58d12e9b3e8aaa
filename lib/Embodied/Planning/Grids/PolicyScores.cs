using static TorchSharp.torch;

namespace Embodied.Planning.Grids;

/// <summary>How well a policy does on maps.</summary>
/// <param name="PredictionLoss">The share of demonstrated steps in which the policy's move is not the expert's: 0–1 loss. Where several moves are best, the best of policies is wrong now and then.</param>
/// <param name="WrongMoves">The share of demonstrated steps in which the policy's move begins no shortest path at all.</param>
/// <param name="Success">The share of starts from which following the policy reaches the goal without running into a wall: mean over a map's cells, then over maps.</param>
/// <param name="TrajectoryDifference">How much longer its way is than the shortest, in cells; mean over the starts from which it succeeds.</param>
public sealed record PolicyScores(double PredictionLoss, double WrongMoves, double Success, double TrajectoryDifference)
{
    /// <summary>Scores a network's likeliest moves.</summary>
    /// <param name="network">The network.</param>
    /// <param name="held">Maps and demonstrations that it was not trained on.</param>
    /// <param name="sweeps">Another number of sweeps than in training.</param>
    public static PolicyScores Of(ValueIterationNetwork network, GridDemonstrations held, int? sweeps = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        List<long[]> moves = [];
        foreach (Tensor images in held.Images.split(128))
        {
            using var block = NewDisposeScope();
            moves.AddRange(network.Moves(images, sweeps).unbind(0).Select(map => map.data<long>().ToArray()));
        }
        return Of(moves, held);
    }

    /// <summary>Scores moves.</summary>
    /// <param name="moves">For each map a move per cell.</param>
    /// <param name="held">Maps and demonstrations.</param>
    /// <exception cref="ArgumentException">There are more or fewer moves than cells.</exception>
    public static PolicyScores Of(IReadOnlyList<long[]> moves, GridDemonstrations held)
    {
        if (moves.Count != held.Maps.Count || moves.Where((m, i) => m.Length != held.Maps[i].Cells).Any())
        {
            throw new ArgumentException($"moves has {moves.Count} maps, wanted {held.Maps.Count}, with a move for each of their cells.", nameof(moves));
        }
        long steps = 0, unlike = 0, wrong = 0, arrived = 0;
        double success = 0, longer = 0;
        for (int n = 0; n < moves.Count; n++)
        {
            foreach ((int cell, int move) in held.Steps[n])
            {
                steps++;
                unlike += moves[n][cell] == move ? 0 : 1;
                wrong += (held.Best[n][cell] >> (int)moves[n][cell] & 1) == 0 ? 1 : 0;
            }
            int starts = 0, here = 0;
            for (int cell = 0; cell < held.Maps[n].Cells; cell++)
            {
                if (held.Best[n][cell] == 0)
                {
                    continue;
                }
                starts++;
                if (Follow(held.Maps[n], moves[n], cell) is { Arrives: true } path)
                {
                    here++;
                    longer += path.Length - held.Distances[n][cell];
                }
            }
            arrived += here;
            success += (double)here / starts;
        }
        return new((double)unlike / steps, (double)wrong / steps, success / moves.Count, arrived > 0 ? longer / arrived : double.NaN);
    }

    /// <summary>Follows moves from a cell until the goal, a wall, or a cell where it has been before.</summary>
    /// <param name="map">The map.</param>
    /// <param name="moves">A move per cell.</param>
    /// <param name="start">Where.</param>
    public static GridPath Follow(GridMap map, ReadOnlySpan<long> moves, int start)
    {
        List<int> cells = [start];
        double length = 0;
        var seen = new bool[map.Cells];
        for (int cell = start; ;)
        {
            if (cell == map.Goal)
            {
                return new(cells, length, true);
            }
            if (map.IsWall(cell) || seen[cell])
            {
                return new(cells, length, false);
            }
            seen[cell] = true;
            int move = (int)moves[cell];
            length += GridMoves.Length[move];
            cell = map.Next(cell, move);
            cells.Add(cell);
        }
    }
}

/// <summary>A way through a map.</summary>
/// <param name="Cells">From the start to where it ended.</param>
/// <param name="Length">In cells, diagonal steps √2.</param>
/// <param name="Arrives">Whether it ends at the goal.</param>
public sealed record GridPath(IReadOnlyList<int> Cells, double Length, bool Arrives);
