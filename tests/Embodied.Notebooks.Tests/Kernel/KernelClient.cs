using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Embodied.Course;
using Embodied.Course.Kernel.Wire;
using NetMQ;
using NetMQ.Sockets;

namespace Embodied.Notebooks.Tests.Kernel;

/// <summary>A client of a kernel that runs in a process of its own.</summary>
internal sealed class KernelClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private readonly string? folder;
    private readonly int[] ports;
    private readonly WireFormat wire = new("secret");
    private readonly DealerSocket shell = new(), control = new(), stdin = new();
    private readonly SubscriberSocket ioPub = new();
    private readonly RequestSocket heartbeat = new();

    public KernelClient(int? parent = null, string? history = null)
    {
        folder = Directory.CreateTempSubdirectory("kernel-").FullName;
        ports = FreePorts(5);
        string connection = Path.Combine(folder, "connection.json");
        File.WriteAllText(connection, new JsonObject
        {
            ["transport"] = "tcp", ["ip"] = "127.0.0.1", ["key"] = "secret", ["signature_scheme"] = "hmac-sha256",
            ["shell_port"] = ports[0], ["control_port"] = ports[1], ["iopub_port"] = ports[2], ["stdin_port"] = ports[3], ["hb_port"] = ports[4],
        }.ToJsonString());
        string[] command = [.. CourseProcess.Command("kernel"), "start", connection];
        ProcessStartInfo start = new(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach ((string name, System.Text.Json.Nodes.JsonNode? value) in Embodied.Course.Kernel.KernelSpec.Content([])["env"]!.AsObject())
        {
            start.Environment.TryAdd(name, value!.GetValue<string>());
        }
        start.Environment["EMBODIED_HISTORY"] = history ?? Path.Combine(folder, "history.jsonl");
        if (parent is not null)
        {
            start.Environment["JPY_PARENT_PID"] = $"{parent}";
        }
        Process = Process.Start(start)!;
        Log = Process.StandardError.ReadToEndAsync();
        Connect();
    }

    /// <summary>A second client of the same kernel.</summary>
    public KernelClient(KernelClient first)
    {
        (ports, Process, Log) = (first.ports, first.Process, first.Log);
        Connect();
    }

    public Process Process { get; }

    /// <summary>What the kernel wrote to stderr, once it has ended.</summary>
    public Task<string> Log { get; }

    /// <summary>Sends a request and returns its reply.</summary>
    public KernelMessage Ask(string type, JsonObject content, bool onControl = false) => Receive(Send(type, content, onControl), onControl);

    /// <summary>Sends a request and returns its id.</summary>
    public string Send(string type, JsonObject content, bool onControl = false)
    {
        KernelMessage message = new([], MessageHeader.New(type, "client"), null, [], content, []);
        SendFrames(wire.Encode(message), onControl);
        return message.Header.Id;
    }

    public void SendFrames(IEnumerable<byte[]> frames, bool onControl = false) => (onControl ? control : shell).SendMultipartBytes(frames);

    /// <summary>The reply to a request.</summary>
    public KernelMessage Receive(string id, bool onControl = false) => Next(onControl ? control : shell, message => Parent(message) == id);

    /// <summary>Everything told to all clients because of a request, up to <c>idle</c>.</summary>
    public IReadOnlyList<KernelMessage> Told(string id)
    {
        List<KernelMessage> told = [];
        do
        {
            told.Add(Next(ioPub, message => Parent(message) == id));
        }
        while (told[^1].Content["execution_state"]?.GetValue<string>() != "idle");
        return told;
    }

    /// <summary>Waits until a request has told something of a type.</summary>
    public KernelMessage WaitFor(string id, string type) => Next(ioPub, message => Parent(message) == id && message.Header.Type == type);

    /// <summary>Executes a cell: its reply, and what it told.</summary>
    public (JsonObject Reply, IReadOnlyList<KernelMessage> Told) Execute(string code, JsonObject? options = null)
    {
        JsonObject content = options ?? [];
        content["code"] = code;
        string id = Send("execute_request", content);
        IReadOnlyList<KernelMessage> told = Told(id);
        return (Receive(id).Content, told);
    }

    /// <summary>Waits for a cell's question to the person and answers it.</summary>
    public JsonObject AnswerInput(string id, string value)
    {
        KernelMessage question = Next(stdin, message => message.Header.Type == "input_request" && Parent(message) == id);
        stdin.SendMultipartBytes(wire.Encode(new KernelMessage([], MessageHeader.New("input_reply", "client"), question.Header.ToJson(), [], new JsonObject { ["value"] = value }, [])));
        return question.Content;
    }

    public bool HeartBeats()
    {
        heartbeat.SendFrame("ping");
        return heartbeat.TryReceiveFrameString(Patience, out string? echo) && echo == "ping";
    }

    public void Dispose()
    {
        if (folder is not null && !Process.HasExited)
        {
            Process.Kill(entireProcessTree: true);
        }
        foreach (NetMQSocket socket in (NetMQSocket[])[shell, control, stdin, ioPub, heartbeat])
        {
            socket.Dispose();
        }
        if (folder is not null)
        {
            Process.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Connect()
    {
        byte[] identity = Guid.NewGuid().ToByteArray();
        shell.Options.Identity = stdin.Options.Identity = [1, .. identity.Skip(1)];
        ioPub.SubscribeToAnyTopic();
        foreach ((NetMQSocket socket, int port) in (ReadOnlySpan<(NetMQSocket, int)>)[(shell, ports[0]), (control, ports[1]), (ioPub, ports[2]), (stdin, ports[3]), (heartbeat, ports[4])])
        {
            socket.Options.Linger = TimeSpan.Zero;
            socket.Connect($"tcp://127.0.0.1:{port}");
        }
        // Until the subscription has reached the kernel, what it tells is lost.
        string id;
        NetMQMessage? heard = null;
        do
        {
            id = Send("kernel_info_request", []);
            Assert.Equal("ok", Receive(id).Content["status"]!.GetValue<string>());
        }
        while (!ioPub.TryReceiveMultipartMessage(TimeSpan.FromMilliseconds(50), ref heard));
        while (ioPub.TryReceiveMultipartMessage(TimeSpan.FromMilliseconds(20), ref heard))
        {
            // What was told because of these questions.
        }
    }

    private KernelMessage Next(NetMQSocket socket, Func<KernelMessage, bool> wanted)
    {
        while (true)
        {
            NetMQMessage? frames = null;
            Assert.True(socket.TryReceiveMultipartMessage(Patience, ref frames), $"the kernel did not answer within {Patience.TotalSeconds} s");
            KernelMessage message = wire.Decode([.. frames!.Select(frame => frame.ToByteArray())]);
            if (wanted(message))
            {
                return message;
            }
        }
    }

    private static string? Parent(KernelMessage message) => message.Parent?["msg_id"]?.GetValue<string>();

    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
        {
            listener.Start();
        }
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners)
        {
            listener.Stop();
        }
        return ports;
    }
}
