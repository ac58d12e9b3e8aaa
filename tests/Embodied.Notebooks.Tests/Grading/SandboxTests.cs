using System.Diagnostics;
using System.Globalization;
using Embodied.Interactive.Running;

namespace Embodied.Notebooks.Tests.Grading;

/// <summary>Cells that mean harm, and what becomes of them in the sandbox.</summary>
public sealed class SandboxTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    public static TheoryData<string> Names => [.. Attacks.All.Select(attack => attack.Name)];

    [Fact]
    public async Task Torch_computes_after_the_course_is_loaded()
    {
        await using WorkerProcess worker = await sandbox.StartAsync();
        Outcome outcome = await SandboxFixture.RunAsync(worker, "#load \"setup.csx\"\nTorchSharp.torch.ones(3).sum().item<float>()");
        Assert.True(outcome.Value == "3", outcome.ToString());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task An_attack_is_contained(string name)
    {
        Attack attack = Attacks.All.Single(attack => attack.Name == name);
        using (Surroundings surroundings = new(sandbox.Secret))
        {
            Outcome outcome = await sandbox.RunAsync(surroundings.Fill(attack.Code), attack.Outcome is Contained.Stopped or Contained.Ended ? 2 : 60);
            Assert.True(attack.Is(outcome), $"{attack.Name}: wanted that '{attack.Words}', and came {outcome}");
            Assert.False(surroundings.WasCalled, "Somebody called.");
            Assert.True(surroundings.IsWhole);
            Assert.Equal(sandbox.Untouched, SandboxFixture.Fingerprint());
        }
        // Whatever came of it, the next cell runs.
        Outcome next = await sandbox.RunAsync("1 + 1", 20);
        Assert.True(next.Value == "2", next.ToString());
    }

    [Fact]
    public void The_manual_tells_the_outcome_of_every_attack()
    {
        string manual = File.ReadAllText(Path.Combine(SandboxFixture.Course.Root, "docs", "grading.md"));
        string table = string.Join('\n', Attacks.All.Select(attack => $"| {attack.Name} | {attack.Words} |"));
        Assert.True(Attacks.All.Count >= 25);
        Assert.True(manual.Contains($"| attack | outcome |\n|---|---|\n{table}\n\n", StringComparison.Ordinal), $"docs/grading.md wants this table:\n{table}");
    }

    [Theory]
    [InlineData("reading the environment")]
    [InlineData("reading the environment and memory of others in /proc")]
    [InlineData("reading other submissions")]
    [InlineData("reading the instructor's notebooks")]
    [InlineData("calling a server on this machine")]
    [InlineData("a program in memory that no disk holds")]
    [InlineData("raising its own limits")]
    public async Task Without_a_sandbox_an_attack_would_succeed(string name)
    {
        Attack attack = Attacks.All.Single(attack => attack.Name == name);
        using Surroundings surroundings = new(sandbox.Secret);
        await using WorkerProcess worker = await WorkerProcess.StartAsync(Engine.Notebooks.Worker(folder: SandboxFixture.Course.Notebooks), TestContext.Current.CancellationToken);
        Outcome outcome = await SandboxFixture.RunAsync(worker, surroundings.Fill(attack.Code), 60);
        Assert.True(outcome.Value is not null && !attack.Is(outcome), outcome.ToString());
    }

    [Fact]
    public async Task A_background_process_ends_with_its_worker()
    {
        string mark = Random.Shared.Next(100_000, 999_999).ToString(CultureInfo.InvariantCulture);
        await using (WorkerProcess worker = await sandbox.StartAsync())
        {
            Outcome outcome = await SandboxFixture.RunAsync(worker, $"System.Diagnostics.Process.Start(\"/bin/bash\", [\"-c\", \"(setsid nohup sleep {mark} >/dev/null 2>&1 &) ; (trap '' TERM HUP; exec setsid sleep {mark}) & disown\"]).WaitForExit();\nSystem.Threading.Thread.Sleep(300);\n\"started\"");
            Assert.Equal("started", outcome.Value?.Trim('"'));
            Assert.True(Running(mark) >= 1, "Nothing is running that could outlive it.");
        }
        Assert.True(Browser.Until(() => Running(mark) == 0, 5), "It outlives its worker.");
    }

    [Fact]
    public async Task What_runs_on_after_its_cell_ends_with_the_process_and_no_other_cell_is_harmed()
    {
        await using WorkerProcess worker = await sandbox.StartAsync();
        await SandboxFixture.RunAsync(worker, "new System.Threading.Thread(() => { while (true) { } }).Start();\nAppDomain.CurrentDomain.ProcessExit += (_, _) => { while (true) { } };\nvar timer = new System.Threading.Timer(_ => Console.WriteLine(\"later\"), null, 0, 10);");
        Outcome outcome = await SandboxFixture.RunAsync(worker, "2 + 2");
        Assert.Equal("4", outcome.Value);
        int id = worker.Id;
        Stopwatch clock = Stopwatch.StartNew();
        await worker.DisposeAsync();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10));
        Assert.False(Directory.Exists($"/proc/{id}"));
    }

    private static int Running(string mark) => Directory.GetDirectories("/proc").Count(folder =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline")).Contains($"sleep\0{mark}", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    });
}
