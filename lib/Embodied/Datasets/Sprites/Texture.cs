using System.Numerics;
using static TorchSharp.torch;

namespace Embodied.Datasets.Sprites;

/// <summary>Draws backgrounds: crops of photographs, and procedural textures. Stateless but for the photographs, which are loaded once.</summary>
internal sealed class Texture
{
    private static readonly Lazy<Sprite[]> Photos = new(LoadPhotographs);
    private readonly BackgroundKind kind;
    private readonly Vector4 first;
    private readonly Vector4 second;
    private readonly float cos;
    private readonly float sin;
    private readonly float frequency;
    private readonly float phase;
    private readonly float side;
    private readonly float offsetX;
    private readonly float offsetY;
    private readonly uint seed;
    private readonly Sprite.Level? photo;
    private readonly float aspect;

    /// <param name="background">Which.</param>
    /// <param name="size">The image's side in pixels.</param>
    public Texture(Background background, int size)
    {
        kind = background.Kind;
        IndexedRandom random = new(unchecked((ulong)background.Seed), 0x7e);
        seed = (uint)random.Next(int.MaxValue);
        first = Colour(ref random);
        second = Colour(ref random);
        (sin, cos) = ((float, float))Math.SinCos(random.Between(0, Math.PI * 2));
        frequency = (float)random.Between(2, 9);
        phase = (float)random.Next();
        if (kind == BackgroundKind.Photograph)
        {
            Sprite whole = Photos.Value[random.Next(Photos.Value.Length)];
            int shorter = Math.Min(whole.Width, whole.Height);
            double crop = random.Between(0.35, 0.9) * shorter;
            photo = whole.For(crop / size);
            side = (float)(crop / whole.Width);
            aspect = (float)(crop / whole.Height);
            offsetX = (float)random.Between(0, 1 - side);
            offsetY = (float)random.Between(0, 1 - aspect);
        }
        offsetX -= (float)background.ShiftX * (kind == BackgroundKind.Photograph ? side : 1);
        offsetY -= (float)background.ShiftY * (kind == BackgroundKind.Photograph ? aspect : 1);
    }

    /// <summary>The colour at a point, from 0 to 1 across the image.</summary>
    public Vector4 At(float x, float y)
    {
        if (photo is not null)
        {
            return photo.At(Mirror(offsetX + x * side, 1.5f / photo.Width), Mirror(offsetY + y * aspect, 1.5f / photo.Height));
        }
        (x, y) = (x + offsetX, y + offsetY);
        float along = x * cos + y * sin, across = y * cos - x * sin;
        return Vector4.Lerp(first, second, kind switch
        {
            BackgroundKind.Gradient => Math.Clamp(0.5f + 0.6f * (along - 0.5f * (cos + sin)), 0, 1),
            BackgroundKind.Noise => Clouds(x * frequency, y * frequency),
            BackgroundKind.Stripes => Edge(MathF.Sin((along * frequency + phase) * 2 * MathF.PI)),
            BackgroundKind.Checks => Edge(MathF.Sin((along * frequency / 2 + phase) * 2 * MathF.PI) * MathF.Sin((across * frequency / 2 + phase) * 2 * MathF.PI) * 2),
            BackgroundKind.Dots => Edge(0.09f - Squared(Fraction(along * frequency) - 0.5f) - Squared(Fraction(across * frequency) - 0.5f), 40),
            _ => 0,
        });
    }

    private static float Edge(float value, float steepness = 4) => Math.Clamp(0.5f + steepness * value, 0, 1);

    private static float Squared(float x) => x * x;

    private static float Fraction(float x) => x - MathF.Floor(x);

    // Beyond its border a photograph goes on mirrored.
    private static float Mirror(float x, float margin)
    {
        x = MathF.Abs(x) % 2;
        return Math.Clamp(x > 1 ? 2 - x : x, margin, 1 - margin);
    }

    private float Clouds(float x, float y)
    {
        float sum = 0, weight = 0.5f;
        for (int octave = 0; octave < 4; octave++, weight /= 2, x *= 2, y *= 2)
        {
            sum += weight * Lattice(x, y, (uint)octave);
        }
        return Math.Clamp(1.6f * sum - 0.25f, 0, 1);
    }

    private float Lattice(float x, float y, uint octave)
    {
        int left = (int)MathF.Floor(x), top = (int)MathF.Floor(y);
        float fx = x - left, fy = y - top;
        fx *= fx * (3 - 2 * fx);
        fy *= fy * (3 - 2 * fy);
        float upper = float.Lerp(Hash(left, top), Hash(left + 1, top), fx), lower = float.Lerp(Hash(left, top + 1), Hash(left + 1, top + 1), fx);
        return float.Lerp(upper, lower, fy);

        float Hash(int i, int j)
        {
            uint h = unchecked((uint)i * 0x8da6b343 ^ (uint)j * 0xd8163841 ^ (seed + octave) * 0xcb1ab31f);
            h = unchecked((h ^ (h >> 15)) * 0x2c1b3c6d);
            h = unchecked((h ^ (h >> 12)) * 0x297a2d39);
            return (h ^ (h >> 15)) / (float)uint.MaxValue;
        }
    }

    private static Vector4 Colour(ref IndexedRandom random) => new((float)random.Next(), (float)random.Next(), (float)random.Next(), 1);

    private static Sprite[] LoadPhotographs() => [.. Photographs.Names.Where(name => name != "camera").Select(name =>
    {
        using var scope = NewDisposeScope();
        Tensor photo = Photographs.Load(name, 320);
        Tensor rgba = cat([photo, ones([1, photo.shape[1], photo.shape[2]])]).permute(1, 2, 0).mul(255).round().to(ScalarType.Byte).contiguous();
        return new Sprite(rgba.data<byte>().ToArray(), (int)photo.shape[2], (int)photo.shape[1]);
    })];
}
