namespace Embodied.Datasets.Sprites;

/// <summary>How much of each object one would see, estimated on a coarse grid before anything is drawn.</summary>
internal static class Visibility
{
    private const int Grid = 16, Reach = 24;

    /// <summary>Whether every object shows at least a share of itself.</summary>
    /// <param name="objects">The sprites.</param>
    /// <param name="placed">The objects, from back to front.</param>
    /// <param name="least">The share.</param>
    public static bool Fits(SpriteObjects objects, ReadOnlySpan<Placement> placed, double least)
    {
        // Beyond the border too, as far as an object may reach.
        Span<sbyte> owner = stackalloc sbyte[(Grid + 2 * Reach) * (Grid + 2 * Reach)];
        Span<int> whole = stackalloc int[placed.Length], seen = stackalloc int[placed.Length];
        owner.Fill(-1);
        whole.Clear();
        seen.Clear();
        for (int k = 0; k < placed.Length; k++)
        {
            SceneRenderer.Frame frame = new(objects[placed[k].Object], placed[k], Grid);
            (int left, int top, int right, int bottom) = frame.Box(0, 0, 1);
            for (int y = Math.Max(top, -Reach); y < Math.Min(bottom, Grid + Reach); y++)
            {
                for (int x = Math.Max(left, -Reach); x < Math.Min(right, Grid + Reach); x++)
                {
                    if (frame.At(x + 0.5f, y + 0.5f).W > 0.5f)
                    {
                        whole[k]++;
                        owner[(y + Reach) * (Grid + 2 * Reach) + x + Reach] = (sbyte)k;
                    }
                }
            }
        }
        for (int y = 0; y < Grid; y++)
        {
            for (int x = 0; x < Grid; x++)
            {
                int k = owner[(y + Reach) * (Grid + 2 * Reach) + x + Reach];
                if (k >= 0)
                {
                    seen[k]++;
                }
            }
        }
        for (int k = 0; k < placed.Length; k++)
        {
            if (seen[k] < least * whole[k])
            {
                return false;
            }
        }
        return true;
    }
}
