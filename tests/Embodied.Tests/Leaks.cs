using Embodied.Evaluation;
using static TorchSharp.torch;

namespace Embodied.Tests;

/// <summary>Finds what is left behind by something that is done again and again: tensors, and memory of native code that no tensor stands for.</summary>
internal static class Leaks
{
    private const int Rounds = 4;

    /// <summary>Fails where every time leaves half of <paramref name="bytes"/> or more behind, or a tensor.</summary>
    /// <param name="once">What is done, tensors of its own freed.</param>
    /// <param name="times">How often in a round.</param>
    /// <param name="bytes">What would stay if its graph did.</param>
    public static void Require(Action once, int times, long bytes)
    {
        once();
        long tensors = Tensor.TotalCount;
        // The runtime takes memory of its own now and then, but not in every round; what leaks does.
        long grown = Enumerable.Range(0, Rounds).Min(_ =>
        {
            GC.Collect();
            long before = NativeMemory.InUse();
            for (int i = 0; i < times; i++)
            {
                once();
            }
            GC.Collect();
            return NativeMemory.InUse() - before;
        });
        // What other tests have left may be collected meanwhile.
        Assert.InRange(Tensor.TotalCount, 0, tensors);
        Assert.True(grown < times * bytes / 2, $"{grown} bytes");
    }
}
