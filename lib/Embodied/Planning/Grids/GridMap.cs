using static TorchSharp.torch;

namespace Embodied.Planning.Grids;

/// <summary>How maps are drawn.</summary>
public sealed record GridMapOptions
{
    /// <summary>Cells along a side, the wall around the map included.</summary>
    public int Side { get; init; } = 16;

    /// <summary>A map has up to this many obstacles; each map draws its own number, from none.</summary>
    public int Obstacles { get; init; } = 42;

    /// <summary>The longest side of an obstacle, in cells; each is a rectangle that draws its sides.</summary>
    public int ObstacleSide { get; init; } = 2;

    /// <summary>Maps of the three sizes of the paper: 8, 16 or 28 cells, with obstacles for about as much of the ground.</summary>
    /// <param name="side">Cells along a side.</param>
    public static GridMapOptions Of(int side) => new() { Side = side, Obstacles = Math.Max(1, side * side / 6) };
}

/// <summary>
/// A square map of free cells and walls with one goal. A wall runs around it. An agent moves to one of eight neighbours; a move to the side costs 1, a
/// diagonal one √2, also where it squeezes between two walls.
/// </summary>
/// <remarks>Tamar et al. 2016, section 4.1. Lecture: value iteration networks.</remarks>
public sealed class GridMap
{
    private const int Tries = 200;
    private readonly bool[] walls;

    /// <summary>A map.</summary>
    /// <param name="side">Cells along a side.</param>
    /// <param name="walls">Which cells are walls, row by row.</param>
    /// <param name="goal">The goal's cell, row · side + column.</param>
    /// <exception cref="ArgumentException">The map is too small, has a gap in the wall around it, or its goal is no free cell.</exception>
    public GridMap(int side, bool[] walls, int goal)
    {
        if (side < 4 || walls.Length != side * side)
        {
            throw new ArgumentException($"walls has {walls.Length} cells, wanted side² with a side of at least 4; the side is {side}.", nameof(walls));
        }
        for (int i = 0; i < walls.Length; i++)
        {
            if ((i % side == 0 || i % side == side - 1 || i / side == 0 || i / side == side - 1) && !walls[i])
            {
                throw new ArgumentException($"walls has a gap at row {i / side}, column {i % side}: wanted a wall around the map.", nameof(walls));
            }
        }
        if (goal < 0 || goal >= walls.Length || walls[goal])
        {
            throw new ArgumentException($"goal is cell {goal} of {walls.Length}, which is {(goal < 0 || goal >= walls.Length ? "outside" : "a wall")}; wanted a free cell.", nameof(goal));
        }
        (Side, this.walls, Goal) = (side, [.. walls], goal);
    }

    /// <summary>Cells along a side.</summary>
    public int Side { get; }

    /// <summary>The goal's cell.</summary>
    public int Goal { get; }

    /// <summary>Cells in all.</summary>
    public int Cells => walls.Length;

    /// <summary>Which cells are walls, row by row.</summary>
    public ReadOnlySpan<bool> Walls => walls;

    /// <summary>Whether a cell is a wall.</summary>
    /// <param name="cell">row · side + column.</param>
    public bool IsWall(int cell) => walls[cell];

    /// <summary>The cell that a move leads to from a cell that is not on the map's edge; it may be a wall.</summary>
    /// <param name="cell">From where.</param>
    /// <param name="move">Of <see cref="GridMoves"/>.</param>
    public int Next(int cell, int move) => cell + GridMoves.Down[move] * Side + GridMoves.Right[move];

    /// <summary>What a network sees: walls, and the goal, each as ones among zeros.</summary>
    /// <param name="maps">Maps of one side.</param>
    /// <returns>float32 [n, 2, side, side].</returns>
    /// <exception cref="ArgumentException">There is no map, or they differ in size.</exception>
    public static Tensor Images(IReadOnlyList<GridMap> maps)
    {
        if (maps.Count == 0 || maps.Any(map => map.Side != maps[0].Side))
        {
            throw new ArgumentException(maps.Count == 0 ? "There is no map." : "maps differ in size, wanted one side for all.", nameof(maps));
        }
        int side = maps[0].Side, cells = side * side;
        var images = new float[maps.Count * 2 * cells];
        for (int n = 0; n < maps.Count; n++)
        {
            for (int i = 0; i < cells; i++)
            {
                images[n * 2 * cells + i] = maps[n].walls[i] ? 1 : 0;
            }
            images[(n * 2 + 1) * cells + maps[n].Goal] = 1;
        }
        return tensor(images, [maps.Count, 2, side, side]);
    }

    /// <summary>Draws a map whose goal can be reached from half of its free cells or more; the others become walls, so that it can from all.</summary>
    /// <param name="options">How.</param>
    /// <param name="seed">Which maps.</param>
    /// <param name="index">Which of them: it depends on seed and index alone.</param>
    /// <exception cref="ArgumentException">An option makes no sense, or obstacles leave no room.</exception>
    public static GridMap Draw(GridMapOptions options, long seed, long index)
    {
        int side = options.Side;
        if (side is < 4 or > 256 || options.Obstacles < 0 || options.ObstacleSide < 1 || options.ObstacleSide > side - 2)
        {
            throw new ArgumentException(
                $"Side is {side}, Obstacles {options.Obstacles} and ObstacleSide {options.ObstacleSide}; wanted a side of 4 to 256, and obstacles that fit in it.", nameof(options));
        }
        IndexedRandom random = new(unchecked((ulong)seed), unchecked((ulong)index));
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            var walls = new bool[side * side];
            for (int i = 0; i < walls.Length; i++)
            {
                walls[i] = i % side == 0 || i % side == side - 1 || i / side == 0 || i / side == side - 1;
            }
            for (int left = random.Next(options.Obstacles + 1); left > 0; left--)
            {
                int height = 1 + random.Next(options.ObstacleSide), width = 1 + random.Next(options.ObstacleSide);
                int top = 1 + random.Next(side - 1 - height), from = 1 + random.Next(side - 1 - width);
                for (int row = top; row < top + height; row++)
                {
                    walls.AsSpan(row * side + from, width).Fill(true);
                }
            }
            int[] free = [.. Enumerable.Range(0, walls.Length).Where(i => !walls[i])];
            if (free.Length < 2)
            {
                continue;
            }
            GridMap map = new(side, walls, free[random.Next(free.Length)]);
            double[] distances = ShortestPaths.Distances(map);
            if (2 * distances.Count(double.IsFinite) >= Math.Max(4, free.Length))
            {
                return new(side, [.. distances.Select(double.IsInfinity)], map.Goal);
            }
        }
        throw new ArgumentException($"{options.Obstacles} obstacles of up to {options.ObstacleSide} cells leave no room in a map of {side}.", nameof(options));
    }
}
