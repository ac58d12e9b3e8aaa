using System.Globalization;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Interactive.Running;

/// <summary>The other end of a <see cref="WorkerProcess"/>: executes the cells that come in over a pipe.</summary>
public static class SessionWorker
{
    /// <summary>Serves until the pipe or the parent process ends.</summary>
    /// <param name="arguments">Pipe handle in, pipe handle out, id of the parent process (0: something else ends this one with it), grace period in milliseconds.</param>
    /// <returns>The process's exit code: 0, or 2 when the arguments are not those of a <see cref="WorkerProcess"/>.</returns>
    public static int Run(IReadOnlyList<string> arguments)
    {
        if (arguments.Count != 4
            || !int.TryParse(arguments[2], CultureInfo.InvariantCulture, out int parent)
            || !double.TryParse(arguments[3], CultureInfo.InvariantCulture, out double grace))
        {
            Console.Error.WriteLine("This command is for the notebook runner alone.");
            return 2;
        }
        // Ctrl-C reaches every process of the terminal's group; the runner decides, and tells this one.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        // The pipe's end says the same, but something that a cell started may hold the pipe open.
        if (parent != 0)
        {
            ParentWatch.EndWith(parent);
        }
        using AnonymousPipeClientStream incoming = new(PipeDirection.In, arguments[0]);
        using AnonymousPipeClientStream outgoing = new(PipeDirection.Out, arguments[1]);
        Serve(incoming, outgoing, TimeSpan.FromMilliseconds(grace));
        return 0;
    }

    private static void Serve(Stream incoming, Stream outgoing, TimeSpan grace)
    {
        using StreamReader reader = new(incoming, new UTF8Encoding(false));
        StreamWriter writer = new(outgoing, new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
        CSharpSession session = new(new SessionOptions { WorkingDirectory = Environment.CurrentDirectory, GracePeriod = grace, EmbedPlotly = false });
        Send(writer, WorkerProtocol.Ready());

        (int Number, CancellationTokenSource Cancellation) running = (-1, new CancellationTokenSource());
        while (reader.ReadLine() is { } line)
        {
            JsonObject message = JsonNode.Parse(line)!.AsObject();
            int number = message["number"]!.GetValue<int>();
            switch (message["type"]!.GetValue<string>())
            {
                case "execute":
                    running = (number, new CancellationTokenSource());
                    string code = message["code"]!.GetValue<string>();
                    string? cell = message["cell"]?.GetValue<string>();
                    CancellationToken token = running.Cancellation.Token;
                    _ = Task.Run(() => AnswerAsync(writer, number, session, publish => session.ExecuteAsync(code, publish, cell, token)));
                    break;
                case "call":
                    running = (number, new CancellationTokenSource());
                    string function = message["function"]!.GetValue<string>();
                    JsonArray arguments = message["arguments"]!.AsArray();
                    CancellationToken stop = running.Cancellation.Token;
                    _ = Task.Run(() => AnswerAsync(writer, number, session, publish => session.CallAsync(function, arguments, publish, stop)));
                    break;
                case "cancel" when number == running.Number:
                    // Off this thread: what cells register on their token may take its time. Off the pool's: a parallel loop may have them all.
                    new Thread(running.Cancellation.Cancel) { IsBackground = true, Name = "cancel" }.Start();
                    break;
            }
        }
        session.Dispose();
    }

    private static async Task AnswerAsync(StreamWriter writer, int number, CSharpSession session, Func<Action<CellOutput>, Task<CellResult>> run)
    {
        CellResult result;
        try
        {
            result = await run(Show).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            result = new CellResult(CellStatus.Failed, session.ExecutionCount, new(e.GetType().Name, e.Message, [e.ToString()]));
        }
        Send(writer, WorkerProtocol.Result(number, result));

        void Show(CellOutput output)
        {
            // No page is open here that could hear a cell's messages.
            if (output is not CommMessage)
            {
                Send(writer, WorkerProtocol.Output(number, output));
            }
        }
    }

    private static void Send(StreamWriter writer, JsonObject message)
    {
        string line = WorkerProtocol.Line(message);
        lock (writer)
        {
            try
            {
                writer.WriteLine(line);
            }
            catch (IOException)
            {
                // The runner is gone, and this process will be in a moment.
            }
        }
    }
}
