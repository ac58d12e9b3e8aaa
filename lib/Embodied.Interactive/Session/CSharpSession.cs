using System.Text.Json.Nodes;
using Embodied.Interactive.Comms;
using Embodied.Interactive.Display;
using Embodied.Interactive.Editing;
using Embodied.Interactive.Grading;
using Embodied.Interactive.Packages;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Embodied.Interactive.Session;

/// <summary>
/// Executes cells of C# one after the other: what a cell declares is there for the next, <c>#r</c> and <c>#load</c> and
/// top-level <c>await</c> work, and the value of a last expression without semicolon is shown.
/// </summary>
public sealed class CSharpSession : IDisposable
{
    // Scripts recurse as programs do, and a Linux thread has the room of `ulimit -s` only when it is asked for.
    private const int StackSize = 16 * 1024 * 1024;

    // How long code that looks at its token may take to end by itself, before what it waits for is interrupted.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);

    private readonly SessionOptions options;
    private readonly SubmissionChain chain;
    private readonly CellSources sources;
    private readonly SessionPackages packages;
    private readonly Dictionary<string, CellContext> claims = [];
    private bool plotlySent;
    private int busy;
    private string? stuckCell;

    /// <summary>Opens a session.</summary>
    /// <param name="options">How it behaves; null for the defaults.</param>
    public CSharpSession(SessionOptions? options = null)
    {
        this.options = options ?? new SessionOptions();
        string folder = Path.GetFullPath(this.options.WorkingDirectory);
        chain = new SubmissionChain(folder);
        sources = new CellSources(folder);
        packages = new SessionPackages(folder);
        ConsoleRouter.Install();
        Formatters.Register();
    }

    /// <summary>The lines to code in pages that are open.</summary>
    public IReadOnlyCollection<Comm> OpenComms => Comms.Open;

    /// <summary>The lines to code in pages.</summary>
    internal SessionComms Comms { get; } = new();

    /// <summary>How many cells have been executed.</summary>
    public int ExecutionCount { get; private set; }

    /// <summary>Executes one cell.</summary>
    /// <param name="code">Its source.</param>
    /// <param name="publish">Takes each output as it happens, one at a time, possibly on another thread.</param>
    /// <param name="cellName">What messages call the cell; null for <c>cell N</c>.</param>
    /// <param name="cancellation">Tells the cell to stop: the cell sees it as <see cref="Cell.CancellationToken"/>.</param>
    /// <returns>How it ended. Whatever the cell throws is a result, never an exception here.</returns>
    /// <exception cref="InvalidOperationException">Another cell is running: a session executes one at a time.</exception>
    public async Task<CellResult> ExecuteAsync(
        string code, Action<CellOutput> publish, string? cellName = null, CancellationToken cancellation = default)
    {
        if (Refused(publish) is { } refused)
        {
            return refused;
        }
        Enter();
        int count = ++ExecutionCount;
        return await RunAsync(cellName ?? FormattableString.Invariant($"cell {count}"), code, count, publish, cancellation, (name, cell) =>
        {
            sources.Add(name, code);
            (IReadOnlyList<PackageRequest> requests, string plain) = PackageRequest.Take(code);
            if (requests.Count > 0)
            {
                chain.Reference(packages.AddAsync(requests, cell.Cancellation).GetAwaiter().GetResult());
            }
            Submission submission = chain.Compile(plain, name, cell.Cancellation);
            object? value = chain.RunAsync(submission).GetAwaiter().GetResult();
            if (submission.HasValue || value is not null)
            {
                cell.Publish(new ExecuteResult(Formatters.Bundle(value), count));
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Gives a message of a page to the cell's code that listens, as if it were a cell that runs now.</summary>
    /// <param name="message">The message.</param>
    /// <param name="publish">Takes what the code shows and sends.</param>
    /// <param name="cancellation">Tells the code to stop.</param>
    /// <exception cref="InvalidOperationException">A cell is running.</exception>
    public async Task<CellResult> ReceiveAsync(CommMessage message, Action<CellOutput> publish, CancellationToken cancellation = default)
    {
        if (Refused(publish) is { } refused)
        {
            return refused;
        }
        Enter();
        string name = $"comm '{message.TargetName ?? Comms.Find(message.Id)?.TargetName}'";
        return await RunAsync(name, "", ExecutionCount, publish, cancellation, (_, cell) => Comms.Receive(message, cell)).ConfigureAwait(false);
    }

    /// <summary>Calls a function that a cell declared, with arguments from another process.</summary>
    /// <param name="function">Its name; of several the last declared.</param>
    /// <param name="arguments">The arguments, as <c>CallValue</c> writes them.</param>
    /// <param name="publish">Takes what the function shows, and its result under <see cref="FunctionCall.MimeType"/>.</param>
    /// <param name="cancellation">Tells the function to stop.</param>
    /// <exception cref="InvalidOperationException">A cell is running.</exception>
    internal async Task<CellResult> CallAsync(string function, JsonArray arguments, Action<CellOutput> publish, CancellationToken cancellation)
    {
        if (Refused(publish) is { } refused)
        {
            return refused;
        }
        Enter();
        return await RunAsync(function, "", ExecutionCount, publish, cancellation, (_, cell) =>
        {
            JsonNode? result = FunctionCall.Invoke(chain.Function(function), function, arguments);
            cell.Publish(new ExecuteResult(new MimeBundle(new JsonObject { [FunctionCall.MimeType] = result, ["text/plain"] = "" }), ExecutionCount));
        }).ConfigureAwait(false);
    }

    /// <summary>Makes the compiler ready on another thread, while nobody waits for it: the first cell then takes less long.</summary>
    public static void WarmUp() => ThreadPool.QueueUserWorkItem(_ =>
    {
        try
        {
            SubmissionChain chain = new(Path.GetTempPath());
            Submission submission = chain.Compile("Console.Out.Flush(); 1 + 1", "warm-up", CancellationToken.None);
            Formatters.Bundle(chain.RunAsync(submission).GetAwaiter().GetResult());
        }
        catch (Exception e) when (e is CompilationException or IOException)
        {
            // The first cell will meet the same, and say so.
        }
    });

    /// <summary>The variables that cells declared, with the values they hold now.</summary>
    public IReadOnlyList<SessionVariable> Variables() => chain.Variables();

    /// <summary>What could be typed at a place of a cell that has not run.</summary>
    /// <param name="code">The cell's source.</param>
    /// <param name="position">The cursor, in UTF-16 units.</param>
    public CompletionList Complete(string code, int position)
    {
        (CSharpCompilation compilation, SyntaxTree tree) = chain.Draft(code);
        return Completer.Complete(compilation, tree, position, Path.GetFullPath(options.WorkingDirectory));
    }

    /// <summary>What is known of the symbol at a place of a cell; null when there is none.</summary>
    /// <param name="code">The cell's source.</param>
    /// <param name="position">The cursor, in UTF-16 units.</param>
    public Inspection? Inspect(string code, int position)
    {
        (CSharpCompilation compilation, SyntaxTree tree) = chain.Draft(code);
        return Inspector.Inspect(compilation, tree, position);
    }

    /// <summary>Ends the session. A cell that is running goes on; its process has to end it.</summary>
    public void Dispose()
    {
    }

    /// <summary>Whether the next chart's HTML has to bring plotly.js along; true once per session at most.</summary>
    internal bool TakePlotly()
    {
        bool take = options.EmbedPlotly && !plotlySent;
        plotlySent |= take;
        return take;
    }

    /// <summary>
    /// Whether <paramref name="cell"/> may make the claim <paramref name="id"/>: nobody did before, or the same cell did in an earlier
    /// run. Two claims of one name would hide each other's numbers.
    /// </summary>
    internal bool TakeClaim(string id, CellContext cell)
    {
        lock (claims)
        {
            bool free = !claims.TryGetValue(id, out CellContext? before) || (before != cell && before.Code == cell.Code);
            claims[id] = free ? cell : before!;
            return free;
        }
    }

    // A session whose cell could not be stopped takes no more.
    private CellResult? Refused(Action<CellOutput> publish)
    {
        if (stuckCell is null)
        {
            return null;
        }
        string message = $"{stuckCell} did not stop when it was told to and may still be running; restart the session.";
        CellError error = new("SessionBusy", message, [message]);
        publish(error);
        return new CellResult(CellStatus.Unresponsive, ExecutionCount, error);
    }

    private void Enter()
    {
        if (Interlocked.Exchange(ref busy, 1) == 1)
        {
            throw new InvalidOperationException("A cell is running; a session executes one at a time.");
        }
    }

    private async Task<CellResult> RunAsync(
        string name, string code, int count, Action<CellOutput> publish, CancellationToken cancellation, Action<string, CellContext> body)
    {
        try
        {
            using CellContext cell = new(publish, this, code, options.Ask, cancellation);
            (Task run, Thread thread) = Start(name, cell, body);
            using CancellationTokenRegistration stop = cancellation.UnsafeRegister(_ => Stop(run, thread), null);
            return await EndAsync(run, name, count, cell, cancellation).ConfigureAwait(false);
        }
        finally
        {
            busy = 0;
        }
    }

    private static (Task Run, Thread Thread) Start(string name, CellContext cell, Action<string, CellContext> body)
    {
        TaskCompletionSource end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread thread = new(
            () =>
            {
                CellContext.Current = cell;
                try
                {
                    body(name, cell);
                    end.SetResult();
                }
                catch (Exception e)
                {
                    end.SetException(e);
                }
            },
            StackSize)
        { IsBackground = true, Name = name };
        thread.Start();
        return (end.Task, thread);
    }

    // The cell's own loops see that something is stopping; library code sees the token; sleeps and waits are interrupted.
    private static void Stop(Task run, Thread thread)
    {
        CellContext.BeginStopping();
        run.ContinueWith(_ => CellContext.EndStopping(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Task.Delay(Patience).ContinueWith(
            _ =>
            {
                if (!run.IsCompleted)
                {
                    thread.Interrupt();
                }
            },
            TaskScheduler.Default);
    }

    private async Task<CellResult> EndAsync(Task run, string name, int count, CellContext cell, CancellationToken cancellation)
    {
        try
        {
            TaskCompletionSource overdue = new(TaskCreationOptions.RunContinuationsAsynchronously);
            using CancellationTokenSource grace = new();
            using CancellationTokenRegistration told = cancellation.UnsafeRegister(_ => grace.CancelAfter(options.GracePeriod), null);
            using CancellationTokenRegistration late = grace.Token.UnsafeRegister(_ => overdue.TrySetResult(), null);
            if (await Task.WhenAny(run, overdue.Task).ConfigureAwait(false) != run)
            {
                stuckCell = name;
                string message = FormattableString.Invariant(
                    $"{name} was told to stop and did not within {options.GracePeriod.TotalSeconds:0.##} s: it is deep in code that does not observe Cell.CancellationToken.");
                return Failed(CellStatus.Unresponsive, new CellError("CellUnresponsive", message, [message]));
            }
            await run.ConfigureAwait(false);
            return new CellResult(CellStatus.Succeeded, count, null);
        }
        catch (Exception e) when (cancellation.IsCancellationRequested && ErrorReport.Unwrap(e) is OperationCanceledException or ThreadInterruptedException)
        {
            string message = $"{name} was stopped.";
            return Failed(CellStatus.Cancelled, new CellError("CellCancelled", message, [message]));
        }
        catch (CompilationException e)
        {
            return Failed(CellStatus.Failed, ErrorReport.Of(e));
        }
        catch (PackageException e)
        {
            return Failed(CellStatus.Failed, new CellError("PackageError", e.Message, [$"{name}: {e.Message}"]));
        }
        catch (Exception e)
        {
            return Failed(CellStatus.Failed, ErrorReport.Of(e, chain.IsCell, sources));
        }

        CellResult Failed(CellStatus status, CellError error)
        {
            cell.Publish(error);
            return new CellResult(status, count, error);
        }
    }
}
