using System.Diagnostics;
using Embodied.Course;
using Embodied.Course.Grading;

namespace Embodied.Benchmarks;

/// <summary>
/// How fast a class is graded, in the sandbox, two submissions at a time: <c>dotnet run -c Release --project tests/Embodied.Benchmarks --
/// grading</c>. Needs Debian's bubblewrap.
/// </summary>
internal static class GradingThroughput
{
    private const int Students = 40;
    private const double Promised = 30;

    /// <summary>Prints submissions a minute; 0 when there are as many as promised, else 1.</summary>
    public static int Run()
    {
        Assignment cuts = Assignment.Load(CourseFolder.Find().Resolve("08"));
        DirectoryInfo folder = Directory.CreateTempSubdirectory("grading-");
        try
        {
            string submitted = folder.CreateSubdirectory("submitted").FullName;
            for (int i = 0; i < Students; i++)
            {
                // Every second one is right in all; the others have a wrong answer to each exercise.
                Embodied.Interactive.Documents.NotebookDocument document = Release.Of(cuts.Document, cuts.Name);
                foreach (Exercise exercise in cuts.Exercises)
                {
                    document.Cells.Single(cell => GraderMark.Of(cell)?.Id == exercise.SolutionId).Source =
                        i % 2 == 0 ? exercise.Solution : exercise.Wrong[i / 2 % exercise.Wrong.Count].Source;
                }
                document.Save(Path.Combine(submitted, $"student{i:00}.ipynb"));
            }
            IReadOnlyList<string> command = CourseProcess.Command("grade");
            Stopwatch clock = Stopwatch.StartNew();
            using Process grading = Process.Start(new ProcessStartInfo(command[0], [.. command.Skip(1), submitted, "--out", Path.Combine(folder.FullName, "graded"), "--jobs", "2"]) { RedirectStandardOutput = true })!;
            grading.StandardOutput.ReadToEnd();
            grading.WaitForExit();
            double rate = Students / clock.Elapsed.TotalMinutes;
            Console.WriteLine(FormattableString.Invariant($"grading {rate,16:0} submissions a minute, {clock.Elapsed.TotalSeconds / Students:0.00} s for each (promised {Promised}, of three exercises each){(rate >= Promised ? "" : ": MISSED")}"));
            return grading.ExitCode == 0 && rate >= Promised ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
