using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Interactive.Running;

/// <summary>
/// What a runner and its worker process say to each other, one JSON object a line. To the worker: <c>execute</c> (number, code,
/// cell), <c>call</c> (number, function, arguments) and <c>cancel</c> (number); the end of the stream ends it. From the worker: <c>ready</c>, then for every cell or call its
/// <c>output</c>s (number, kind, …) and one <c>result</c> (number, status, count, error).
/// </summary>
internal static class WorkerProtocol
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Line(JsonObject message) => message.ToJsonString(Compact);

    public static JsonObject Ready() => new() { ["type"] = "ready" };

    public static JsonObject Execute(int number, string code, string? cell) =>
        new() { ["type"] = "execute", ["number"] = number, ["code"] = code, ["cell"] = cell };

    public static JsonObject Call(int number, string function, JsonArray arguments) =>
        new() { ["type"] = "call", ["number"] = number, ["function"] = function, ["arguments"] = arguments };

    public static JsonObject Cancel(int number) => new() { ["type"] = "cancel", ["number"] = number };

    public static JsonObject Result(int number, CellResult result) => new()
    {
        ["type"] = "result",
        ["number"] = number,
        ["status"] = result.Status.ToString(),
        ["count"] = result.ExecutionCount,
        ["error"] = result.Error is null ? null : Write(result.Error),
    };

    public static CellResult ReadResult(JsonObject message) => new(
        Enum.Parse<CellStatus>(message["status"]!.GetValue<string>()),
        message["count"]!.GetValue<int>(),
        message["error"] is JsonObject error ? (CellError)ReadOutput(error) : null);

    public static JsonObject Output(int number, CellOutput output)
    {
        JsonObject message = Write(output);
        message["type"] = "output";
        message["number"] = number;
        return message;
    }

    public static CellOutput ReadOutput(JsonObject message) => message["kind"]!.GetValue<string>() switch
    {
        "stream" => new StreamText(Text(message, "name"), Text(message, "text")),
        "display" => new DisplayData(Bundle(message), message["id"]?.GetValue<string>(), message["update"]!.GetValue<bool>()),
        "value" => new ExecuteResult(Bundle(message), message["count"]!.GetValue<int>()),
        "error" => new CellError(Text(message, "name"), Text(message, "message"),
            [.. message["traceback"]!.AsArray().Select(line => line!.GetValue<string>())]),
        "clear" => new ClearOutput(message["wait"]!.GetValue<bool>()),
        string other => throw new InvalidDataException($"The worker sent an output of unknown kind '{other}'."),
    };

    private static JsonObject Write(CellOutput output) => output switch
    {
        StreamText stream => new() { ["kind"] = "stream", ["name"] = stream.Name, ["text"] = stream.Text },
        DisplayData display => new()
        {
            ["kind"] = "display",
            ["data"] = display.Bundle.Data.DeepClone(),
            ["metadata"] = display.Bundle.Metadata.DeepClone(),
            ["id"] = display.DisplayId,
            ["update"] = display.IsUpdate,
        },
        ExecuteResult value => new()
        {
            ["kind"] = "value",
            ["data"] = value.Bundle.Data.DeepClone(),
            ["metadata"] = value.Bundle.Metadata.DeepClone(),
            ["count"] = value.ExecutionCount,
        },
        CellError error => new()
        {
            ["kind"] = "error",
            ["name"] = error.Name,
            ["message"] = error.Message,
            ["traceback"] = new JsonArray([.. error.Traceback.Select(line => JsonValue.Create(line))]),
        },
        ClearOutput clear => new() { ["kind"] = "clear", ["wait"] = clear.Wait },
        _ => throw new InvalidDataException($"An output of type {output.GetType().Name} cannot be sent."),
    };

    private static MimeBundle Bundle(JsonObject message) =>
        new(message["data"]!.DeepClone().AsObject(), message["metadata"]?.DeepClone().AsObject());

    private static string Text(JsonObject message, string property) => message[property]!.GetValue<string>();
}
