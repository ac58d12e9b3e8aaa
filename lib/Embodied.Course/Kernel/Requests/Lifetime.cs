using System.Text.Json.Nodes;

namespace Embodied.Course.Kernel.Requests;

/// <summary><c>interrupt_request</c>: stops the running cell.</summary>
internal sealed class Interrupt : IRequestHandler
{
    public string Type => "interrupt_request";

    public bool AtOnce => true;

    public Task HandleAsync(Request request)
    {
        request.Kernel.Interrupt();
        request.ReplyOk();
        return Task.CompletedTask;
    }
}

/// <summary><c>shutdown_request</c>: ends the kernel.</summary>
internal sealed class Shutdown : IRequestHandler
{
    public string Type => "shutdown_request";

    public bool AtOnce => true;

    public Task HandleAsync(Request request)
    {
        bool restart = request.Flag("restart", false);
        request.Publish("shutdown_reply", new JsonObject { ["status"] = "ok", ["restart"] = restart });
        request.ReplyOk(new JsonObject { ["restart"] = restart });
        request.Kernel.Shutdown();
        return Task.CompletedTask;
    }
}
