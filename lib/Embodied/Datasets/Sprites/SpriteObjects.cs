using SkiaSharp;

namespace Embodied.Datasets.Sprites;

/// <summary>Which objects.</summary>
public enum SpriteSplit
{
    /// <summary>Four of five objects, to learn from.</summary>
    Seen,

    /// <summary>One of five, which nothing has learned from.</summary>
    HeldOut,
}

/// <summary>What is known of an object.</summary>
/// <param name="Id">Its number, 0 to <see cref="SpriteObjects.Count"/> − 1.</param>
/// <param name="Name">Its name: "monkey face".</param>
/// <param name="Group">Its category's number, in <see cref="SpriteObjects.Groups"/>.</param>
/// <param name="Subgroup">Its narrower category: "animal-mammal".</param>
/// <param name="Split">Whether it may be learned from.</param>
public sealed record SpriteObject(int Id, string Name, int Group, string Subgroup, SpriteSplit Split);

/// <summary>
/// The 849 objects of Microsoft's Fluent Emoji in 3D that ship with the course, cut out along their alpha, split by object: a held-out
/// object was never seen. Each picture is read when it is first drawn.
/// </summary>
public sealed class SpriteObjects
{
    private const int Texels = 128;
    private static readonly Lazy<SpriteObjects> Once = new(() => new SpriteObjects());
    private readonly string[] files;
    private readonly Sprite?[] sprites;

    private SpriteObjects()
    {
        string[][] rows = [.. File.ReadAllLines(DataFolder.File("fluent-emoji-3d", "index.csv")).Skip(1).Where(line => line.Length > 0).Select(line => line.Split(','))];
        Groups = [.. rows.Select(row => row[2]).Distinct().Order(StringComparer.Ordinal)];
        List<string> groups = [.. Groups];
        All = [.. rows.Select((row, id) => new SpriteObject(id, string.Join(',', row[4..^1]).Trim('"'), groups.IndexOf(row[2]), row[3], IsHeldOut(row[1]) ? SpriteSplit.HeldOut : SpriteSplit.Seen))];
        files = [.. rows.Select(row => DataFolder.File("fluent-emoji-3d", row[0]))];
        sprites = new Sprite?[rows.Length];
    }

    /// <summary>The objects, loaded when first asked for.</summary>
    /// <exception cref="FileNotFoundException">A data file is missing.</exception>
    public static SpriteObjects Shared => Once.Value;

    /// <summary>Every object, by its number.</summary>
    public IReadOnlyList<SpriteObject> All { get; }

    /// <summary>How many there are.</summary>
    public int Count => All.Count;

    /// <summary>The categories' names, by number.</summary>
    public IReadOnlyList<string> Groups { get; }

    /// <summary>The numbers of a split's objects.</summary>
    public IReadOnlyList<int> Of(SpriteSplit split) => [.. All.Where(one => one.Split == split).Select(one => one.Id)];

    /// <summary>The numbers of a split's objects that are compact. All pictures are read, which takes a second or two once.</summary>
    /// <param name="split">Which.</param>
    /// <param name="minFill">The least share of a square with the object's longer side that it covers: 1 is a square, 0.79 a disc, little a stick.</param>
    public IReadOnlyList<int> Of(SpriteSplit split, double minFill)
    {
        if (minFill <= 0)
        {
            return Of(split);
        }
        Parallel.For(0, Count, id => _ = this[id]);
        return [.. Of(split).Where(id => this[id].Fill >= minFill)];
    }

    internal Sprite this[int id] => sprites[id] ??= Load(files[id]);

    // By a hash of the name, FNV-1a: an object that is added one day moves no other.
    private static bool IsHeldOut(string codepoints)
    {
        uint hash = 2166136261;
        foreach (char c in codepoints)
        {
            hash = (hash ^ c) * 16777619;
        }
        return (hash ^ (hash >> 15)) % 5 == 0;
    }

    private static Sprite Load(string file)
    {
        using SKBitmap decoded = SKBitmap.Decode(file) ?? throw new InvalidDataException($"'{file}' is no image.");
        using SKBitmap whole = new(new SKImageInfo(decoded.Width, decoded.Height, SKColorType.Rgba8888, SKAlphaType.Premul));
        using (SKCanvas canvas = new(whole))
        {
            canvas.Clear(SKColors.Transparent);
            canvas.DrawBitmap(decoded, 0, 0);
        }
        SKRectI box = VisibleBox(whole);
        double scale = Math.Min(1, Texels / (double)Math.Max(box.Width, box.Height));
        int width = Math.Max(1, (int)Math.Round(box.Width * scale)), height = Math.Max(1, (int)Math.Round(box.Height * scale));
        using SKBitmap cut = new(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        using (SKCanvas canvas = new(cut))
        using (SKPaint paint = new() { FilterQuality = scale < 0.75 ? SKFilterQuality.Medium : SKFilterQuality.High })
        {
            canvas.Clear(SKColors.Transparent);
            canvas.DrawBitmap(whole, box, new SKRect(0, 0, width, height), paint);
        }
        return new Sprite(cut.Bytes, width, height);
    }

    private static SKRectI VisibleBox(SKBitmap bitmap)
    {
        const byte Faint = 16;
        ReadOnlySpan<byte> bytes = bitmap.GetPixelSpan();
        (int left, int top, int right, int bottom) = (bitmap.Width, bitmap.Height, 0, 0);
        for (int y = 0; y < bitmap.Height; y++)
        {
            for (int x = 0; x < bitmap.Width; x++)
            {
                if (bytes[4 * (y * bitmap.Width + x) + 3] > Faint)
                {
                    (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
                }
            }
        }
        return right > left ? new SKRectI(left, top, right, bottom) : new SKRectI(0, 0, bitmap.Width, bitmap.Height);
    }
}
