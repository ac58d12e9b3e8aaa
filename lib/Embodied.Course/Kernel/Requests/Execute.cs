using System.Text.Json.Nodes;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Course.Kernel.Requests;

/// <summary><c>execute_request</c>: runs a cell, and tells its outputs to all clients as they come.</summary>
internal sealed class Execute : IRequestHandler
{
    public string Type => "execute_request";

    public bool AtOnce => false;

    public async Task HandleAsync(Request request)
    {
        string code = request.Text("code") ?? "";
        bool silent = request.Flag("silent", false), store = !silent && request.Flag("store_history", true);
        int number = request.Kernel.Count(store && code.Trim().Length > 0);
        if (!silent)
        {
            request.Publish("execute_input", new JsonObject { ["code"] = code, ["execution_count"] = number });
        }
        if (store)
        {
            request.Kernel.History.Add(number, code);
        }
        if (Question(code) is { } asked)
        {
            request.ReplyOk(new JsonObject
            {
                ["execution_count"] = number,
                ["payload"] = new JsonArray(new JsonObject
                {
                    ["source"] = "page",
                    ["data"] = new JsonObject { ["text/plain"] = Inspect.Describe(request.Kernel.Session.Inspect(asked, asked.Length - 1)) ?? $"'{asked}' is not known here." },
                    ["start"] = 0,
                }),
                ["user_expressions"] = new JsonObject(),
            });
            return;
        }
        using CancellationTokenSource cancellation = request.Kernel.BeginCell(request);
        CellResult result = await request.Kernel.Cells.RunAsync(
            code, output => Publish(request, output, silent, number), $"cell {number}", cancellation.Token).ConfigureAwait(false);
        request.Kernel.EndCell(cancellation);
        if (result.Status == CellStatus.Succeeded)
        {
            request.ReplyOk(new JsonObject
            {
                ["execution_count"] = number,
                ["payload"] = new JsonArray(),
                ["user_expressions"] = await ExpressionsAsync(request).ConfigureAwait(false),
            });
            return;
        }
        JsonObject error = Error(result.Error!);
        error["status"] = "error";
        error["execution_count"] = number;
        error["payload"] = new JsonArray();
        error["user_expressions"] = new JsonObject();
        if (request.Flag("stop_on_error", true))
        {
            request.Kernel.AbortQueue();
        }
        request.Reply(error);
    }

    // `?Name` or `Name?`, as in IPython: show what the name is.
    private static string? Question(string code)
    {
        string line = code.Trim();
        string name = line.Trim('?').Trim();
        return line.Length > name.Length && (line.StartsWith('?') || line.EndsWith('?')) && name.Length > 0
            && name.All(c => char.IsLetterOrDigit(c) || c is '_' or '.') ? name : null;
    }

    private static async Task<JsonObject> ExpressionsAsync(Request request)
    {
        JsonObject values = [];
        foreach ((string name, JsonNode? expression) in request.Content["user_expressions"] as JsonObject ?? [])
        {
            MimeBundle? shown = null;
            CellResult result = await request.Kernel.Session.ExecuteAsync(
                expression?.ToString() ?? "", output => shown = output is ExecuteResult value ? value.Bundle : shown, name).ConfigureAwait(false);
            JsonObject value = result.Error is { } e ? Error(e) : new JsonObject
            {
                ["data"] = shown?.Data.DeepClone() ?? new JsonObject(), ["metadata"] = shown?.Metadata.DeepClone() ?? new JsonObject(),
            };
            value["status"] = result.Error is null ? "ok" : "error";
            values[name] = value;
        }
        return values;
    }

    /// <summary>Tells all clients what a request shows.</summary>
    public static void Publish(Request request, CellOutput output, bool silent, int number)
    {
        switch (output)
        {
            case StreamText text:
                request.Publish("stream", new JsonObject { ["name"] = text.Name, ["text"] = text.Text });
                break;
            case DisplayData display:
                JsonObject shown = Bundle(display.Bundle);
                shown["transient"] = display.DisplayId is null ? [] : new JsonObject { ["display_id"] = display.DisplayId };
                request.Publish(display.IsUpdate ? "update_display_data" : "display_data", shown);
                break;
            case ExecuteResult value when !silent:
                JsonObject result = Bundle(value.Bundle);
                result["execution_count"] = number;
                request.Publish("execute_result", result);
                break;
            case ClearOutput clear:
                request.Publish("clear_output", new JsonObject { ["wait"] = clear.Wait });
                break;
            case CellError error:
                request.Publish("error", Error(error));
                break;
            case CommMessage { Action: CommAction.Open } comm:
                request.Publish("comm_open", new JsonObject { ["comm_id"] = comm.Id, ["target_name"] = comm.TargetName, ["data"] = comm.Data.DeepClone() });
                break;
            case CommMessage comm:
                request.Publish(comm.Action == CommAction.Close ? "comm_close" : "comm_msg", new JsonObject { ["comm_id"] = comm.Id, ["data"] = comm.Data.DeepClone() });
                break;
        }
    }

    private static JsonObject Bundle(MimeBundle bundle) => new() { ["data"] = bundle.Data.DeepClone(), ["metadata"] = bundle.Metadata.DeepClone() };

    private static JsonObject Error(CellError error) => new()
    {
        ["ename"] = error.Name,
        ["evalue"] = error.Message,
        ["traceback"] = new JsonArray([.. error.Traceback.Select(line => JsonValue.Create(line))]),
    };
}
