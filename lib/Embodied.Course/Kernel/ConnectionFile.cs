using System.Text.Json;
using System.Text.Json.Nodes;
using Embodied.Course.Commands;

namespace Embodied.Course.Kernel;

/// <summary>Where a client expects the kernel, as it says in the connection file.</summary>
/// <param name="Transport"><c>tcp</c> or <c>ipc</c>.</param>
/// <param name="Ip">The address, or for <c>ipc</c> the path's stem.</param>
/// <param name="Key">The secret that signs messages; empty: they are not signed.</param>
/// <param name="Shell">The port for requests.</param>
/// <param name="Control">The port for requests that do not wait.</param>
/// <param name="IoPub">The port for broadcasts.</param>
/// <param name="Stdin">The port for questions to the person.</param>
/// <param name="Heartbeat">The port that echoes.</param>
public sealed record ConnectionFile(string Transport, string Ip, string Key, int Shell, int Control, int IoPub, int Stdin, int Heartbeat)
{
    /// <summary>Reads a connection file.</summary>
    /// <exception cref="CommandException">It is not there, or not a connection file.</exception>
    public static ConnectionFile Load(string path)
    {
        try
        {
            JsonObject json = JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new JsonException();
            if (Text("signature_scheme", "hmac-sha256") is not "hmac-sha256" and var scheme && Text("key", "").Length > 0)
            {
                throw CommandException.Misuse($"The connection file '{path}' asks for the signature scheme '{scheme}'; this kernel signs with 'hmac-sha256'.");
            }
            return new ConnectionFile(
                Text("transport", "tcp"), Text("ip", "127.0.0.1"), Text("key", ""),
                Port("shell_port"), Port("control_port"), Port("iopub_port"), Port("stdin_port"), Port("hb_port"));

            string Text(string name, string otherwise) => json[name] is JsonValue value && value.TryGetValue(out string? text) ? text : otherwise;

            int Port(string name) => json[name] is JsonValue value && value.TryGetValue(out int port) && port is > 0 and < 65536
                ? port : throw CommandException.Misuse($"The connection file '{path}' has no port '{name}'.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Misuse($"The connection file '{path}' cannot be read: {e.Message.TrimEnd('.')}.");
        }
        catch (JsonException)
        {
            throw CommandException.Misuse($"The connection file '{path}' is no JSON object.");
        }
    }

    /// <summary>The address of one of the ports.</summary>
    public string Address(int port) => Transport == "ipc" ? $"ipc://{Ip}-{port}" : $"{Transport}://{Ip}:{port}";
}
