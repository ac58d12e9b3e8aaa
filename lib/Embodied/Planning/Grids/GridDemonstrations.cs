using static TorchSharp.torch;

namespace Embodied.Planning.Grids;

/// <summary>
/// Maps, and an expert's way through them: from random cells to the goal along shortest paths. Where several moves are best the expert picks one by chance
/// at every step; which others would have done as well, it can tell.
/// </summary>
/// <remarks>Tamar et al. 2016, section 4.1: 5,000 maps with seven trajectories each. Lecture: value iteration networks.</remarks>
public sealed class GridDemonstrations : IDisposable
{
    private readonly double[][] distances;
    private readonly byte[][] best;
    private readonly (int Cell, int Move)[][] steps;

    private GridDemonstrations(GridMap[] maps, double[][] distances, byte[][] best, (int, int)[][] steps)
    {
        (Maps, this.distances, this.best, this.steps) = (maps, distances, best, steps);
        Images = GridMap.Images(maps);
    }

    /// <summary>The maps.</summary>
    public IReadOnlyList<GridMap> Maps { get; }

    /// <summary>The maps as a network sees them, [n, 2, side, side].</summary>
    public Tensor Images { get; }

    /// <summary>Each map's <see cref="ShortestPaths.Distances"/>.</summary>
    public IReadOnlyList<double[]> Distances => distances;

    /// <summary>Each map's <see cref="ShortestPaths.BestMoves"/>.</summary>
    public IReadOnlyList<byte[]> Best => best;

    /// <summary>Each map's demonstrated steps, trajectory after trajectory: in which cell, which move.</summary>
    public IReadOnlyList<IReadOnlyList<(int Cell, int Move)>> Steps => steps;

    /// <summary>Draws maps and demonstrations.</summary>
    /// <param name="count">Maps.</param>
    /// <param name="options">What they look like.</param>
    /// <param name="seed">Which maps.</param>
    /// <param name="trajectories">Trajectories in a map.</param>
    /// <param name="first">The number of the first map.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public static GridDemonstrations Draw(int count, GridMapOptions options, long seed, int trajectories = 7, long first = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(trajectories, 1);
        var maps = new GridMap[count];
        var distances = new double[count][];
        var best = new byte[count][];
        var steps = new (int, int)[count][];
        for (int n = 0; n < count; n++)
        {
            GridMap map = maps[n] = GridMap.Draw(options, seed, first + n);
            distances[n] = ShortestPaths.Distances(map);
            best[n] = ShortestPaths.BestMoves(map, distances[n]);
            IndexedRandom random = new(unchecked((ulong)~seed), unchecked((ulong)(first + n)));
            int[] starts = [.. Enumerable.Range(0, map.Cells).Where(cell => best[n][cell] != 0)];
            List<(int, int)> walked = [];
            for (int t = 0; t < trajectories; t++)
            {
                for (int cell = starts[random.Next(starts.Length)]; cell != map.Goal;)
                {
                    int move = Chosen(best[n][cell], ref random);
                    walked.Add((cell, move));
                    cell = map.Next(cell, move);
                }
            }
            steps[n] = [.. walked];
        }
        return new(maps, distances, best, steps);
    }

    /// <summary>All demonstrated steps of some maps, to be learned from at once.</summary>
    /// <param name="which">Maps' numbers.</param>
    public GridBatch Batch(ReadOnlySpan<long> which)
    {
        int count = 0;
        foreach (long map in which)
        {
            count += steps[map].Length;
        }
        var states = new long[count];
        var moves = new long[count];
        var all = new bool[count * GridMoves.Count];
        int row = 0;
        for (int i = 0; i < which.Length; i++)
        {
            foreach ((int cell, int move) in steps[which[i]])
            {
                states[row] = (long)i * Maps[0].Cells + cell;
                moves[row] = move;
                for (int m = 0; m < GridMoves.Count; m++)
                {
                    all[row * GridMoves.Count + m] = (best[which[i]][cell] >> m & 1) != 0;
                }
                row++;
            }
        }
        using Tensor chosen = tensor(which.ToArray());
        return new(Images.index_select(0, chosen), tensor(states), tensor(moves), tensor(all, [count, GridMoves.Count]));
    }

    /// <inheritdoc/>
    public void Dispose() => Images.Dispose();

    private static int Chosen(byte best, ref IndexedRandom random)
    {
        int left = random.Next(int.PopCount(best));
        for (int move = 0; ; move++)
        {
            if ((best >> move & 1) != 0 && left-- == 0)
            {
                return move;
            }
        }
    }
}

/// <summary>Demonstrated steps of some maps.</summary>
/// <param name="Images">The maps, [m, 2, side, side].</param>
/// <param name="States">Where the agent was, int64 [k]: map · side² + cell, maps counted within the batch.</param>
/// <param name="Moves">What the expert did, int64 [k].</param>
/// <param name="Best">What would have been as good, that included: bool [k, 8].</param>
public sealed record GridBatch(Tensor Images, Tensor States, Tensor Moves, Tensor Best);
