using System.Numerics;

namespace Embodied.Datasets.Sprites;

/// <summary>Draws one scene: the background, then shadow and object after object, each over what is there.</summary>
internal static class SceneRenderer
{
    // Where coverage passes one half, the object is what one sees.
    private const float Seen = 0.5f;

    // The shadow falls to the lower right, softer and larger than the object.
    private const float ShadowX = 0.06f, ShadowY = 0.09f, ShadowSoftness = 5;

    /// <summary>Draws into spans.</summary>
    /// <param name="objects">The sprites.</param>
    /// <param name="layout">What to draw.</param>
    /// <param name="size">The side in pixels.</param>
    /// <param name="image">RGB planes, [3, size, size], from 0 to 1.</param>
    /// <param name="owners">[size, size]: which placement one sees at a pixel, −1 the background.</param>
    /// <param name="whole">For each placement, how many pixels it would cover if nothing hid it (and the image went on beyond its border).</param>
    public static void Draw(SpriteObjects objects, SceneLayout layout, int size, Span<float> image, Span<sbyte> owners, Span<int> whole)
    {
        int plane = size * size;
        Texture texture = new(layout.Background, size);
        float pixel = 1f / size;
        for (int y = 0, i = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++, i++)
            {
                Vector4 colour = texture.At((x + 0.5f) * pixel, (y + 0.5f) * pixel);
                (image[i], image[plane + i], image[2 * plane + i]) = (colour.X, colour.Y, colour.Z);
            }
        }
        owners.Fill(-1);
        for (int k = 0; k < layout.Objects.Count; k++)
        {
            Placement placed = layout.Objects[k];
            Frame frame = new(objects[placed.Object], placed, size);
            if (layout.Shadow > 0)
            {
                Shade(frame, size, (float)layout.Shadow, image);
            }
            whole[k] = Paint(frame, size, (sbyte)k, image, owners);
        }
    }

    private static int Paint(in Frame frame, int size, sbyte owner, Span<float> image, Span<sbyte> owners)
    {
        int plane = size * size, covered = 0;
        // Beyond the border too, to know what is cut off.
        (int left, int top, int right, int bottom) = frame.Box(0, 0, 1);
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                Vector4 colour = frame.At(x + 0.5f, y + 0.5f);
                if (colour.W <= 0)
                {
                    continue;
                }
                covered += colour.W > Seen ? 1 : 0;
                if ((uint)x >= (uint)size || (uint)y >= (uint)size)
                {
                    continue;
                }
                int i = y * size + x;
                float rest = 1 - colour.W;
                image[i] = colour.X + rest * image[i];
                image[plane + i] = colour.Y + rest * image[plane + i];
                image[2 * plane + i] = colour.Z + rest * image[2 * plane + i];
                if (colour.W > Seen)
                {
                    owners[i] = owner;
                }
            }
        }
        return covered;
    }

    private static void Shade(in Frame frame, int size, float darkness, Span<float> image)
    {
        int plane = size * size;
        Sprite.Level soft = frame.Soft(ShadowSoftness);
        float dx = ShadowX * frame.Side, dy = ShadowY * frame.Side;
        (int left, int top, int right, int bottom) = frame.Box(dx, dy, 1.3f);
        (left, top, right, bottom) = (Math.Max(left, 0), Math.Max(top, 0), Math.Min(right, size), Math.Min(bottom, size));
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                float light = 1 - darkness * frame.At(x + 0.5f - dx, y + 0.5f - dy, soft).W;
                int i = y * size + x;
                image[i] *= light;
                image[plane + i] *= light;
                image[2 * plane + i] *= light;
            }
        }
    }

    /// <summary>From the image's pixels to a sprite's texels.</summary>
    internal readonly struct Frame
    {
        private readonly Sprite sprite;
        private readonly Sprite.Level level;
        private readonly float centreX;
        private readonly float centreY;
        private readonly float ux;
        private readonly float uy;
        private readonly float vx;
        private readonly float vy;
        private readonly float halfX;
        private readonly float halfY;

        public Frame(Sprite sprite, Placement placed, int size)
        {
            this.sprite = sprite;
            Side = (float)(placed.Scale * size);
            int longer = Math.Max(sprite.Width, sprite.Height);
            level = sprite.For(longer / Side);
            float width = Side * sprite.Width / longer, height = Side * sprite.Height / longer;
            (float sin, float cos) = MathF.SinCos((float)placed.Angle);
            (centreX, centreY) = ((float)(placed.X * size), (float)(placed.Y * size));
            float mirror = placed.Flipped ? -1 : 1;
            (ux, uy, vx, vy) = (mirror * cos / width, mirror * sin / width, -sin / height, cos / height);
            // The outline, half a texel beyond the sprite.
            float outer = 1 + 1f / Math.Max(1, Math.Min(level.Width, level.Height));
            halfX = 0.5f * outer * (width * MathF.Abs(cos) + height * MathF.Abs(sin));
            halfY = 0.5f * outer * (width * MathF.Abs(sin) + height * MathF.Abs(cos));
        }

        /// <summary>The longer side, in pixels.</summary>
        public float Side { get; }

        /// <summary>The pixels that it may cover when it is moved and grown.</summary>
        public (int Left, int Top, int Right, int Bottom) Box(float dx, float dy, float grown) => (
            (int)MathF.Floor(centreX + dx - grown * halfX), (int)MathF.Floor(centreY + dy - grown * halfY),
            (int)MathF.Ceiling(centreX + dx + grown * halfX) + 1, (int)MathF.Ceiling(centreY + dy + grown * halfY) + 1);

        public Sprite.Level Soft(float times) => sprite.For(Math.Max(sprite.Width, sprite.Height) / Side * times);

        public Vector4 At(float x, float y) => At(x, y, level);

        public Vector4 At(float x, float y, Sprite.Level level)
        {
            (x, y) = (x - centreX, y - centreY);
            return level.At(0.5f + x * ux + y * uy, 0.5f + x * vx + y * vy);
        }
    }
}
