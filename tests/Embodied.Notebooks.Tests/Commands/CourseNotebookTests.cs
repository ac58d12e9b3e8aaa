using System.Text.Json.Nodes;
using Embodied.Course;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Running;

namespace Embodied.Notebooks.Tests.Commands;

/// <summary>Every notebook of the course, executed as <c>course run</c> does, one after the other and beside no other test: their time counts.</summary>
[Collection<Alone>]
public sealed class CourseNotebookTests
{
    private static readonly CourseFolder Course = new(CourseTool.Root);

    public static TheoryData<string> Names => [.. Course.NotebookFiles().Select(CourseFolder.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_notebook_runs_and_its_claims_hold_within_90_seconds_of_work(string name)
    {
        string file = Course.Resolve(name);
        NotebookDocument document = NotebookDocument.Load(file);
        WorkerOptions worker = new() { Command = CourseProcess.Command(CourseProcess.Worker), WorkingDirectory = Course.Notebooks };
        NotebookResult result = await IsolatedRunner.RunAsync(document, worker, null, null, TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', result.Claims) + $"\n{result.Elapsed.TotalSeconds:0} s");
        Assert.True(result.Passed, result.Failure ?? string.Join('\n', result.Claims.Where(claim => !claim.Held)));
        Assert.NotEmpty(result.Claims);
        Assert.DoesNotContain(document.Cells.SelectMany(cell => cell.Outputs), output => output!["name"]?.GetValue<string>() == "stderr");
        // The budget is 90 s on a quiet machine; a test machine may be half as fast.
        Assert.True(result.Elapsed < TimeSpan.FromSeconds(180), $"{name} took {result.Elapsed.TotalSeconds:0} s.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_notebook_is_committed_clean_and_complete(string name)
    {
        NotebookDocument document = NotebookDocument.Load(Course.Resolve(name));
        Assert.Equal(5, document.FormatMinor);
        Assert.Equal(".net-csharp", document.Metadata["kernelspec"]!["name"]!.GetValue<string>());
        Assert.All(document.Cells.Where(cell => cell.Kind == CellKind.Code), cell =>
        {
            Assert.Empty(cell.Outputs);
            Assert.Null(cell.ExecutionCount);
        });
        Assert.StartsWith("# ", document.Cells[0].Source, StringComparison.Ordinal);
        Assert.StartsWith("#load \"setup.csx\"", document.Cells.First(cell => cell.Kind == CellKind.Code).Source, StringComparison.Ordinal);
        string prose = string.Join('\n', document.Cells.Where(cell => cell.Kind == CellKind.Markdown).Select(cell => cell.Source));
        foreach (string part in (string[])["What to notice", "Try it", "Exercise", "Claims", "Further reading"])
        {
            Assert.Contains(part, prose, StringComparison.OrdinalIgnoreCase);
        }
        NotebookCell[] exercises = [.. document.Cells.Where(cell => cell.Metadata["nbgrader"] is JsonObject { } mark && mark["solution"]?.GetValue<bool>() == true)];
        Assert.InRange(exercises.Length, 2, 4);
        Assert.All(exercises.Where(cell => cell.Kind == CellKind.Code), cell =>
        {
            Assert.Contains("// BEGIN SOLUTION", cell.Source, StringComparison.Ordinal);
            Assert.Contains("// END SOLUTION", cell.Source, StringComparison.Ordinal);
        });
        Assert.All(document.Cells.Where(cell => cell.Metadata["nbgrader"] is not null), cell => Assert.Equal(3, cell.Metadata["nbgrader"]!["schema_version"]!.GetValue<int>()));
    }
}

[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;
