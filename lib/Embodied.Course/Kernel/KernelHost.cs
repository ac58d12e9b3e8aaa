using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Embodied.Course.Kernel.Magics;
using Embodied.Course.Kernel.Requests;
using Embodied.Course.Kernel.Wire;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Course.Kernel;

/// <summary>A Jupyter kernel: takes requests off the sockets, gives each to its handler, and says when it is busy.</summary>
internal sealed class KernelHost : IDisposable
{
    private static readonly Dictionary<string, IRequestHandler> Handlers = ((IRequestHandler[])
    [
        new KernelInfo(), new Execute(), new IsComplete(), new HistoryRequest(), new CommInfo(), new CommRequest("comm_open", CommAction.Open), new CommRequest("comm_msg", CommAction.Message), new CommRequest("comm_close", CommAction.Close),
        new Complete(), new Inspect(), new InputReply(), new Interrupt(), new Shutdown(),
    ]).ToDictionary(handler => handler.Type);

    private readonly string session = Guid.NewGuid().ToString();
    private readonly WireFormat wire;
    private readonly KernelSockets sockets;
    private readonly Channel<Request> queue = System.Threading.Channels.Channel.CreateUnbounded<Request>();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TextWriter log;
    private readonly BlockingCollection<string> answers = [];
    private Request? executing;
    private CancellationTokenSource? running;
    private long abortedUntil;
    private long received;
    private int count;

    /// <summary>Opens the sockets.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="workingDirectory">Where relative paths of cells begin.</param>
    /// <param name="history">What was executed before.</param>
    /// <param name="log">Takes a line about what had to be dropped.</param>
    public KernelHost(ConnectionFile connection, string workingDirectory, KernelHistory history, TextWriter log)
    {
        this.log = log;
        History = history;
        wire = new WireFormat(connection.Key);
        Session = new CSharpSession(new SessionOptions { WorkingDirectory = workingDirectory, Ask = Ask });
        Cells = new CellRunner(Session, workingDirectory);
        sockets = new KernelSockets(connection, Receive);
        PublishStatus("starting", null);
    }

    /// <summary>What executes cells.</summary>
    public CSharpSession Session { get; }

    /// <summary>What runs cells with their magics.</summary>
    public CellRunner Cells { get; }

    /// <summary>What was executed.</summary>
    public KernelHistory History { get; }

    /// <summary>Answers requests until the kernel is told to end.</summary>
    public async Task RunAsync()
    {
        Task serving = ServeAsync();
        await ended.Task.ConfigureAwait(false);
        queue.Writer.TryComplete();
        Interrupt();
        await Task.WhenAny(serving, Task.Delay(TimeSpan.FromSeconds(2))).ConfigureAwait(false);
    }

    /// <summary>The next cell's number; the last one's when <paramref name="counts"/> is not set.</summary>
    public int Count(bool counts) => counts ? ++count : count;

    /// <summary>A source whose token the next cell observes, until <see cref="EndCell"/>.</summary>
    public CancellationTokenSource BeginCell(Request request)
    {
        executing = request;
        return running = new CancellationTokenSource();
    }

    /// <summary>The counterpart of <see cref="BeginCell"/>.</summary>
    public void EndCell(CancellationTokenSource cell) => Interlocked.CompareExchange(ref running, null, cell);

    /// <summary>Stops the running cell; without one it does nothing.</summary>
    public void Interrupt()
    {
        CancellationTokenSource? cell = running;
        if (cell is not null)
        {
            // On a thread of its own: a cell's parallel loop may have taken every thread of the pool.
            new Thread(() => Cancel(cell)) { IsBackground = true, Name = "interrupt" }.Start();
        }
    }

    /// <summary>Answers the execution requests that wait now with <c>aborted</c>.</summary>
    public void AbortQueue() => abortedUntil = Interlocked.Read(ref received);

    /// <summary>Ends the kernel.</summary>
    public void Shutdown() => ended.TrySetResult();

    /// <summary>Answers a request.</summary>
    public void Reply(Request request, JsonObject content)
    {
        string type = request.Message.Header.Type.Replace("_request", "_reply", StringComparison.Ordinal);
        sockets.Send(request.Channel, wire.Encode(new KernelMessage(
            request.Message.Identities, MessageHeader.New(type, session), request.Message.Header.ToJson(), [], content, [])));
    }

    /// <summary>Takes the person's answer.</summary>
    public void Answer(string line) => answers.Add(line);

    /// <summary>Tells all clients.</summary>
    public void Publish(string type, JsonObject content, KernelMessage? parent, JsonObject? metadata = null) => sockets.Broadcast(wire.Encode(new KernelMessage(
        [Encoding.UTF8.GetBytes($"kernel.{session}.{type}")], MessageHeader.New(type, session), parent?.Header.ToJson(), metadata ?? [], content, [])));

    /// <inheritdoc/>
    public void Dispose()
    {
        sockets.Dispose();
        Session.Dispose();
    }

    private static void Cancel(CancellationTokenSource cell)
    {
        try
        {
            cell.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The cell ended meanwhile.
        }
    }

    // Asks the client whose cell runs, if it said that there is someone to ask.
    private string? Ask(string prompt, bool password, CancellationToken stopped)
    {
        if (executing is not { } request || !request.Flag("allow_stdin", false))
        {
            return null;
        }
        while (answers.TryTake(out _))
        {
            // Answers to questions that nobody waits for any more.
        }
        sockets.Send(RequestChannel.Stdin, wire.Encode(new KernelMessage(
            request.Message.Identities, MessageHeader.New("input_request", session), request.Message.Header.ToJson(), [],
            new JsonObject { ["prompt"] = prompt, ["password"] = password }, [])));
        return answers.Take(stopped);
    }

    private void Receive(RequestChannel channel, IReadOnlyList<byte[]> frames)
    {
        KernelMessage message;
        try
        {
            message = wire.Decode(frames);
        }
        catch (WireException e)
        {
            log.WriteLine($"Dropped: {e.Message}");
            return;
        }
        Request request = new(message, channel, this);
        if (!Handlers.TryGetValue(message.Header.Type, out IRequestHandler? handler))
        {
            log.WriteLine($"Dropped: nothing here answers a message of type '{message.Header.Type}'.");
            return;
        }
        if (handler is InputReply)
        {
            _ = handler.HandleAsync(request); // Part of a request that is busy already.
        }
        else if (handler.AtOnce)
        {
            _ = HandleAsync(handler, request);
        }
        else
        {
            Interlocked.Increment(ref received);
            queue.Writer.TryWrite(request);
        }
    }

    private async Task ServeAsync()
    {
        long served = 0;
        await foreach (Request request in queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            served++;
            if (ended.Task.IsCompleted)
            {
                return;
            }
            if (served <= abortedUntil && request.Message.Header.Type == "execute_request")
            {
                PublishStatus("busy", request.Message);
                request.Reply(new JsonObject { ["status"] = "aborted" });
                PublishStatus("idle", request.Message);
                continue;
            }
            await HandleAsync(Handlers[request.Message.Header.Type], request).ConfigureAwait(false);
        }
    }

    private async Task HandleAsync(IRequestHandler handler, Request request)
    {
        PublishStatus("busy", request.Message);
        try
        {
            await handler.HandleAsync(request).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await log.WriteLineAsync($"A message of type '{handler.Type}' failed: {e}").ConfigureAwait(false);
            request.Reply(new JsonObject { ["status"] = "error", ["ename"] = e.GetType().Name, ["evalue"] = e.Message, ["traceback"] = new JsonArray() });
        }
        PublishStatus("idle", request.Message);
    }

    private void PublishStatus(string state, KernelMessage? parent) => Publish("status", new JsonObject { ["execution_state"] = state }, parent);
}
