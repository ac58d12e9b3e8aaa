using static TorchSharp.torch;

namespace Embodied.Datasets;

/// <summary>What scenes of tetrominoes look like.</summary>
public sealed record TetrominoOptions
{
    /// <summary>The image's side, in pixels: at least four cells.</summary>
    public int Size { get; init; } = 32;

    /// <summary>A cell's side, in pixels.</summary>
    public int Cell { get; init; } = 4;

    /// <summary>Pieces in a scene, from 1 to 7.</summary>
    public int Pieces { get; init; } = 3;

    /// <summary>Whether the pieces of a scene differ in colour (at most six then). If not, each draws its colour by itself, and two may share it.</summary>
    public bool DistinctColours { get; init; }
}

/// <summary>Scenes of tetrominoes, and what is true of them. Dispose it to free the tensors.</summary>
/// <param name="Images">RGB [n, 3, s, s], float32, 0 to 1.</param>
/// <param name="Masks">Each piece's pixels, [n, pieces, s, s], bool; no two overlap.</param>
/// <param name="Shapes">Which of the seven tetrominoes, [n, pieces], int64, as in <see cref="Tetrominoes.Names"/>.</param>
/// <param name="Colours">Which of the six colours, [n, pieces], int64.</param>
public sealed record TetrominoBatch(Tensor Images, Tensor Masks, Tensor Shapes, Tensor Colours) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in (Tensor[])[Images, Masks, Shapes, Colours])
        {
            tensor.Dispose();
        }
    }
}

/// <summary>
/// Pieces of four cells, in any of their rotations and of one of six colours, anywhere on a black ground where they do not overlap. A scene depends on its
/// seed and number alone. Unless colours are distinct, whoever takes such a scene apart cannot go by colour alone: pieces may share one, and touch.
/// </summary>
/// <remarks>After the Tetrominoes of Kabra et al., <i>Multi-object datasets</i>, 2019. Lecture: object-centric learning.</remarks>
public static class Tetrominoes
{
    private const int Tries = 50;

    private static readonly (int X, int Y)[][] Shapes =
    [
        [(0, 0), (1, 0), (2, 0), (3, 0)], [(0, 0), (1, 0), (0, 1), (1, 1)], [(0, 0), (1, 0), (2, 0), (1, 1)], [(1, 0), (2, 0), (0, 1), (1, 1)],
        [(0, 0), (1, 0), (1, 1), (2, 1)], [(0, 0), (0, 1), (1, 1), (2, 1)], [(2, 0), (0, 1), (1, 1), (2, 1)],
    ];

    private static readonly (float R, float G, float B)[] Palette = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1)];

    /// <summary>The letters that the seven shapes are called by.</summary>
    public static IReadOnlyList<string> Names { get; } = ["I", "O", "T", "S", "Z", "J", "L"];

    /// <summary>Draws scenes.</summary>
    /// <param name="count">n.</param>
    /// <param name="options">What they look like.</param>
    /// <param name="seed">Which scenes.</param>
    /// <param name="first">The number of the first: the scenes 5 to 9 are the same whether drawn alone or with 0 to 4.</param>
    /// <exception cref="ArgumentException">An option makes no sense, or the pieces leave one another no room.</exception>
    public static TetrominoBatch Draw(int count, TetrominoOptions options, long seed, long first = 0)
    {
        Check(count, options);
        int size = options.Size, pixels = size * size, K = options.Pieces;
        var images = new float[count * 3 * pixels];
        var masks = new bool[count * K * pixels];
        var shapes = new long[count * K];
        var colours = new long[count * K];
        int crowded = 0;
        Parallel.For(0, count, i =>
        {
            IndexedRandom random = new(unchecked((ulong)seed), unchecked((ulong)(first + i)));
            Span<bool> scene = masks.AsSpan(i * K * pixels, K * pixels);
            if (!Place(options, scene, shapes.AsSpan(i * K, K), ref random))
            {
                Interlocked.Increment(ref crowded);
                return;
            }
            Paint(options, scene, colours.AsSpan(i * K, K), images.AsSpan(i * 3 * pixels, 3 * pixels), ref random);
        });
        if (crowded > 0)
        {
            throw new ArgumentException($"{K} pieces with cells of {options.Cell} px find no room in {size} px.", nameof(options));
        }
        return new(tensor(images, [count, 3, size, size]), tensor(masks, [count, K, size, size]), tensor(shapes, [count, K]), tensor(colours, [count, K]));
    }

    // A piece that finds no room means that those before it stand badly: the scene is begun anew.
    private static bool Place(TetrominoOptions options, Span<bool> masks, Span<long> shapes, ref IndexedRandom random)
    {
        int size = options.Size, pixels = size * size;
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            masks.Clear();
            int placed = 0;
            for (int one = 0; placed < options.Pieces && one < Tries * options.Pieces; one++)
            {
                int shape = random.Next(Shapes.Length);
                if (Fits(options, Turned(Shapes[shape], random.Next(4)), masks, placed, ref random))
                {
                    shapes[placed++] = shape;
                }
            }
            if (placed == options.Pieces)
            {
                return true;
            }
        }
        return false;
    }

    private static bool Fits(TetrominoOptions options, (int X, int Y)[] cells, Span<bool> masks, int placed, ref IndexedRandom random)
    {
        int size = options.Size, cell = options.Cell, pixels = size * size;
        int left = random.Next(size - cell * (cells.Max(c => c.X) + 1) + 1), top = random.Next(size - cell * (cells.Max(c => c.Y) + 1) + 1);
        Span<bool> mask = masks.Slice(placed * pixels, pixels);
        foreach ((int x, int y) in cells)
        {
            for (int row = 0; row < cell; row++)
            {
                mask.Slice((top + y * cell + row) * size + left + x * cell, cell).Fill(true);
            }
        }
        for (int other = 0; other < placed; other++)
        {
            for (int i = 0; i < pixels; i++)
            {
                if (mask[i] && masks[other * pixels + i])
                {
                    mask.Clear();
                    return false;
                }
            }
        }
        return true;
    }

    private static void Paint(TetrominoOptions options, ReadOnlySpan<bool> masks, Span<long> colours, Span<float> image, ref IndexedRandom random)
    {
        int pixels = options.Size * options.Size;
        for (int k = 0; k < colours.Length; k++)
        {
            do
            {
                colours[k] = random.Next(Palette.Length);
            }
            while (options.DistinctColours && colours[..k].Contains(colours[k]));
            (float r, float g, float b) = Palette[colours[k]];
            for (int i = 0; i < pixels; i++)
            {
                if (masks[k * pixels + i])
                {
                    (image[i], image[pixels + i], image[2 * pixels + i]) = (r, g, b);
                }
            }
        }
    }

    // Quarter turns, moved back to where both coordinates begin at 0.
    private static (int X, int Y)[] Turned((int X, int Y)[] cells, int quarters)
    {
        for (int turn = 0; turn < quarters; turn++)
        {
            int height = cells.Max(c => c.Y);
            cells = [.. cells.Select(c => (height - c.Y, c.X))];
        }
        return cells;
    }

    private static void Check(int count, TetrominoOptions options)
    {
        string? complaint =
            count < 1 ? $"{count} scenes were asked for, wanted at least 1."
            : options.Cell < 1 || options.Size < 4 * options.Cell || options.Size > 512 ? $"Size is {options.Size} and Cell {options.Cell}, wanted 4 Cell ≤ Size ≤ 512."
            : options.Pieces is < 1 or > 7 ? $"Pieces is {options.Pieces}, wanted 1 to 7."
            : options.DistinctColours && options.Pieces > Palette.Length ? $"Pieces is {options.Pieces}, and there are {Palette.Length} colours."
            : null;
        if (complaint is not null)
        {
            throw new ArgumentException(complaint, nameof(options));
        }
    }
}
