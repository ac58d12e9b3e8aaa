using System.Diagnostics;

namespace Embodied.Course.Grading;

/// <summary>
/// Runs grading in a process of its own. The checks work on values that come from students; what these make native code do may end
/// the process, or hold it for ever, but not the grading of a class.
/// </summary>
internal static class GradingProcess
{
    /// <summary>The exit code of a process whose checks no longer end.</summary>
    public const int Stuck = 70;

    /// <summary>Runs <c>course grade</c> until it ends by itself, in a new process after each that was lost.</summary>
    /// <param name="arguments">What follows <c>course grade</c>.</param>
    /// <param name="results">Where results go.</param>
    /// <param name="lost">Told how many submissions a lost process was grading.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Its exit code; that of the lost process when it was grading nothing.</returns>
    public static async Task<int> RunAsync(IEnumerable<string> arguments, string results, Action<int> lost, CancellationToken cancellation)
    {
        GradingMarker.Close(results, lost: false);
        while (true)
        {
            int code = await RunOnceAsync([.. CourseProcess.Command("grade"), .. arguments], cancellation).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            if (code is >= 0 and < Stuck)
            {
                return code;
            }
            int open = GradingMarker.Close(results, lost: true);
            if (open == 0)
            {
                return code;
            }
            lost(open);
        }
    }

    private static async Task<int> RunOnceAsync(string[] command, CancellationToken cancellation)
    {
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { Environment = { ["DOTNET_DbgEnableMiniDump"] = "0" } })!;
        try
        {
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        return process.ExitCode;
    }
}
