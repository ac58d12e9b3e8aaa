using Embodied.Course;
using Embodied.Course.Grading;
using Embodied.Interactive.Display;
using Embodied.Interactive.Running;
using Embodied.Interactive.Session;

namespace Embodied.Notebooks.Tests.Grading;

/// <summary>What came of a cell.</summary>
internal sealed record Outcome(string? Value, string Text, CellResult? Result, SessionLostException? Loss)
{
    /// <summary>For messages of failed checks.</summary>
    public override string ToString() => $"{Value} {Text} {Result?.Status} {Result?.Error?.Name}: {Result?.Error?.Message} {Loss?.Reason}: {Loss?.Message}"
        + string.Concat(Loss?.Tail.Select(line => "\n  " + line) ?? []);
}

/// <summary>The sandbox, and one worker in it for all cells that leave their worker alive.</summary>
public sealed class SandboxFixture : IAsyncLifetime
{
    private Sandbox? sandbox;
    private WorkerProcess? worker;
    private readonly SemaphoreSlim turn = new(1);

    internal static CourseFolder Course { get; } = CourseFolder.Find();

    /// <summary>What the teacher's environment holds and no student may see.</summary>
    internal string Secret { get; } = Guid.NewGuid().ToString("N");

    /// <summary>The course's files as they were.</summary>
    internal string Untouched { get; } = Fingerprint();

    internal static string Fingerprint() => string.Join('\n', new[] { Course.Notebooks, Path.Combine(Course.Root, "data"), AppContext.BaseDirectory }
        .SelectMany(folder => new DirectoryInfo(folder).GetFiles()).Select(file => $"{file.FullName} {file.Length} {file.LastWriteTimeUtc:O}").Order(StringComparer.Ordinal));

    internal Sandbox Sandbox
    {
        get
        {
            RequiredTool.Find("bubblewrap", "bwrap");
            if (sandbox is null)
            {
                sandbox = Sandbox.Find(out string? lack);
                Assert.True(sandbox is not null, lack);
            }
            return sandbox;
        }
    }

    public ValueTask InitializeAsync()
    {
        Environment.SetEnvironmentVariable("COURSE_TEACHERS_KEY", Secret);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (worker is not null)
        {
            await worker.DisposeAsync();
        }
        sandbox?.Dispose();
        turn.Dispose();
    }

    internal async Task<WorkerProcess> StartAsync(SandboxLimits? limits = null) => await WorkerProcess.StartAsync(
        Sandbox.Wrap(
            Engine.Notebooks.Worker(folder: Course.Notebooks) with { Threads = 1 },
            limits ?? new SandboxLimits { Memory = 1200 },
            Path.Combine(Course.Notebooks, "setup.csx"),
            Path.Combine(Course.Root, "data")),
        TestContext.Current.CancellationToken);

    /// <summary>Runs a cell that its worker survives.</summary>
    internal async Task<Outcome> RunAsync(string code, double seconds)
    {
        await turn.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            worker ??= await StartAsync();
            Outcome outcome = await RunAsync(worker, code, seconds);
            if (outcome.Result is null or { Status: CellStatus.Unresponsive })
            {
                await worker.DisposeAsync();
                worker = null;
            }
            return outcome;
        }
        finally
        {
            turn.Release();
        }
    }

    internal static async Task<Outcome> RunAsync(WorkerProcess worker, string code, double seconds = 20)
    {
        List<CellOutput> outputs = [];
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(seconds));
        CellResult? result = null;
        SessionLostException? loss = null;
        try
        {
            result = await worker.ExecuteAsync(code, output => { lock (outputs) { outputs.Add(output); } }, cancellation: limit.Token);
        }
        catch (SessionLostException e)
        {
            loss = e;
        }
        lock (outputs)
        {
            string? value = outputs.OfType<ExecuteResult>().LastOrDefault()?.Bundle.Data["text/plain"]?.ToString();
            return new Outcome(value, string.Concat(outputs.OfType<StreamText>().Select(text => text.Text)), result, loss);
        }
    }
}
