using System.Diagnostics;
using System.Globalization;
using Embodied.Evaluation;
using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Benchmarks;

/// <summary>
/// Our Lanczos against SciPy's eigh (which CutLER calls) and eigsh on one and the same 3,600-node binary affinity, in one run:
/// <c>dotnet run -c Release --project tests/Embodied.Benchmarks -- ncut-vs-scipy</c>. Needs Debian's python3-scipy and libopenblas0-pthread.
/// </summary>
internal static class NcutVersusSciPy
{
    private const int Rounds = 15;
    private const double FasterThanEigh = 30;
    private const double FasterThanEigsh = 2;

    /// <summary>The tolerance given to eigsh, and to ours.</summary>
    public static LanczosOptions Options { get; } = new() { Tolerance = 1e-6 };

    /// <summary>Prints the comparison; 0 when ours is as much faster as promised and cuts alike, else 1.</summary>
    public static int Run(string[] arguments)
    {
        string python = arguments is ["--python", var given] ? given : "/usr/bin/python3";
        string folder = Directory.CreateTempSubdirectory("ncut-").FullName;
        try
        {
            using Tensor features = PatchGrid.Features();
            File.WriteAllBytes(Path.Combine(folder, "features.f32"), features.bytes.ToArray());
            BinaryAffinity affinity = BinaryAffinity.FromCosine(features);
            List<double> ours = [.. Time(affinity)];
            Dictionary<string, double> theirs = Peers(python, folder);
            ours.AddRange(Time(affinity)); // Before and after, since a machine's speed changes.

            double median = ours.Order().ElementAt(ours.Count / 2);
            NcutVectors found = NormalizedCut.Solve(affinity, 1, Options);
            bool[] partition = [.. found.Vectors[0].Select(y => y > found.Vectors[0].Average())];
            double agreement = PartitionOverlap.IoU(partition, [.. File.ReadAllBytes(Path.Combine(folder, "partition.u8")).Select(b => b != 0)]);
            double eigh = theirs["eigh"] / median, eigsh = theirs["eigsh"] / median;
            Console.WriteLine(FormattableString.Invariant($"{affinity.Size} nodes, {100.0 * affinity.Ones / affinity.Size / affinity.Size:0.0} % linked, {found.Solver.Iterations} iterations, residual {found.Residuals[0]:0.0e-0}"));
            Console.WriteLine(FormattableString.Invariant($"ours         {1000 * median,9:0.0} ms"));
            Console.WriteLine(FormattableString.Invariant($"SciPy eigh   {1000 * theirs["eigh"],9:0.0} ms   {eigh:0.0} times ours (promised {FasterThanEigh})"));
            Console.WriteLine(FormattableString.Invariant($"SciPy eigsh  {1000 * theirs["eigsh"],9:0.0} ms   {eigsh:0.0} times ours (promised {FasterThanEigsh})"));
            Console.WriteLine(FormattableString.Invariant($"partition IoU with eigh {agreement:0.0000} (promised 0.99)"));
            return eigh >= FasterThanEigh && eigsh >= FasterThanEigsh && agreement >= 0.99 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<double> Time(BinaryAffinity affinity)
    {
        for (int round = -3; round < Rounds; round++)
        {
            long begun = Stopwatch.GetTimestamp();
            NormalizedCut.Solve(affinity, 1, Options);
            double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            if (round >= 0)
            {
                yield return seconds;
            }
        }
    }

    private static Dictionary<string, double> Peers(string python, string folder)
    {
        ProcessStartInfo start = new(python, [Path.Combine(AppContext.BaseDirectory, "ncut_versus_scipy.py"), folder]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToDictionary(parts => parts[0], parts => double.Parse(parts[1], CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"{python} failed with exit code {process.ExitCode}; it needs numpy and scipy (Debian packages python3-scipy and libopenblas0-pthread).");
    }
}
