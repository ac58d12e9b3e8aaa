using System.Buffers.Binary;
using System.IO.Compression;
using static TorchSharp.torch;

namespace Embodied.Datasets;

/// <summary>
/// Fashion-MNIST (Xiao, Rasul &amp; Vollgraf 2017): grey 28 × 28 images of ten kinds of clothing, 60,000 to train on and 10,000 to
/// test on. Dispose it to free the tensors.
/// </summary>
public sealed class FashionMnist : IDisposable
{
    /// <summary>The names of the classes 0 to 9.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
        ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    /// <summary>Images [n, 1, 28, 28], float32 from 0 (background) to 1.</summary>
    public Tensor Images { get; }

    /// <summary>Class numbers [n], int64.</summary>
    public Tensor Labels { get; }

    private FashionMnist(Tensor images, Tensor labels)
    {
        Images = images;
        Labels = labels;
    }

    /// <summary>Reads the first <paramref name="count"/> images of a split.</summary>
    /// <param name="train">The 60,000 training images, or else the 10,000 test images.</param>
    /// <param name="count">How many, from the start of the file (classes are shuffled there); all when null.</param>
    /// <exception cref="FileNotFoundException">A data file is missing.</exception>
    /// <exception cref="InvalidDataException">A data file is damaged.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not positive or more than the split has.</exception>
    public static FashionMnist Load(bool train, int? count = null)
    {
        string split = train ? "train" : "t10k";
        (byte[] pixels, int[] imageShape) = ReadIdx(DataFolder.File("fashion-mnist", $"{split}-images-idx3-ubyte.gz"));
        (byte[] classes, _) = ReadIdx(DataFolder.File("fashion-mnist", $"{split}-labels-idx1-ubyte.gz"));
        int n = count ?? imageShape[0];
        if (n < 1 || n > imageShape[0])
        {
            throw new ArgumentOutOfRangeException(nameof(count), n, $"The split '{split}' has {imageShape[0]} images; ask for 1 to {imageShape[0]}.");
        }

        int size = imageShape[1] * imageShape[2];
        using var scope = NewDisposeScope();
        Tensor images = tensor(pixels.AsSpan(0, n * size).ToArray(), dtype: ScalarType.Byte)
            .to(ScalarType.Float32).div_(255).reshape(n, 1, imageShape[1], imageShape[2]);
        Tensor labels = tensor(classes.AsSpan(0, n).ToArray(), dtype: ScalarType.Byte).to(ScalarType.Int64);
        return new FashionMnist(images.DetachFromDisposeScope(), labels.DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Images.Dispose();
        Labels.Dispose();
    }

    // The idx format: two zero bytes, the element type (8: unsigned byte), the rank, each dimension as a big-endian int32, the elements.
    private static (byte[] Elements, int[] Shape) ReadIdx(string path)
    {
        using var file = new MemoryStream();
        try
        {
            using var zip = new GZipStream(System.IO.File.OpenRead(path), CompressionMode.Decompress);
            zip.CopyTo(file);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}' is not a whole gzip file: restore it with 'git checkout -- data'.", e);
        }

        ReadOnlySpan<byte> bytes = file.GetBuffer().AsSpan(0, (int)file.Length);
        if (bytes.Length < 4 || bytes[2] != 8 || bytes.Length < 4 + 4 * bytes[3])
        {
            throw new InvalidDataException($"'{path}' is not an idx file of bytes: restore it with 'git checkout -- data'.");
        }
        var shape = new int[bytes[3]];
        for (int i = 0; i < shape.Length; i++)
        {
            shape[i] = BinaryPrimitives.ReadInt32BigEndian(bytes[(4 + 4 * i)..]);
        }
        ReadOnlySpan<byte> elements = bytes[(4 + 4 * shape.Length)..];
        long wanted = shape.Aggregate(1L, (product, extent) => product * extent);
        return elements.Length == wanted
            ? (elements.ToArray(), shape)
            : throw new InvalidDataException($"'{path}' holds {elements.Length} elements where its header promises {wanted}: restore it with 'git checkout -- data'.");
    }
}
