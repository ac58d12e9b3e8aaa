using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Embodied.Notebooks.Tests.Commands;

/// <summary>A server of one file on this machine, which can be told to misbehave.</summary>
internal sealed class FileServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();

    public FileServer()
    {
        listener.Start();
        Address = new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        _ = ServeAsync();
    }

    public Uri Address { get; }

    public byte[] File { get; set; } = [];

    public string? Tag { get; set; } = "\"one\"";

    public int Status { get; set; } = 200;

    public bool KnowsRanges { get; set; } = true;

    public bool TellsLength { get; set; } = true;

    /// <summary>How many bytes of a body go out before the connection breaks.</summary>
    public int? CutAfter { get; set; }

    /// <summary>How many bytes of a body go out before nothing more does.</summary>
    public int? SilentAfter { get; set; }

    /// <summary>What was asked for: path, and the range or nothing.</summary>
    public List<(string Path, string? Range)> Requests { get; } = [];

    /// <summary>Goes away, as a server does that is down; it may be called twice.</summary>
    public void Dispose()
    {
        stopping.Cancel();
        listener.Stop();
    }

    private async Task ServeAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                _ = AnswerAsync(await listener.AcceptTcpClientAsync(stopping.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        CancellationToken stop = stopping.Token;
        try
        {
            using (client)
            {
                NetworkStream stream = client.GetStream();
                using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
                string path = (await reader.ReadLineAsync(stop))!.Split(' ')[1];
                Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
                while (await reader.ReadLineAsync(stop) is { Length: > 0 } line)
                {
                    headers[line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
                }
                string? range = headers.GetValueOrDefault("Range");
                Requests.Add((path, range));
                if (Status != 200)
                {
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {Status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), stop);
                    return;
                }
                bool same = !headers.TryGetValue("If-Range", out string? wanted) || wanted == Tag;
                int from = range is not null && KnowsRanges && same ? int.Parse(range.Split('=', '-')[1], CultureInfo.InvariantCulture) : 0;
                if (from >= File.Length && from > 0)
                {
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 416 No\r\nContent-Range: bytes */{File.Length}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), stop);
                    return;
                }
                StringBuilder head = new(from > 0 ? $"HTTP/1.1 206 Partial\r\nContent-Range: bytes {from}-{File.Length - 1}/{File.Length}\r\n" : "HTTP/1.1 200 OK\r\n");
                head.Append(TellsLength ? $"Content-Length: {File.Length - from}\r\n" : "").Append(Tag is null ? "" : $"ETag: {Tag}\r\n").Append("Connection: close\r\n\r\n");
                await stream.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()), stop);
                int end = Math.Min(File.Length, from + (CutAfter ?? SilentAfter ?? File.Length));
                await stream.WriteAsync(File.AsMemory(from, end - from), stop);
                await stream.FlushAsync(stop);
                if (SilentAfter is not null)
                {
                    await Task.Delay(Timeout.Infinite, stop);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side has gone, or this one.
        }
    }
}
