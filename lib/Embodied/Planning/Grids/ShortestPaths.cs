namespace Embodied.Planning.Grids;

/// <summary>
/// The expert: exact shortest paths to a map's goal by Dijkstra's algorithm. Several moves may be best in a cell; <see cref="BestMoves"/> knows all of them.
/// </summary>
/// <remarks>Dijkstra 1959; the expert of Tamar et al. 2016. Lecture: value iteration networks.</remarks>
public static class ShortestPaths
{
    // Sums of ones and √2 in another order differ in their last digits; different path lengths on maps of up to 256 cells differ by more.
    private const double Same = 1e-9;

    /// <summary>The length of the shortest path from each cell to the goal, in cells; infinite for walls and where there is none.</summary>
    /// <param name="map">The map.</param>
    public static double[] Distances(GridMap map)
    {
        var distances = new double[map.Cells];
        Array.Fill(distances, double.PositiveInfinity);
        distances[map.Goal] = 0;
        PriorityQueue<int, double> front = new();
        front.Enqueue(map.Goal, 0);
        while (front.TryDequeue(out int cell, out double distance))
        {
            if (distance > distances[cell])
            {
                continue;
            }
            for (int move = 0; move < GridMoves.Count; move++)
            {
                int neighbour = map.Next(cell, move);
                double longer = distance + GridMoves.Length[move];
                if (!map.IsWall(neighbour) && longer < distances[neighbour] - Same)
                {
                    distances[neighbour] = longer;
                    front.Enqueue(neighbour, longer);
                }
            }
        }
        return distances;
    }

    /// <summary>For each cell the moves that begin a shortest path, move m as bit m; none at the goal, in walls and where there is no path.</summary>
    /// <param name="map">The map.</param>
    /// <param name="distances">Its <see cref="Distances"/>.</param>
    /// <exception cref="ArgumentException">The distances are another map's.</exception>
    public static byte[] BestMoves(GridMap map, double[] distances)
    {
        if (distances.Length != map.Cells)
        {
            throw new ArgumentException($"distances has {distances.Length} entries, wanted {map.Cells}, one per cell.", nameof(distances));
        }
        var best = new byte[map.Cells];
        for (int cell = 0; cell < map.Cells; cell++)
        {
            if (cell == map.Goal || !double.IsFinite(distances[cell]))
            {
                continue;
            }
            for (int move = 0; move < GridMoves.Count; move++)
            {
                if (GridMoves.Length[move] + distances[map.Next(cell, move)] <= distances[cell] + Same)
                {
                    best[cell] |= (byte)(1 << move);
                }
            }
        }
        return best;
    }
}
