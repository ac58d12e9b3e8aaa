using System.Text.Json.Nodes;
using Embodied.Interactive.Display;

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
            ["comms"] = new JsonObject(request.Kernel.Session.OpenComms.Where(comm => string.IsNullOrEmpty(target) || comm.TargetName == target)
                .Select(comm => KeyValuePair.Create(comm.Id, (JsonNode?)new JsonObject { ["target_name"] = comm.TargetName }))),
        });
        return Task.CompletedTask;
    }
}

/// <summary><c>comm_open</c>, <c>comm_msg</c> and <c>comm_close</c>: what pages say to cells; they have no reply.</summary>
/// <param name="type">The message's type.</param>
/// <param name="action">What it asks for.</param>
internal sealed class CommRequest(string type, CommAction action) : IRequestHandler
{
    public string Type => type;

    public bool AtOnce => false;

    public async Task HandleAsync(Request request)
    {
        CommMessage message = new(
            action, request.Text("comm_id") ?? "", request.Text("target_name"), request.Content["data"]?.DeepClone() as JsonObject ?? []);
        using CancellationTokenSource cancellation = request.Kernel.BeginCell(request);
        await request.Kernel.Session.ReceiveAsync(message, output => Execute.Publish(request, output, silent: false, number: 0), cancellation.Token).ConfigureAwait(false);
        request.Kernel.EndCell(cancellation);
    }
}
