using NetMQ;
using NetMQ.Sockets;

namespace Embodied.Course.Kernel;

/// <summary>Where requests come in.</summary>
public enum RequestChannel
{
    /// <summary>Requests that are answered in turn.</summary>
    Shell,

    /// <summary>Requests that are answered while a cell runs.</summary>
    Control,

    /// <summary>The person's answers.</summary>
    Stdin,
}

/// <summary>The kernel's five sockets, each on a thread of its own; knows frames, not messages.</summary>
internal sealed class KernelSockets : IDisposable
{
    private readonly List<NetMQPoller> pollers = [];
    private readonly List<IDisposable> parts = [];
    private readonly Dictionary<RequestChannel, NetMQQueue<NetMQMessage>> outgoing = [];
    private readonly NetMQQueue<NetMQMessage> broadcasts = new();

    /// <summary>Binds the sockets and begins to receive.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="received">Takes the frames of every request, on its channel's thread.</param>
    /// <exception cref="NetMQException">An address is taken.</exception>
    public KernelSockets(ConnectionFile connection, Action<RequestChannel, IReadOnlyList<byte[]>> received)
    {
        PublisherSocket ioPub = new();
        ioPub.Options.Linger = TimeSpan.FromSeconds(1);
        ioPub.Options.SendHighWatermark = 0;
        ioPub.Bind(connection.Address(connection.IoPub));
        broadcasts.ReceiveReady += (_, e) => Send(ioPub, e.Queue);
        Poll("iopub", ioPub, broadcasts);

        Router(RequestChannel.Control, connection.Address(connection.Control));
        Router(RequestChannel.Stdin, connection.Address(connection.Stdin));
        Router(RequestChannel.Shell, connection.Address(connection.Shell));

        ResponseSocket heartbeat = new();
        heartbeat.Options.Linger = TimeSpan.Zero;
        heartbeat.Bind(connection.Address(connection.Heartbeat));
        heartbeat.ReceiveReady += (_, e) => e.Socket.SendMultipartMessage(e.Socket.ReceiveMultipartMessage());
        Poll("heartbeat", heartbeat);

        void Router(RequestChannel channel, string address)
        {
            RouterSocket socket = new();
            socket.Options.Linger = TimeSpan.FromSeconds(1);
            socket.Options.SendHighWatermark = 0;
            socket.Options.ReceiveHighWatermark = 0;
            socket.Options.RouterHandover = true;
            socket.Bind(address);
            NetMQQueue<NetMQMessage> queue = outgoing[channel] = new NetMQQueue<NetMQMessage>();
            queue.ReceiveReady += (_, e) => Send(socket, e.Queue);
            socket.ReceiveReady += (_, e) => received(channel, [.. e.Socket.ReceiveMultipartMessage().Select(frame => frame.ToByteArray())]);
            Poll(channel.ToString().ToLowerInvariant(), socket, queue);
        }
    }

    /// <summary>Answers on a channel; the first frames are the route.</summary>
    public void Send(RequestChannel channel, IReadOnlyList<byte[]> frames) => outgoing[channel].Enqueue(Message(frames));

    /// <summary>Tells all clients; the first frame is the topic.</summary>
    public void Broadcast(IReadOnlyList<byte[]> frames) => broadcasts.Enqueue(Message(frames));

    /// <summary>Sends what waits, and closes.</summary>
    public void Dispose()
    {
        // What was enqueued last has to reach the sockets before their pollers end.
        for (int i = 0; i < 40 && (broadcasts.Count > 0 || outgoing.Values.Any(queue => queue.Count > 0)); i++)
        {
            Thread.Sleep(5);
        }
        pollers.ForEach(poller => poller.Dispose());
        parts.ForEach(part => part.Dispose());
        NetMQConfig.Cleanup(block: true);
    }

    private static void Send(NetMQSocket socket, NetMQQueue<NetMQMessage> queue)
    {
        while (queue.TryDequeue(out NetMQMessage? message, TimeSpan.Zero))
        {
            socket.SendMultipartMessage(message);
        }
    }

    private static NetMQMessage Message(IReadOnlyList<byte[]> frames) => new(frames);

    private void Poll(string name, NetMQSocket socket, NetMQQueue<NetMQMessage>? queue = null)
    {
        NetMQPoller poller = queue is null ? [socket] : [socket, queue];
        parts.Add(socket);
        if (queue is not null)
        {
            parts.Add(queue);
        }
        pollers.Add(poller);
        poller.RunAsync(name, isBackgroundThread: true);
    }
}
