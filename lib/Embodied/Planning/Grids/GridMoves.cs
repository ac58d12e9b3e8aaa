namespace Embodied.Planning.Grids;

/// <summary>The eight moves on a grid, clockwise from up: 0 up, 1 up and right, 2 right, … 7 up and left.</summary>
public static class GridMoves
{
    /// <summary>How many.</summary>
    public const int Count = 8;

    /// <summary>Rows downwards.</summary>
    public static IReadOnlyList<int> Down { get; } = [-1, -1, 0, 1, 1, 1, 0, -1];

    /// <summary>Columns to the right.</summary>
    public static IReadOnlyList<int> Right { get; } = [0, 1, 1, 1, 0, -1, -1, -1];

    /// <summary>What a move costs: its length, 1 or √2 cells.</summary>
    public static IReadOnlyList<double> Length { get; } = [1, Math.Sqrt(2), 1, Math.Sqrt(2), 1, Math.Sqrt(2), 1, Math.Sqrt(2)];

    /// <summary>As arrows.</summary>
    public static IReadOnlyList<string> Arrows { get; } = ["↑", "↗", "→", "↘", "↓", "↙", "←", "↖"];

    /// <summary>Where a move's target lies in a 3 × 3 kernel centred on the agent, row by row: 0 to 8 without the middle, 4.</summary>
    /// <param name="move">0 to 7.</param>
    public static int Tap(int move) => (Down[move] + 1) * 3 + Right[move] + 1;
}
