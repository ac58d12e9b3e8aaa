using System.Text.Json.Nodes;

namespace Embodied.Course.Kernel.Requests;

/// <summary><c>comm_info_request</c>: the comms that are open.</summary>
internal sealed class CommInfo : IRequestHandler
{
    public string Type => "comm_info_request";

    public bool AtOnce => true;

    public Task HandleAsync(Request request)
    {
        string? target = request.Text("target_name");
        request.ReplyOk(new JsonObject
        {
            ["comms"] = new JsonObject(request.Kernel.Comms.Where(comm => string.IsNullOrEmpty(target) || comm.Value == target)
                .Select(comm => KeyValuePair.Create(comm.Key, (JsonNode?)new JsonObject { ["target_name"] = comm.Value }))),
        });
        return Task.CompletedTask;
    }
}

/// <summary><c>comm_open</c>: nobody here listens under any name, so it is closed again, as the protocol asks.</summary>
internal sealed class CommOpen : IRequestHandler
{
    public string Type => "comm_open";

    public bool AtOnce => true;

    public Task HandleAsync(Request request)
    {
        request.Publish("comm_close", new JsonObject { ["comm_id"] = request.Text("comm_id") ?? "", ["data"] = new JsonObject() });
        return Task.CompletedTask;
    }
}
