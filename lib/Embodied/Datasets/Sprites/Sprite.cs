namespace Embodied.Datasets.Sprites;

/// <summary>
/// An object cut out of its picture, at several sizes: each level has half the texels of the one before, so that a sprite drawn small
/// does not alias.
/// </summary>
internal sealed class Sprite
{
    // One texel of nothing all around: its outline fades out instead of ending.
    private const int Border = 1;
    private readonly Level[] levels;

    /// <param name="rgba">Premultiplied RGBA, row by row.</param>
    /// <param name="width">Width in texels.</param>
    /// <param name="height">Height in texels.</param>
    public Sprite(ReadOnlySpan<byte> rgba, int width, int height)
    {
        (Width, Height) = (width, height);
        int covered = 0;
        for (int i = 3; i < 4 * width * height; i += 4)
        {
            covered += rgba[i] >= 128 ? 1 : 0;
        }
        int side = Math.Max(width, height);
        Fill = (double)covered / (side * side);
        List<Level> all = [Level.Of(rgba, width, height)];
        while (Math.Max(all[^1].Width, all[^1].Height) > 8)
        {
            all.Add(all[^1].Half());
        }
        levels = [.. all];
    }

    /// <summary>Width at full size, in texels.</summary>
    public int Width { get; }

    /// <summary>Height at full size, in texels.</summary>
    public int Height { get; }

    /// <summary>How much of a square with its longer side it covers: 1 for a square, 0.79 for a disc, little for a stick.</summary>
    public double Fill { get; }

    /// <summary>The level for a drawing in which a pixel covers <paramref name="texels"/> full-size texels.</summary>
    public Level For(double texels) => levels[Math.Clamp((int)Math.Round(Math.Log2(Math.Max(texels, 1))), 0, levels.Length - 1)];

    /// <summary>One size.</summary>
    internal sealed class Level
    {
        private readonly float[] rgba; // Bordered, premultiplied, 0 to 1.
        private readonly int stride;

        private Level(int width, int height)
        {
            (Width, Height, stride) = (width, height, 4 * (width + 2 * Border));
            rgba = new float[stride * (height + 2 * Border)];
        }

        public int Width { get; }

        public int Height { get; }

        public static Level Of(ReadOnlySpan<byte> rgba, int width, int height)
        {
            Level level = new(width, height);
            for (int y = 0; y < height; y++)
            {
                for (int i = 0; i < 4 * width; i++)
                {
                    level.rgba[(y + Border) * level.stride + 4 * Border + i] = rgba[4 * width * y + i] / 255f;
                }
            }
            return level;
        }

        public Level Half()
        {
            Level half = new((Width + 1) / 2, (Height + 1) / 2);
            for (int y = 0; y < Height; y++)
            {
                for (int x = 0; x < Width; x++)
                {
                    for (int c = 0; c < 4; c++)
                    {
                        half.rgba[(y / 2 + Border) * half.stride + 4 * (x / 2 + Border) + c] += rgba[(y + Border) * stride + 4 * (x + Border) + c] / 4;
                    }
                }
            }
            return half;
        }

        /// <summary>The colour at a point, bilinearly: u and v from 0 to 1 across the sprite; nothing outside.</summary>
        public System.Numerics.Vector4 At(float u, float v)
        {
            float x = u * Width - 0.5f + Border, y = v * Height - 0.5f + Border;
            if (x < 0 || y < 0 || x >= Width + 2 * Border - 1 || y >= Height + 2 * Border - 1)
            {
                return default;
            }
            int left = (int)x, top = (int)y;
            float fx = x - left, fy = y - top;
            ReadOnlySpan<float> at = rgba.AsSpan(top * stride + 4 * left), below = rgba.AsSpan((top + 1) * stride + 4 * left);
            var upper = System.Numerics.Vector4.Lerp(new(at), new(at[4..]), fx);
            var lower = System.Numerics.Vector4.Lerp(new(below), new(below[4..]), fx);
            return System.Numerics.Vector4.Lerp(upper, lower, fy);
        }
    }
}
