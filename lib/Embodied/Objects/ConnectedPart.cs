namespace Embodied.Objects;

/// <summary>Connected pieces of a mask on a grid; neighbours are left, right, above and below.</summary>
public static class ConnectedPart
{
    /// <summary>The piece that holds a place.</summary>
    /// <param name="place">Row · width + column.</param>
    /// <param name="mask">The mask, row by row, [height · width].</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <returns>A mask; empty when the place itself is not in <paramref name="mask"/>.</returns>
    /// <exception cref="ArgumentException">The mask does not have height · width places, or <paramref name="place"/> lies outside.</exception>
    public static bool[] Around(int place, bool[] mask, int height, int width)
    {
        if (mask.Length != height * width || place < 0 || place >= mask.Length)
        {
            throw new ArgumentException($"The mask has {mask.Length} places and the place is {place}; {height} × {width}, and a place among them, is wanted.", nameof(mask));
        }
        bool[] piece = new bool[mask.Length];
        Stack<int> open = new();
        Enter(place);
        while (open.TryPop(out int at))
        {
            int x = at % width;
            if (x > 0)
            {
                Enter(at - 1);
            }
            if (x < width - 1)
            {
                Enter(at + 1);
            }
            if (at >= width)
            {
                Enter(at - width);
            }
            if (at < mask.Length - width)
            {
                Enter(at + width);
            }
        }
        return piece;

        void Enter(int at)
        {
            if (mask[at] && !piece[at])
            {
                piece[at] = true;
                open.Push(at);
            }
        }
    }
}
