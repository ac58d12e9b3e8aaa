using System.Text.Json.Nodes;

namespace Embodied.Course.Kernel.Requests;

/// <summary><c>history_request</c>: what was executed, the last ones, a range, or those that match a pattern.</summary>
internal sealed class HistoryRequest : IRequestHandler
{
    public string Type => "history_request";

    public bool AtOnce => true;

    public Task HandleAsync(Request request)
    {
        KernelHistory history = request.Kernel.History;
        IEnumerable<HistoryEntry> found = request.Text("hist_access_type") switch
        {
            "range" => history.Range(request.Number("session") ?? 0, request.Number("start") ?? 1, request.Number("stop")),
            "search" => history.Search(request.Text("pattern") ?? "*", request.Number("n"), request.Flag("unique", false)),
            _ => history.Tail(request.Number("n") ?? 10),
        };
        bool output = request.Flag("output", false);
        request.ReplyOk(new JsonObject
        {
            ["history"] = new JsonArray([.. found.Select(entry => new JsonArray(
                entry.Session, entry.Number, output ? new JsonArray(entry.Code, null) : entry.Code))]),
        });
        return Task.CompletedTask;
    }
}
