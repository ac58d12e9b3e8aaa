using System.Diagnostics;
using System.Globalization;
using Embodied.Course;
using Embodied.Interactive;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;

namespace Embodied.Benchmarks;

/// <summary>
/// The course's kernel against ipykernel, in turns in one run: <c>dotnet run -c Release --project tests/Embodied.Benchmarks --
/// kernel-vs-ipykernel</c>. Needs Debian's python3-ipykernel and python3-nbconvert.
/// </summary>
internal static class KernelVersusIpykernel
{
    private const string Ours = ".net-csharp", Theirs = "python3";

    private const string WarmCell = "cell";

    private const int Attempts = 3;

    // As many as kernel_versus_ipykernel.py measures.
    private const int Cells = 300, Quietest = 50;

    // What is promised of ours, and what ipykernel takes on the machine on which it was promised: a slower machine is allowed as much more. A cell is
    // compiled, and Python's round trip says nothing of how fast a machine does that; the C# compiler by itself does.
    private static readonly (string Measure, string Title, string Unit, double Promised, double TheirsThen)[] Bounds =
    [
        ("first", "start to first result", "s", 1.3, 0.78),
        (WarmCell, "warm cell to reply and idle", "ms", 8, double.PositiveInfinity),
        ("nbconvert", "nbconvert --execute, three cells", "s", 2.4, 1.9),
        ("memory", "resident after 300 cells", "MB", 250, double.PositiveInfinity),
    ];

    /// <summary>Prints the comparison; 0 when ours keeps what is promised, else 1.</summary>
    public static int Run(string[] arguments)
    {
        string python = arguments is ["--python", var given] ? given : "/usr/bin/python3";
        string folder = Directory.CreateTempSubdirectory("kernel-").FullName;
        try
        {
            IReadOnlyList<string> kernel = CourseProcess.Command("kernel");
            RunToEnd(kernel[0], [.. kernel.Skip(1), "install", "--prefix", folder], []);
            // A neighbour may disturb one measurement; it does not disturb three.
            return Enumerable.Range(0, Attempts).Any(_ => Keeps(Measure(python, folder), Scripting())) ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Dictionary<(string Kernel, string Measure), double> Measure(string python, string folder) => RunToEnd(
        python,
        [Path.Combine(AppContext.BaseDirectory, "kernel_versus_ipykernel.py"), folder, Theirs, Ours],
        new() { ["JUPYTER_PATH"] = Path.Combine(folder, "share", "jupyter"), ["EMBODIED_HISTORY"] = Path.Combine(folder, "history.jsonl") })
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
        .ToDictionary(parts => (parts[0], parts[1]), parts => double.Parse(parts[2], CultureInfo.InvariantCulture));

    // Milliseconds of the same cells in Microsoft's C# scripting: the compiler alone, without a kernel around it.
    private static double Scripting()
    {
        string[] imports = ["System", "System.Collections", "System.Collections.Generic", "System.Linq", "System.Text", "System.Threading.Tasks"];
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        IEnumerable<string> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetDirectoryName(path) == framework).Append(typeof(Cell).Assembly.Location);
        ScriptOptions options = ScriptOptions.Default.WithReferences(references).WithImports(imports)
            .WithOptimizationLevel(OptimizationLevel.Release).WithEmitDebugInformation(true);
        ScriptState<object>? state = null;
        List<double> times = [];
        for (int i = 0; i < Cells; i++)
        {
            string cell = FormattableString.Invariant($"{i} + 1");
            long begun = Stopwatch.GetTimestamp();
            state = (state is null ? CSharpScript.RunAsync(cell, options) : state.ContinueWithAsync(cell)).GetAwaiter().GetResult();
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }
        return Enumerable.Range(Cells / 3, Cells - (Cells / 3) - Quietest + 1).Min(first => times.Skip(first).Take(Quietest).Order().ElementAt(Quietest / 2));
    }

    private static bool Keeps(Dictionary<(string Kernel, string Measure), double> measured, double scripting)
    {
        bool kept = true;
        Console.WriteLine(FormattableString.Invariant($"{"a cell in bare C# scripting",-34} {scripting,8:0.00} ms"));
        foreach ((string measure, string title, string unit, double promised, double theirsThen) in Bounds)
        {
            double ours = measured[(Ours, measure)], theirs = measured[(Theirs, measure)];
            double allowed = measure == WarmCell ? Math.Max(promised, theirs + scripting) : promised * Math.Max(1, theirs / theirsThen);
            kept &= ours <= allowed;
            Console.WriteLine(FormattableString.Invariant(
                $"{title,-34} {ours,8:0.00} {unit,-2}   ipykernel {theirs,8:0.00} {unit,-2}   promised {promised} {unit}{(allowed > promised ? FormattableString.Invariant($", {allowed:0.00} at this machine's pace") : "")}{(ours <= allowed ? "" : ": MISSED")}"));
        }
        return kept;
    }

    private static string RunToEnd(string program, IEnumerable<string> arguments, Dictionary<string, string> environment)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException(
            $"{program} failed with exit code {process.ExitCode}; it needs ipykernel and nbconvert (Debian packages python3-ipykernel and python3-nbconvert). {error.Result}");
    }
}
