using static TorchSharp.torch;

namespace Embodied.Datasets.Sprites;

/// <summary>What scenes look like.</summary>
public sealed record SpriteSceneOptions
{
    /// <summary>The image's side, in pixels: 16 to 512.</summary>
    public int Size { get; init; } = 64;

    /// <summary>Fewest objects in a scene.</summary>
    public int MinObjects { get; init; } = 1;

    /// <summary>Most objects in a scene.</summary>
    public int MaxObjects { get; init; } = 1;

    /// <summary>Smallest longer side of an object, as a share of the image's side.</summary>
    public double MinScale { get; init; } = 0.35;

    /// <summary>Largest longer side of an object.</summary>
    public double MaxScale { get; init; } = 0.65;

    /// <summary>Objects are rotated by up to so many degrees either way.</summary>
    public double MaxRotation { get; init; } = 30;

    /// <summary>Whether every second object is mirrored.</summary>
    public bool Flip { get; init; } = true;

    /// <summary>The share of each object that has to be seen: the rest may be hidden by others, or lie beyond the border.</summary>
    public double MinVisible { get; init; } = 0.5;

    /// <summary>How compact objects have to be, see <see cref="SpriteObjects.Of(SpriteSplit, double)"/>; 0 takes them all.</summary>
    public double MinFill { get; init; }

    /// <summary>How dark shadows are, 0 (none) to 1.</summary>
    public double Shadow { get; init; } = 0.35;

    /// <summary>Which objects.</summary>
    public SpriteSplit Split { get; init; } = SpriteSplit.Seen;

    /// <summary>Kinds of backgrounds, of which each scene has one; a kind that is named twice comes twice as often.</summary>
    public IReadOnlyList<BackgroundKind> Backgrounds { get; init; } =
    [
        BackgroundKind.Photograph, BackgroundKind.Photograph, BackgroundKind.Photograph, BackgroundKind.Photograph, BackgroundKind.Photograph,
        BackgroundKind.Gradient, BackgroundKind.Noise, BackgroundKind.Stripes, BackgroundKind.Checks, BackgroundKind.Dots,
    ];
}

/// <summary>Scenes, and what is true of them. Dispose it to free the tensors.</summary>
/// <param name="Images">RGB [n, 3, s, s], float32, 0 to 1.</param>
/// <param name="Masks">What one sees of each object, [n, K, s, s], bool, from back to front; empty where a scene has fewer than K objects.</param>
/// <param name="Boxes">The masks' boxes, [n, K, 4], float32: left, top, right, bottom in pixels, right and bottom exclusive; −1 where there is none.</param>
/// <param name="Objects">The objects' numbers, [n, K], int64; −1 where there is none. A later one hides an earlier one.</param>
/// <param name="Groups">The objects' categories, [n, K], int64; −1 where there is none.</param>
/// <param name="Visible">The share of each object that one sees, [n, K], float32.</param>
public sealed record SpriteBatch(Tensor Images, Tensor Masks, Tensor Boxes, Tensor Objects, Tensor Groups, Tensor Visible) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in (Tensor[])[Images, Masks, Boxes, Objects, Groups, Visible])
        {
            tensor.Dispose();
        }
    }
}

/// <summary>
/// Scenes of cut-out objects over photographs and textures, with everything known of them: masks, boxes, categories, what hides what.
/// A scene depends on its seed and index alone.
/// </summary>
public static class SpriteScenes
{
    private const int Tries = 30;

    /// <summary>Draws scenes.</summary>
    /// <param name="count">n.</param>
    /// <param name="options">What they look like.</param>
    /// <param name="seed">Which scenes.</param>
    /// <param name="first">The number of the first: the scenes 5 to 9 are the same whether drawn alone or with 0 to 4.</param>
    /// <returns>n scenes.</returns>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public static SpriteBatch Draw(int count, SpriteSceneOptions options, long seed, long first = 0)
    {
        return Render(Arrange(count, options, seed, first), options.Size, options.MaxObjects);
    }

    /// <summary>Lays scenes out as <see cref="Draw"/> would, without drawing them.</summary>
    /// <param name="count">n.</param>
    /// <param name="options">What they look like.</param>
    /// <param name="seed">Which scenes.</param>
    /// <param name="first">The number of the first.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public static IReadOnlyList<SceneLayout> Arrange(int count, SpriteSceneOptions options, long seed, long first = 0)
    {
        Check(count, options);
        SpriteObjects objects = SpriteObjects.Shared;
        IReadOnlyList<int> ids = objects.Of(options.Split, options.MinFill);
        var layouts = new SceneLayout[count];
        Parallel.For(0, count, i => layouts[i] = Arrange(objects, ids, options, new IndexedRandom(unchecked((ulong)seed), unchecked((ulong)(first + i)))));
        return layouts;
    }

    /// <summary>Draws each of the given objects alone, in a random pose over a random background.</summary>
    /// <param name="objects">The objects' numbers, one for each image.</param>
    /// <param name="options">What scenes look like; the numbers of objects and the split are not looked at.</param>
    /// <param name="poses">Decides on place, scale, rotation.</param>
    /// <param name="backgrounds">Decides on the background; two drawings with the same one show the same objects in other poses over the same backgrounds.</param>
    /// <exception cref="ArgumentException">An option makes no sense, or there is no such object.</exception>
    public static SpriteBatch DrawObjects(IReadOnlyList<int> objects, SpriteSceneOptions options, long poses, long backgrounds)
    {
        Check(objects.Count, options);
        Check(objects, nameof(objects));
        return Render([.. objects.Select((id, i) => Arrange(
            id, options, new IndexedRandom(unchecked((ulong)poses), (ulong)i), new IndexedRandom(unchecked((ulong)backgrounds), (ulong)i)))], options.Size, 1);
    }

    /// <summary>Lays out one object alone, in a random pose over a random background.</summary>
    /// <param name="id">The object's number.</param>
    /// <param name="options">What scenes look like; the numbers of objects and the split are not looked at.</param>
    /// <param name="pose">Decides on place, scale, rotation.</param>
    /// <param name="background">Decides on the background.</param>
    /// <exception cref="ArgumentException">An option makes no sense, or there is no such object.</exception>
    public static SceneLayout ArrangeObject(int id, SpriteSceneOptions options, long pose, long background)
    {
        Check(1, options);
        Check([id], nameof(id));
        return Arrange(id, options, new IndexedRandom(unchecked((ulong)pose), 0), new IndexedRandom(unchecked((ulong)background), 0));
    }

    private static SceneLayout Arrange(int id, SpriteSceneOptions options, IndexedRandom pose, IndexedRandom background) =>
        new(Behind(options, ref background), [Place(SpriteObjects.Shared, id, options, ref pose)], options.Shadow);

    /// <summary>Draws scenes that are laid out already.</summary>
    /// <param name="layouts">n layouts.</param>
    /// <param name="size">The side in pixels.</param>
    /// <param name="most">K; by default the most objects that a layout has.</param>
    /// <exception cref="ArgumentException">A layout has more than <paramref name="most"/> objects.</exception>
    public static SpriteBatch Render(IReadOnlyList<SceneLayout> layouts, int size = 64, int? most = null)
    {
        int n = layouts.Count, K = most ?? Math.Max(1, layouts.Max(layout => layout.Objects.Count)), pixels = size * size;
        if (layouts.Any(layout => layout.Objects.Count > K))
        {
            throw new ArgumentException($"A layout has {layouts.Max(layout => layout.Objects.Count)} objects, wanted at most {K}.", nameof(layouts));
        }
        SpriteObjects objects = SpriteObjects.Shared;
        var images = new float[n * 3 * pixels];
        var masks = new bool[n * K * pixels];
        var boxes = new float[n * K * 4];
        var ids = new long[n * K];
        var groups = new long[n * K];
        var visible = new float[n * K];
        Array.Fill(boxes, -1);
        Array.Fill(ids, -1);
        Array.Fill(groups, -1);
        Parallel.For(0, n, () => new sbyte[pixels], (i, _, owners) =>
        {
            SceneLayout layout = layouts[i];
            Span<int> whole = stackalloc int[K];
            SceneRenderer.Draw(objects, layout, size, images.AsSpan(i * 3 * pixels, 3 * pixels), owners, whole);
            for (int k = 0; k < layout.Objects.Count; k++)
            {
                int at = i * K + k, seen = Take(owners, (sbyte)k, size, masks.AsSpan(at * pixels, pixels), boxes.AsSpan(4 * at, 4));
                ids[at] = layout.Objects[k].Object;
                groups[at] = objects.All[layout.Objects[k].Object].Group;
                visible[at] = whole[k] == 0 ? 0 : (float)seen / whole[k];
            }
            return owners;
        }, _ => { });
        return new SpriteBatch(
            tensor(images, [n, 3, size, size]), tensor(masks, [n, K, size, size]), tensor(boxes, [n, K, 4]),
            tensor(ids, [n, K]), tensor(groups, [n, K]), tensor(visible, [n, K]));
    }

    private static int Take(ReadOnlySpan<sbyte> owners, sbyte owner, int size, Span<bool> mask, Span<float> box)
    {
        (int left, int top, int right, int bottom, int seen) = (size, size, 0, 0, 0);
        for (int y = 0, i = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++, i++)
            {
                if (owners[i] == owner)
                {
                    mask[i] = true;
                    seen++;
                    (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
                }
            }
        }
        if (seen > 0)
        {
            (box[0], box[1], box[2], box[3]) = (left, top, right, bottom);
        }
        return seen;
    }

    // Objects are placed one after the other; one that hides too much, or is cut off too much, is placed anew, and left out in the end.
    private static SceneLayout Arrange(SpriteObjects objects, IReadOnlyList<int> ids, SpriteSceneOptions options, IndexedRandom random)
    {
        int wanted = options.MinObjects + random.Next(options.MaxObjects - options.MinObjects + 1);
        Background background = Behind(options, ref random);
        List<Placement> placed = [];
        for (int attempt = 0; placed.Count < wanted && attempt < Tries * wanted; attempt++)
        {
            Placement next = Place(objects, ids[random.Next(ids.Count)], options, ref random);
            if (Visibility.Fits(objects, [.. placed, next], options.MinVisible))
            {
                placed.Add(next);
            }
        }
        return new SceneLayout(background, placed, options.Shadow);
    }

    private static Placement Place(SpriteObjects objects, int id, SpriteSceneOptions options, ref IndexedRandom random)
    {
        Placement placed = default;
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            placed = new Placement(
                id, random.Between(0.1, 0.9), random.Between(0.1, 0.9), random.Between(options.MinScale, options.MaxScale),
                random.Between(-1, 1) * options.MaxRotation * Math.PI / 180, random.Next() < 0.5 && options.Flip);
            if (Visibility.Fits(objects, [placed], Math.Max(options.MinVisible, 0.7)))
            {
                return placed;
            }
        }
        return placed with { X = 0.5, Y = 0.5 };
    }

    private static Background Behind(SpriteSceneOptions options, ref IndexedRandom random) =>
        new(options.Backgrounds[random.Next(options.Backgrounds.Count)], random.Next(int.MaxValue));

    private static void Check(IReadOnlyList<int> objects, string name)
    {
        int wrong = objects.FirstOrDefault(id => id < 0 || id >= SpriteObjects.Shared.Count);
        if (wrong < 0 || wrong >= SpriteObjects.Shared.Count)
        {
            throw new ArgumentException($"There is no object {wrong}; there are 0 to {SpriteObjects.Shared.Count - 1}.", name);
        }
    }

    private static void Check(int count, SpriteSceneOptions options)
    {
        string? complaint =
            count < 1 ? $"{count} scenes were asked for, wanted at least 1."
            : options.Size is < 16 or > 512 ? $"Size is {options.Size}, wanted 16 to 512 pixels."
            : options.MinObjects < 0 || options.MaxObjects < Math.Max(1, options.MinObjects) || options.MaxObjects > 100
                ? $"MinObjects is {options.MinObjects} and MaxObjects {options.MaxObjects}, wanted 0 ≤ MinObjects ≤ MaxObjects, and MaxObjects from 1 to 100."
            : !(options.MinScale > 0 && options.MaxScale >= options.MinScale && options.MaxScale <= 2)
                ? FormattableString.Invariant($"MinScale is {options.MinScale} and MaxScale {options.MaxScale}, wanted 0 < MinScale ≤ MaxScale ≤ 2.")
            : !(options.MinVisible >= 0 && options.MinVisible <= 1) ? FormattableString.Invariant($"MinVisible is {options.MinVisible}, wanted 0 to 1.")
            : !(options.MinFill >= 0 && options.MinFill <= 0.75) ? FormattableString.Invariant($"MinFill is {options.MinFill}, wanted 0 to 0.75.")
            : !(options.Shadow >= 0 && options.Shadow <= 1) ? FormattableString.Invariant($"Shadow is {options.Shadow}, wanted 0 to 1.")
            : options.Backgrounds.Count == 0 ? "Backgrounds is empty, wanted at least one kind."
            : null;
        if (complaint is not null)
        {
            throw new ArgumentException(complaint, nameof(options));
        }
    }
}
