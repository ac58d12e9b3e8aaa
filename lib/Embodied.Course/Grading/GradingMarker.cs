using System.Globalization;

namespace Embodied.Course.Grading;

/// <summary>
/// A file that lies beside a submission's result while it is being graded. What ends the process that grades, such as values that
/// make native code abort, leaves it behind, and so tells which submissions it may have been.
/// </summary>
internal static class GradingMarker
{
    /// <summary>So many lost processes, the last of them with this submission alone, and a person has to look.</summary>
    public const int Most = 2;

    private const string Extension = ".grading";

    /// <summary>How many processes were lost while they graded this.</summary>
    /// <param name="result">The result's file.</param>
    /// <param name="digest">What is to be graded; a marker of something else does not count.</param>
    public static int Losses(string result, string digest) => Read(result + Extension) is { } mark && mark.Digest == digest ? mark.Losses : 0;

    /// <summary>Grading begins.</summary>
    public static void Begin(string result, string digest) => Write(result + Extension, new Mark(digest, Losses(result, digest), IsOpen: true));

    /// <summary>Grading has ended, with a result.</summary>
    public static void End(string result) => File.Delete(result + Extension);

    /// <summary>The process was lost, or grading as a whole was ended: nothing is being graded now.</summary>
    /// <param name="folder">Where results are.</param>
    /// <param name="lost">Whether it counts for the submissions that were being graded.</param>
    /// <returns>How many these were.</returns>
    public static int Close(string folder, bool lost)
    {
        int open = 0;
        foreach (string file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*" + Extension, SearchOption.AllDirectories) : [])
        {
            if (Read(file) is not { } mark || (!lost && mark.Losses == 0))
            {
                File.Delete(file);
            }
            else if (mark.IsOpen)
            {
                open++;
                Write(file, new Mark(mark.Digest, mark.Losses + (lost ? 1 : 0), IsOpen: false));
            }
        }
        return open;
    }

    private static void Write(string file, Mark mark) =>
        AtomicFile.Write(file, string.Create(CultureInfo.InvariantCulture, $"{mark.Digest} {mark.Losses} {(mark.IsOpen ? "open" : "closed")}\n"));

    private static Mark? Read(string file) =>
        File.Exists(file) && File.ReadAllText(file).Trim().Split(' ') is [var digest, var losses, var state] && int.TryParse(losses, CultureInfo.InvariantCulture, out int count)
            ? new Mark(digest, count, state == "open") : null;

    private sealed record Mark(string Digest, int Losses, bool IsOpen);
}
