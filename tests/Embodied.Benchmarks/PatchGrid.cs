using static TorchSharp.torch;

namespace Embodied.Benchmarks;

/// <summary>Feature vectors of a grid of patches: four round objects before a background, each with a direction of its own, and noise.</summary>
internal static class PatchGrid
{
    /// <summary>Draws float32 features [side · side, dimensions], row by row.</summary>
    public static Tensor Features(int side = 60, int dimensions = 64, double noise = 0.9, ulong seed = 1)
    {
        using var scope = NewDisposeScope();
        Generator generator = new(seed);
        (double Y, double X, double Radius)[] discs = [(0.3, 0.28, 0.17), (0.68, 0.62, 0.21), (0.22, 0.77, 0.12), (0.82, 0.2, 0.1)];
        long[] label = [.. from row in Enumerable.Range(0, side)
                           from column in Enumerable.Range(0, side)
                           select (long)Array.FindIndex(discs, disc => Math.Pow((double)row / side - disc.Y, 2) + Math.Pow((double)column / side - disc.X, 2) < disc.Radius * disc.Radius) + 1];
        Tensor directions = randn([discs.Length + 1, dimensions], generator: generator);
        return (directions.index_select(0, tensor(label)) + noise * randn([side * side, dimensions], generator: generator)).MoveToOuterDisposeScope();
    }
}
