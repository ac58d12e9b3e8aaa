using static TorchSharp.torch;

namespace Embodied.Evaluation;

/// <summary>FG-ARI: how well parts of scenes agree with their objects, <see cref="AdjustedRandIndex"/> over the pixels of objects alone.</summary>
/// <remarks>Greff et al. (IODINE) 2019; Locatello et al. 2020, section 4. Lecture: object-centric learning.</remarks>
public static class ForegroundAri
{
    /// <summary>The index of each scene; a pixel belongs to the part that has most of it.</summary>
    /// <param name="objects">The true masks, [n, K, h, w], bool; a pixel in none of them does not count.</param>
    /// <param name="parts">What was found, shares or logits [n, S, h, w].</param>
    /// <returns>n numbers, at most 1.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or a scene has fewer than two pixels of objects.</exception>
    public static double[] Of(Tensor objects, Tensor parts)
    {
        ShapeCheck.Require(objects, nameof(objects), -1, -1, -1, -1);
        ShapeCheck.Require(parts, nameof(parts), objects.shape[0], -1, objects.shape[2], objects.shape[3]);
        using var scope = NewDisposeScope();
        int n = (int)objects.shape[0], pixels = (int)(objects.shape[2] * objects.shape[3]);
        long[] truth = objects.to(ScalarType.Byte).argmax(1).data<long>().ToArray(), found = parts.argmax(1).data<long>().ToArray();
        bool[] counted = objects.any(1).data<bool>().ToArray();
        return [.. Enumerable.Range(0, n).Select(i =>
        {
            int at = i * pixels;
            return AdjustedRandIndex.Of(truth.AsSpan(at, pixels), found.AsSpan(at, pixels), counted.AsSpan(at, pixels));
        })];
    }
}
