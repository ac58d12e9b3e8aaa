using System.Diagnostics;
using System.Globalization;
using Embodied.Objects;
using static TorchSharp.torch;

namespace Embodied.Benchmarks;

/// <summary>
/// MaskCut of a 480-px image with patches of 8 (3,600 nodes, three objects), features given, against the same steps on SciPy's eigh, in one run:
/// <c>dotnet run -c Release --project tests/Embodied.Benchmarks -- maskcut-vs-scipy</c>. Needs Debian's python3-scipy and libopenblas0-pthread.
/// </summary>
internal static class MaskCutVersusSciPy
{
    private const int Side = 60;
    private const int Rounds = 9;
    private const int TheirRounds = 1; // Each takes three dense decompositions: half a minute and more.
    private const double Faster = 30;
    private const double Alike = 0.98;

    /// <summary>Prints the comparison; 0 when ours is as much faster as promised and finds the same masks, else 1.</summary>
    public static int Run(string[] arguments)
    {
        string python = arguments is ["--python", var given] ? given : "/usr/bin/python3";
        MaskCutOptions options = new();
        string folder = Directory.CreateTempSubdirectory("maskcut-").FullName;
        try
        {
            using Tensor features = PatchGrid.Features(Side);
            File.WriteAllBytes(Path.Combine(folder, "features.f32"), features.bytes.ToArray());
            List<double> ours = [.. Time(features, options)];
            double theirs = Peer(python, folder, options);
            ours.AddRange(Time(features, options)); // Before and after, since a machine's speed changes.
            double median = ours.Order().ElementAt(ours.Count / 2);

            IReadOnlyList<MaskCutStep> steps = MaskCut.Find(features, Side, Side, options);
            bool[] masks = [.. File.ReadAllBytes(Path.Combine(folder, "masks.u8")).Select(b => b != 0)];
            double[] overlaps = [.. steps.Select((step, k) => Overlap(step.Mask, masks.AsSpan(k * Side * Side, Side * Side)))];
            Console.WriteLine(FormattableString.Invariant($"{Side * Side} nodes, {options.Objects} objects of {string.Join(", ", steps.Select(step => step.Mask.Count(inside => inside)))} patches"));
            Console.WriteLine(FormattableString.Invariant($"ours    {1000 * median,9:0.0} ms"));
            Console.WriteLine(FormattableString.Invariant($"SciPy   {1000 * theirs,9:0.0} ms   {theirs / median:0.0} times ours (promised {Faster})"));
            Console.WriteLine(FormattableString.Invariant($"masks' IoU {string.Join(", ", overlaps.Select(overlap => overlap.ToString("0.0000", CultureInfo.InvariantCulture)))} (promised {Alike})"));
            return theirs >= Faster * median && overlaps.Length == options.Objects && overlaps.Min() >= Alike && steps.All(step => step.Mask.Contains(true)) ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // PartitionOverlap would match complements too.
    private static double Overlap(bool[] ours, ReadOnlySpan<bool> theirs)
    {
        int both = 0, either = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            both += ours[i] && theirs[i] ? 1 : 0;
            either += ours[i] || theirs[i] ? 1 : 0;
        }
        return (double)both / Math.Max(either, 1);
    }

    private static IEnumerable<double> Time(Tensor features, MaskCutOptions options)
    {
        for (int round = -3; round < Rounds; round++)
        {
            long begun = Stopwatch.GetTimestamp();
            MaskCut.Find(features, Side, Side, options);
            double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            if (round >= 0)
            {
                yield return seconds;
            }
        }
    }

    private static double Peer(string python, string folder, MaskCutOptions options)
    {
        string[] words =
        [
            Path.Combine(AppContext.BaseDirectory, "maskcut_versus_scipy.py"), folder,
            options.Tau.ToString(CultureInfo.InvariantCulture), $"{options.Objects}", $"{TheirRounds}",
        ];
        using Process process = Process.Start(new ProcessStartInfo(python, words) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? double.Parse(output.Split(' ')[1], CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"{python} failed with exit code {process.ExitCode}; it needs numpy and scipy (Debian packages python3-scipy and libopenblas0-pthread).");
    }
}
