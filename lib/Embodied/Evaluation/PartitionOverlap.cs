namespace Embodied.Evaluation;

/// <summary>How well two partitions of the same nodes into two sides agree, whichever side is called A.</summary>
public static class PartitionOverlap
{
    /// <summary>
    /// The mean over both sides of |A ∩ A'| / |A ∪ A'| (intersection over union), for the naming of the sides that fits better.
    /// </summary>
    /// <param name="first">Whether each node is in A.</param>
    /// <param name="second">Whether each node is in A'; of the same length.</param>
    /// <returns>From 0 to 1; 1 for equal partitions.</returns>
    /// <exception cref="ArgumentException">The lengths differ, or are 0.</exception>
    public static double IoU(bool[] first, bool[] second)
    {
        if (first.Length != second.Length || first.Length == 0)
        {
            throw new ArgumentException($"The partitions have {first.Length} and {second.Length} nodes; the same number, at least 1, is wanted.", nameof(second));
        }
        bool[] swapped = [.. second.Select(inA => !inA)];
        return Math.Max(BothSides(first, second), BothSides(first, swapped));
    }

    private static double BothSides(bool[] a, bool[] b)
    {
        int both = 0, neither = 0, apart = 0;
        for (int i = 0; i < a.Length; i++)
        {
            _ = a[i] != b[i] ? apart++ : a[i] ? both++ : neither++;
        }
        return (Overlap(both, apart) + Overlap(neither, apart)) / 2;
    }

    private static double Overlap(int intersection, int apart) => intersection + apart == 0 ? 1 : (double)intersection / (intersection + apart);
}
