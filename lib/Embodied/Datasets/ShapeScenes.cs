using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Embodied.Datasets;

/// <summary>What a shape scene shows.</summary>
public enum ShapeSceneKind
{
    /// <summary>The outlines of a square and a circle.</summary>
    TwoShapes,

    /// <summary>The outlines of a square, a triangle that points up and one that points down.</summary>
    ThreeShapes,

    /// <summary>A garment of Fashion-MNIST, at 20 px, and the outline of a square or a triangle.</summary>
    GarmentAndShape,
}

/// <summary>A batch of shape scenes.</summary>
/// <param name="Images">[n, 1, 32, 32], float32, 0 to 1.</param>
/// <param name="Labels">Whose pixel it is, int64 [n, 32, 32]: 0 nobody's, from 1 on the objects', −1 of more than one object.</param>
public sealed record ShapeSceneBatch(Tensor Images, Tensor Labels);

/// <summary>
/// White outlines at random places on black, 32 px, that may cross: which pixels belong together can be told from the shapes alone, as all have the
/// same brightness. A pixel of two objects is neither's and is left out of scores, as in the paper.
/// </summary>
/// <remarks>Made after the sets of Reichert &amp; Serre 2014 and of Löwe et al., <i>Complex-valued autoencoders</i>, 2022 (2Shapes, 3Shapes, MNIST&amp;Shape, there with digits).</remarks>
public sealed class ShapeScenes
{
    /// <summary>Side of the images in pixels.</summary>
    public const int Size = 32;

    private const int Garment = 20;
    private const float LeastGarment = 0.1f; // Darker pixels of a garment are nobody's.
    private static readonly bool[,] Square = Outline(13, 13, (x, y) => x is 0 or 12 || y is 0 or 12);
    private static readonly bool[,] Circle = Outline(15, 15, (x, y) => Math.Abs(Math.Sqrt((x - 7.0) * (x - 7) + (y - 7.0) * (y - 7)) - 6.8) < 0.5);
    private static readonly bool[,] Up = Outline(17, 14, (x, y) => y == 13 || Math.Abs(Math.Abs(x - 8) - y * 8 / 13.0) < 0.5);
    private static readonly bool[,] Down = Outline(17, 14, (x, y) => y == 0 || Math.Abs(Math.Abs(x - 8) - (13 - y) * 8 / 13.0) < 0.5);

    private readonly float[]? garments; // Garment × Garment each.

    /// <summary>What the scenes show.</summary>
    public ShapeSceneKind Kind { get; }

    /// <summary>Objects in a scene.</summary>
    public int Objects => Kind == ShapeSceneKind.ThreeShapes ? 3 : 2;

    /// <summary>Scenes of a kind.</summary>
    /// <param name="kind">What they show.</param>
    /// <param name="heldOut">Whether garments come from Fashion-MNIST's test images; shapes are the same in both.</param>
    /// <exception cref="FileNotFoundException">A data file is missing.</exception>
    public ShapeScenes(ShapeSceneKind kind, bool heldOut = false)
    {
        Kind = kind;
        if (kind == ShapeSceneKind.GarmentAndShape)
        {
            using var scope = NewDisposeScope();
            using FashionMnist images = FashionMnist.Load(train: !heldOut, count: 10_000);
            garments = [.. nn.functional.interpolate(images.Images, size: [Garment, Garment], mode: InterpolationMode.Area).data<float>()];
        }
    }

    /// <summary>Draws scenes.</summary>
    /// <param name="n">How many.</param>
    /// <param name="generator">Where places and garments come from.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is not positive.</exception>
    public ShapeSceneBatch Draw(int n, Generator generator)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        using var scope = NewDisposeScope();
        // Of each object two coordinates, and for garments which one and with which shape.
        long[] random = [.. randint(1 << 30, [n, 8], ScalarType.Int64, generator: generator).data<long>()];
        // Drawn into the tensors' own memory: arrays of that size, made for every batch, keep the garbage collector busy.
        Tensor images = zeros(n, 1, Size, Size), labels = zeros([n, Size, Size], ScalarType.Int64);
        Span<float> pixels = MemoryMarshal.Cast<byte, float>(images.bytes);
        Span<long> owners = MemoryMarshal.Cast<byte, long>(labels.bytes);
        for (int i = 0; i < n; i++)
        {
            Canvas canvas = new(pixels.Slice(i * Size * Size, Size * Size), owners.Slice(i * Size * Size, Size * Size));
            ReadOnlySpan<long> dice = random.AsSpan(i * 8, 8);
            switch (Kind)
            {
                case ShapeSceneKind.TwoShapes:
                    canvas.Draw(Square, 1, dice);
                    canvas.Draw(Circle, 2, dice[2..]);
                    break;
                case ShapeSceneKind.ThreeShapes:
                    canvas.Draw(Square, 1, dice);
                    canvas.Draw(Up, 2, dice[2..]);
                    canvas.Draw(Down, 3, dice[4..]);
                    break;
                default:
                    canvas.Draw(garments.AsSpan((int)(dice[6] % (garments!.Length / (Garment * Garment))) * Garment * Garment, Garment * Garment), 1, dice);
                    canvas.Draw((dice[7] % 3) switch { 0 => Square, 1 => Up, _ => Down }, 2, dice[2..]);
                    break;
            }
        }
        return new(images.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    }

    private static bool[,] Outline(int width, int height, Func<int, int, bool> drawn)
    {
        bool[,] shape = new bool[height, width];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                shape[y, x] = drawn(x, y);
            }
        }
        return shape;
    }

    private readonly ref struct Canvas(Span<float> image, Span<long> labels)
    {
        private readonly Span<float> image = image;
        private readonly Span<long> labels = labels;

        public void Draw(bool[,] shape, long label, ReadOnlySpan<long> place)
        {
            int height = shape.GetLength(0), width = shape.GetLength(1);
            int left = (int)(place[0] % (Size - width + 1)), top = (int)(place[1] % (Size - height + 1));
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    if (shape[y, x])
                    {
                        Set((top + y) * Size + left + x, 1, label);
                    }
                }
            }
        }

        public void Draw(ReadOnlySpan<float> garment, long label, ReadOnlySpan<long> place)
        {
            int left = (int)(place[0] % (Size - Garment + 1)), top = (int)(place[1] % (Size - Garment + 1));
            for (int k = 0; k < garment.Length; k++)
            {
                if (garment[k] > LeastGarment)
                {
                    Set((top + k / Garment) * Size + left + k % Garment, garment[k], label);
                }
            }
        }

        private void Set(int at, float value, long label)
        {
            image[at] = Math.Max(image[at], value);
            labels[at] = labels[at] == 0 ? label : -1;
        }
    }
}
