using Embodied.Interactive.Running;

namespace Embodied.Course.Running;

/// <summary>Reports a run in lines, for logs and pipes.</summary>
/// <param name="output">Where the lines go.</param>
public sealed class PlainView(TextWriter output) : IRunView
{
    /// <inheritdoc/>
    public void Started(RunTarget target) => Write($"{target.Name}: started");

    /// <inheritdoc/>
    public void Progressed(RunTarget target, RunEvent happened)
    {
        if (happened is CellFinished { Run.Outcome: not CellOutcome.Skipped } finished)
        {
            string outcome = finished.Run.Failure is null ? "" : $"  {RunReport.Word(finished.Run.Outcome)}";
            Write(FormattableString.Invariant($"{target.Name}: cell {finished.Cell}/{finished.Cells}, {finished.Run.Elapsed.TotalSeconds:0.0} s{outcome}"));
        }
    }

    /// <inheritdoc/>
    public void Finished(RunTarget target, NotebookResult result) =>
        Write(FormattableString.Invariant($"{target.Name}: {RunReport.Word(result)} in {result.Elapsed.TotalSeconds:0.0} s"));

    private void Write(string line)
    {
        lock (output)
        {
            output.WriteLine(line);
        }
    }
}
