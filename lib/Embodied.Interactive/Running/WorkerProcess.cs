using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Embodied.Interactive.Display;
using Embodied.Interactive.Grading;
using Embodied.Interactive.Session;

namespace Embodied.Interactive.Running;

/// <summary>
/// A C# session in a process of its own. Commands and outputs travel over two anonymous pipes, so that whatever native code
/// writes to the process's stdout and stderr disturbs nothing; the end of that is kept, to be shown if the process ends untimely.
/// </summary>
public sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CancelMargin = TimeSpan.FromSeconds(3);

    private readonly Process process;
    private readonly AnonymousPipeServerStream toWorker;
    private readonly AnonymousPipeServerStream fromWorker;
    private readonly Channel<JsonObject> commands = Channel.CreateUnbounded<JsonObject>(new() { SingleReader = true });
    private readonly WorkerOptions options;
    private readonly MemoryWatch memory;
    private readonly LastLines lastWords = new();
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task ended;
    private readonly Lock gate = new();
    private readonly List<Action<CellOutput>> publishers = [];
    private TaskCompletionSource<CellResult>? pending;
    private SessionLostException? offence;
    private long received;
    private bool stuck;
    private bool disposed;

    private WorkerProcess(WorkerOptions options)
    {
        this.options = options;
        toWorker = new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.Inheritable);
        fromWorker = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        try
        {
            process = Process.Start(StartInfo())!;
        }
        finally
        {
            toWorker.DisposeLocalCopyOfClientHandle();
            fromWorker.DisposeLocalCopyOfClientHandle();
        }
        process.StandardInput.Close();
        memory = new MemoryWatch(process, options.MemoryLimit ?? WorkerOptions.DefaultMemoryLimit, options.Contained, options.ProcessLimit);
        _ = Task.Factory.StartNew(SendCommands, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task events = Task.Run(ReadEvents);
        Task output = Task.Run(() => lastWords.Follow(process.StandardOutput, Count));
        Task error = Task.Run(() => lastWords.Follow(process.StandardError, Count));
        ended = Task.Run(() => WatchEndAsync(events, output, error));
    }

    /// <summary>The process's id.</summary>
    public int Id => process.Id;

    /// <summary>Starts a process and waits until its session takes cells.</summary>
    /// <exception cref="SessionLostException">The process cannot be started, or ends before it is ready.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled meanwhile.</exception>
    public static async Task<WorkerProcess> StartAsync(WorkerOptions options, CancellationToken cancellation = default)
    {
        WorkerProcess worker;
        try
        {
            worker = await ProcessStarter.RunAsync(() => new WorkerProcess(options)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            throw new SessionLostException(
                LossReason.NotStarted, $"could not begin: its process ({options.Command[0]}) did not start. {e.Message}", []);
        }
        try
        {
            await worker.ready.Task.WaitAsync(StartLimit, cancellation).ConfigureAwait(false);
            return worker;
        }
        catch (Exception e)
        {
            worker.stuck = true;
            await worker.DisposeAsync().ConfigureAwait(false);
            if (e is TimeoutException)
            {
                throw new SessionLostException(
                    LossReason.NotStarted, $"could not begin: its process was not ready within {CellText.Words(StartLimit)}.", worker.lastWords.Lines);
            }
            throw;
        }
    }

    /// <summary>Executes one cell; see <see cref="CSharpSession.ExecuteAsync"/>.</summary>
    /// <returns>
    /// The cell's result; <see cref="CellStatus.Unresponsive"/> when it did not stop within the grace period: then this worker is of no further use.
    /// </returns>
    /// <exception cref="SessionLostException">The process ended before the cell did.</exception>
    /// <exception cref="InvalidOperationException">A cell is running.</exception>
    public Task<CellResult> ExecuteAsync(string code, Action<CellOutput> publish, string? cellName = null, CancellationToken cancellation = default) =>
        RequestAsync(number => WorkerProtocol.Execute(number, code, cellName), publish, cancellation);

    /// <summary>Calls a function that a cell declared.</summary>
    /// <param name="function">Its name.</param>
    /// <param name="arguments">Its arguments: numbers, texts, lists, tuples and tensors as JSON.</param>
    /// <param name="publish">Takes what it shows.</param>
    /// <param name="cancellation">Tells it to stop.</param>
    /// <returns>How it ended, and what it returned.</returns>
    /// <exception cref="SessionLostException">The process ended before the function did.</exception>
    /// <exception cref="InvalidOperationException">A cell is running.</exception>
    public async Task<(CellResult Result, JsonNode? Value)> CallAsync(
        string function, JsonArray arguments, Action<CellOutput> publish, CancellationToken cancellation = default)
    {
        JsonNode? value = null;
        CellResult result = await RequestAsync(number => WorkerProtocol.Call(number, function, arguments), Show, cancellation).ConfigureAwait(false);
        return (result, value);

        void Show(CellOutput output)
        {
            if (output is ExecuteResult returned)
            {
                value = returned.Bundle.Data[FunctionCall.MimeType]?.DeepClone();
            }
            else
            {
                publish(output);
            }
        }
    }

    private async Task<CellResult> RequestAsync(Func<int, JsonObject> request, Action<CellOutput> publish, CancellationToken cancellation)
    {
        TaskCompletionSource<CellResult> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int number;
        lock (gate)
        {
            if (pending is { Task.IsCompleted: false })
            {
                throw new InvalidOperationException("A cell is running; a session executes one at a time.");
            }
            pending = completion;
            number = publishers.Count;
            publishers.Add(publish);
        }
        if (ended.IsCompleted)
        {
            throw Loss();
        }
        Send(request(number));

        using CancellationTokenSource overdue = new();
        using CancellationTokenRegistration cancelled = cancellation.UnsafeRegister(
            _ =>
            {
                Send(WorkerProtocol.Cancel(number));
                overdue.CancelAfter(options.GracePeriod + CancelMargin);
            },
            null);
        // The worker's session reports an unresponsive cell itself; this is for a process in which nothing moves any more.
        using CancellationTokenRegistration hopeless = overdue.Token.UnsafeRegister(
            _ => completion.TrySetResult(new CellResult(CellStatus.Unresponsive, 0, null)), null);

        CellResult result = await completion.Task.ConfigureAwait(false);
        stuck |= result.Status == CellStatus.Unresponsive;
        return result;
    }

    /// <summary>Ends the process, and everything it started.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
        {
            return;
        }
        // A session that is idle gets a moment to dispose what its cells left; the end of the pipe tells it to.
        commands.Writer.TryComplete();
        using CancellationTokenSource moment = new(stuck || pending is { Task.IsCompleted: false } ? TimeSpan.Zero : TimeSpan.FromSeconds(1));
        try
        {
            await process.WaitForExitAsync(moment.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            End(process, options.Contained);
        }
        memory.Dispose();
        await ended.ConfigureAwait(false);
        await fromWorker.DisposeAsync().ConfigureAwait(false);
        process.Dispose();
    }

    internal static void End(Process process, bool contained)
    {
        try
        {
            // A namespace ends with its first process: nobody has to look for the others, whose number may be large and growing.
            process.Kill(entireProcessTree: !contained);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It has ended by itself meanwhile.
        }
    }

    private ProcessStartInfo StartInfo()
    {
        ProcessStartInfo start = new(options.Command[0])
        {
            WorkingDirectory = options.WorkingDirectory,
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (IEnumerable<string>)[
            .. options.Command.Skip(1),
            toWorker.GetClientHandleAsString(),
            fromWorker.GetClientHandleAsString(),
            options.Contained ? "0" : Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            options.GracePeriod.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }
        if (!options.InheritEnvironment)
        {
            start.Environment.Clear();
        }
        // Managed memory fails with an OutOfMemoryException that names its line, before the watch has to end the process.
        long limit = options.MemoryLimit ?? WorkerOptions.DefaultMemoryLimit;
        start.Environment["DOTNET_GCHeapHardLimit"] = (limit / 4 * 3).ToString("x", CultureInfo.InvariantCulture);
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        // Threads that spin while they wait make torch several times slower once another process wants the cores too.
        start.Environment.TryAdd("OMP_WAIT_POLICY", "PASSIVE");
        if (options.Threads is { } threads)
        {
            start.Environment["OMP_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);
            start.Environment["MKL_NUM_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);
        }
        foreach ((string name, string? value) in options.Environment)
        {
            start.Environment[name] = value;
        }
        return start;
    }

    private void Send(JsonObject message) => commands.Writer.TryWrite(message);

    // On a thread of its own: a worker whose cells stopped it from reading must not stop whoever wants to cancel them.
    private void SendCommands()
    {
        try
        {
            using StreamWriter writer = new(toWorker, new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
            while (commands.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                while (commands.Reader.TryRead(out JsonObject? message))
                {
                    writer.WriteLine(WorkerProtocol.Line(message));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The process is gone; WatchEndAsync says how.
        }
    }

    private void ReadEvents()
    {
        try
        {
            MessageReader reader = new(fromWorker, options.MessageLimit ?? int.MaxValue, Count);
            while (reader.Read() is { } message && offence is null)
            {
                Handle(message);
            }
        }
        catch (MessageTooLongException)
        {
            Blame(LossReason.TooMuchOutput, $"sent a message longer than {options.MessageLimit >> 10} KB, and its process was ended.");
        }
        catch (Exception e) when (e is not IOException and not ObjectDisposedException)
        {
            // Cells can write to the pipe too. Whatever comes, it is the worker's fault and must not become the runner's.
            Blame(LossReason.Senseless, $"sent the runner something that is no message, and its process was ended. {CellText.Shorten(e.Message, 160)}");
        }
        catch (Exception)
        {
            // The pipe is closed.
        }
    }

    private void Handle(JsonObject message)
    {
        switch (message["type"]?.GetValue<string>())
        {
            case "ready":
                ready.TrySetResult();
                break;
            case "output":
                Publisher(message)(WorkerProtocol.ReadOutput(message));
                break;
            case "result":
                Complete(message);
                break;
        }
    }

    private void Count(int bytes)
    {
        if (Interlocked.Add(ref received, bytes) > options.OutputLimit)
        {
            Blame(LossReason.TooMuchOutput, $"wrote more than {options.OutputLimit >> 10} KB, and its process was ended.");
        }
    }

    private void Blame(LossReason reason, string message)
    {
        if (Interlocked.CompareExchange(ref offence, new SessionLostException(reason, message, []), null) is null)
        {
            End(process, options.Contained);
        }
    }

    private Action<CellOutput> Publisher(JsonObject message)
    {
        lock (gate)
        {
            return publishers[message["number"]!.GetValue<int>()];
        }
    }

    private void Complete(JsonObject message)
    {
        CellResult result = WorkerProtocol.ReadResult(message);
        lock (gate)
        {
            if (message["number"]!.GetValue<int>() == publishers.Count - 1)
            {
                pending?.TrySetResult(result);
            }
        }
    }

    private async Task WatchEndAsync(Task events, Task output, Task error)
    {
        // The pipes may stay open in something that the process started, so they get a moment but not the last word.
        await process.WaitForExitAsync().ConfigureAwait(false);
        await Task.WhenAny(Task.WhenAll(events, output, error), Task.Delay(TimeSpan.FromSeconds(2))).ConfigureAwait(false);
        lock (gate)
        {
            pending?.TrySetException(Loss());
            ready.TrySetException(Loss());
            _ = pending?.Task.Exception;
            _ = ready.Task.Exception;
        }
    }

    private SessionLostException Loss()
    {
        IReadOnlyList<string> tail = lastWords.Lines;
        if (offence is not null)
        {
            return new(offence.Reason, offence.Message, tail);
        }
        if (memory.TooMany)
        {
            return new(LossReason.TooManyProcesses, $"started more than {options.ProcessLimit} processes, and all of them were ended.", tail);
        }
        if (memory.Exceeded)
        {
            return new(LossReason.OutOfMemory, $"used more memory than its limit of {memory.Limit >> 20} MB, and its process was ended.", tail);
        }
        bool heap = tail.Any(line => line.Contains("Out of memory", StringComparison.OrdinalIgnoreCase));
        return heap
            ? new(LossReason.OutOfMemory, $"exhausted the managed memory within its limit of {memory.Limit >> 20} MB, and its process ended.", tail)
            : new(LossReason.Crashed, $"ended its process: {ExitReason.Describe(process.ExitCode)}.{Quote(tail)}", tail);
    }

    private static string Quote(IReadOnlyList<string> tail) =>
        tail.FirstOrDefault(line => line.Trim().Length > 0) is { } first ? $" Its last words: '{CellText.Shorten(first, 160)}'." : "";
}
