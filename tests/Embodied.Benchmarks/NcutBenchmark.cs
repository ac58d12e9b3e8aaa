using BenchmarkDotNet.Attributes;
using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Benchmarks;

/// <summary>The second-smallest generalised eigenvector of a binary patch affinity, as a table of bits and as a matrix of doubles.</summary>
[MemoryDiagnoser]
public class NcutBenchmark
{
    private Tensor features = null!;
    private BinaryAffinity bits = null!;
    private DenseAffinity full = null!;

    /// <summary>Patches along a side of the grid.</summary>
    [Params(30, 60)]
    public int Side { get; set; }

    /// <summary>Builds both affinities.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        features = PatchGrid.Features(Side);
        bits = BinaryAffinity.FromCosine(features);
        double[,] w = new double[bits.Size, bits.Size];
        for (int i = 0; i < bits.Size; i++)
        {
            for (int j = 0; j < bits.Size; j++)
            {
                w[i, j] = bits[i, j];
            }
        }
        full = new DenseAffinity(w);
    }

    /// <summary>From features to bits.</summary>
    [Benchmark]
    public BinaryAffinity Build() => BinaryAffinity.FromCosine(features);

    /// <summary>Lanczos on bits.</summary>
    [Benchmark]
    public NcutVectors Bits() => NormalizedCut.Solve(bits, 1, NcutVersusSciPy.Options);

    /// <summary>Lanczos on doubles.</summary>
    [Benchmark(Baseline = true)]
    public NcutVectors Doubles() => NormalizedCut.Solve(full, 1, NcutVersusSciPy.Options);
}
