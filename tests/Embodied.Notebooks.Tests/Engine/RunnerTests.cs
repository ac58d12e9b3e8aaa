using System.Diagnostics;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Running;

namespace Embodied.Notebooks.Tests.Engine;

public sealed class RunnerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_notebook_runs_cell_by_cell_and_is_given_its_outputs()
    {
        NotebookDocument document = Notebooks.Of("int a = 2;", "Console.WriteLine(\"text\"); a + 1", "", "// nothing but a comment");
        document.Cells.Insert(1, new NotebookCell(CellKind.Markdown, "prose", "# Prose"));
        List<RunEvent> events = [];
        NotebookResult result = await IsolatedRunner.RunAsync(document, Notebooks.Worker(), null, new Collector(events), Token);

        Assert.True(result.Passed, result.Failure);
        Assert.Equal([CellOutcome.Succeeded, CellOutcome.Succeeded, CellOutcome.Skipped, CellOutcome.Succeeded], result.Cells.Select(cell => cell.Outcome));
        Assert.Contains("\"text\\n\"", document.Shown(2), StringComparison.Ordinal);
        Assert.Contains("\"text/plain\":\"3\"", document.Shown(2), StringComparison.Ordinal);
        Assert.Equal(2, document.Cells[2].ExecutionCount);
        Assert.Equal([1, 2, 4], events.OfType<CellStarted>().Select(started => started.Cell));
        Assert.Equal("int a = 2;", events.OfType<CellStarted>().First().Title);
    }

    [Fact]
    public async Task Tags_let_a_cell_fail_or_pass_it_over_and_any_other_failure_ends_the_run()
    {
        NotebookDocument document = Notebooks.Of(
            "throw new Exception(\"allowed\");", "Environment.Exit(1);", "1", "int b = nonsense;", "2");
        document.Cells[0].Tagged("raises-exception");
        document.Cells[1].Tagged("skip-execution");
        document.Cells[4].Outputs.Add((System.Text.Json.Nodes.JsonNode)new System.Text.Json.Nodes.JsonObject { ["output_type"] = "stream", ["name"] = "stdout", ["text"] = "stale" });
        NotebookResult result = await Notebooks.RunAsync(document, cancellation: Token);

        Assert.Equal(NotebookStatus.Failed, result.Status);
        Assert.Equal(
            [CellOutcome.RaisedAsExpected, CellOutcome.Skipped, CellOutcome.Succeeded, CellOutcome.Failed, CellOutcome.NotRun],
            result.Cells.Select(cell => cell.Outcome));
        Assert.Equal("Code cell 4 ('int b = nonsense;') failed with CompilationError: (1,9): error CS0103: The name 'nonsense' does not exist in the current context.", result.Failure);
        Assert.Contains("allowed", document.Shown(0), StringComparison.Ordinal);
        Assert.Empty(document.Cells[4].Outputs);
    }

    [Fact]
    public async Task Claims_are_collected_and_one_that_does_not_hold_fails_the_notebook()
    {
        NotebookDocument document = Notebooks.Of(
            "#r \"Embodied.dll\"\nusing Embodied.Interactive; Claims.AtLeast(\"t/a\", 0.95, 0.9);", "Claims.AtMost(\"t/b\", 2e-6, 1e-6); Claims.Holds(\"t/c\", true, \"yes\");");
        NotebookResult result = await Notebooks.RunAsync(document, cancellation: Token);
        Assert.Equal(NotebookStatus.Succeeded, result.Status);
        Assert.False(result.Passed);
        Assert.Equal(
            [new("t/a", 0.95, "≥", 0.9, true), new("t/b", 2e-6, "≤", 1e-6, false), new NotebookClaim("t/c", 1, "holds", null, true)], result.Claims);
        Assert.Equal("t/b: 2E-06 ≤ 1E-06, did not hold", result.Claims[1].ToString());
    }

    [Fact]
    public async Task An_updated_display_changes_where_it_stands_even_from_a_later_cell()
    {
        NotebookDocument document = Notebooks.Of("var d = display(\"one\"); Console.Write(\"after\"); d.Update(\"two\");", "d.Update(\"three\");");
        await Notebooks.RunAsync(document, cancellation: Token);
        Assert.Equal(2, document.Cells[0].Outputs.Count);
        Assert.Equal("three", document.Cells[0].Outputs[0]!["data"]!["text/plain"]!.GetValue<string>());
        Assert.Empty(document.Cells[1].Outputs);
    }

    [Theory]
    [InlineData("Environment.FailFast(\"enough\");", "enough")]
    [InlineData("Environment.Exit(3);", "exit code 3")]
    [InlineData("int Forever(int n) => 1 + Forever(n + 1); Forever(0)", "SIGABRT")]
    [InlineData("System.Runtime.InteropServices.Marshal.WriteByte((IntPtr)8, 1); new System.Threading.Thread(() => throw new Exception(\"loose\")).Start(); await Task.Delay(5000);", "")]
    public async Task A_crash_is_that_notebooks_failure_and_spares_the_others(string crash, string telling)
    {
        NotebookDocument crashing = Notebooks.Of("Console.WriteLine(\"before\"); 1", crash, "2"), sound = Notebooks.Of("await Task.Delay(1500); 5");
        Task<NotebookResult> other = Notebooks.RunAsync(sound, cancellation: Token);
        NotebookResult result = await Notebooks.RunAsync(crashing, cancellation: Token);

        Assert.True((await other).Passed);
        Assert.Equal("5", sound.Cells[0].Outputs[0]!["data"]!["text/plain"]!.GetValue<string>());
        Assert.True(result.Status is NotebookStatus.Crashed or NotebookStatus.Failed, result.Status.ToString());
        Assert.StartsWith("Code cell 2", result.Failure, StringComparison.Ordinal);
        Assert.Contains(OperatingSystem.IsLinux() ? telling : "", crashing.Shown(1), StringComparison.Ordinal);
        Assert.Contains("before", crashing.Shown(0), StringComparison.Ordinal);
        Assert.Equal(CellOutcome.NotRun, result.Cells[2].Outcome);
    }

    [Fact]
    public async Task A_cell_that_hangs_is_ended_with_its_process_and_reported()
    {
        Stopwatch clock = Stopwatch.StartNew();
        NotebookDocument document = Notebooks.Of("int pid = Environment.ProcessId; pid", "Enumerable.Repeat(0, int.MaxValue).SelectMany(_ => Enumerable.Range(0, 1000)).LongCount()");
        NotebookResult result = await Notebooks.RunAsync(document, cellSeconds: 10, cancellation: Token);
        Assert.Equal(NotebookStatus.TimedOut, result.Status);
        Assert.Contains("its limit of 10 s and did not stop when it was told to", result.Failure, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"took {clock.Elapsed}");
        int pid = int.Parse(document.Cells[0].Outputs[0]!["data"]!["text/plain"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(pid));
    }

    [Fact]
    public async Task A_cell_that_observes_its_token_is_stopped_by_the_time_limit()
    {
        NotebookDocument document = Notebooks.Of("await Task.Delay(60_000, Embodied.Interactive.Cell.CancellationToken);");
        NotebookResult result = await Notebooks.RunAsync(document, cellSeconds: 4, cancellation: Token);
        Assert.Equal(NotebookStatus.TimedOut, result.Status);
        Assert.EndsWith("ran into its limit of 4 s and was stopped.", result.Failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("var hoard = new List<byte[]>(); while (true) { var b = new byte[10_000_000]; Array.Fill(b, (byte)1); hoard.Add(b); }")]
    [InlineData("#r \"TorchSharp.dll\"\nvar hoard = new List<TorchSharp.torch.Tensor>(); while (true) hoard.Add(TorchSharp.torch.ones(10_000_000));")]
    public async Task A_cell_that_exhausts_its_memory_is_reported_as_such(string greedy)
    {
        NotebookDocument document = Notebooks.Of("1", greedy);
        NotebookResult result = await Notebooks.RunAsync(document, memory: 700L << 20, cancellation: Token);
        Assert.Equal(NotebookStatus.OutOfMemory, result.Status);
        Assert.StartsWith("Code cell 2", result.Failure!.Replace("Memory was exhausted in code cell 2", "Code cell 2", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_run_ends_its_process_and_says_so()
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        NotebookDocument document = Notebooks.Of("System.Threading.Thread.Sleep(60_000);", "1");
        List<RunEvent> events = [];
        Task<NotebookResult> run = IsolatedRunner.RunAsync(document, Notebooks.Worker(), null, new Collector(events, _ => stop.CancelAfter(1000)), stop.Token);
        NotebookResult result = await run;
        Assert.Equal(NotebookStatus.Cancelled, result.Status);
        Assert.Equal(CellOutcome.NotRun, result.Cells[1].Outcome);
    }

    [Fact]
    public async Task Endless_output_is_cut_with_a_note()
    {
        NotebookDocument document = Notebooks.Of("for (int i = 0; i < 40_000; i++) Console.WriteLine(new string('x', 99));");
        NotebookResult result = await IsolatedRunner.RunAsync(document, Notebooks.Worker(), new RunOptions { OutputLimit = 1 << 20 }, null, Token);
        Assert.True(result.Passed);
        Assert.InRange(document.ToJson().Length, 1 << 19, 1 << 21);
        Assert.Contains("the rest was dropped", document.Shown(0), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_does_not_grow_without_bound_over_300_cells()
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Notebooks.Worker(), Token);
        for (int i = 1; i <= 300; i++)
        {
            await worker.ExecuteAsync($"int x{i} = {i}; string s{i} = $\"cell {{x{i}}}\"; s{i}", _ => { }, cancellation: Token);
        }
        using Process process = Process.GetProcessById(worker.Id);
        long resident = process.WorkingSet64 >> 20;
        TestContext.Current.TestOutputHelper?.WriteLine($"{resident} MB after 300 cells");
        Assert.True(resident < 300, $"{resident} MB are resident after 300 cells.");
    }

    [Fact]
    public async Task An_executed_notebook_pleases_nbformats_validator()
    {
        string python = RequiredTool.Python("nbformat");
        string path = Path.Combine(Path.GetTempPath(), $"valid-{Guid.NewGuid():N}.ipynb");
        NotebookDocument document = Notebooks.Of(
            "#r \"Embodied.dll\"\n#r \"Plotly.NET.dll\"\nusing Embodied.Interactive; using Embodied.Figures; Claims.AtLeast(\"t/a\", 1, 0);",
            "Console.Error.Write(\"e\"); display(new { A = 1 }); Plot.Of(\"T\", \"x\", \"y\", Mark.Line(\"a\", new double[] { 1, 2 }, new double[] { 2, 1 }))",
            "throw new Exception(\"at the end\");");
        try
        {
            await Notebooks.RunAsync(document, cancellation: Token);
            document.Save(path);
            ToolResult result = RequiredTool.Run(python, "-c", "import sys, nbformat; nbformat.validate(nbformat.read(sys.argv[1], as_version=4))", path);
            Assert.True(result.ExitCode == 0, result.Error);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private sealed class Collector(List<RunEvent> events, Action<RunEvent>? also = null) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            events.Add(value);
            also?.Invoke(value);
        }
    }
}
