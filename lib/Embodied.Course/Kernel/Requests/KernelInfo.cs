using System.Text.Json.Nodes;
using Embodied.Course.Kernel.Wire;

namespace Embodied.Course.Kernel.Requests;

/// <summary><c>kernel_info_request</c>: what this kernel is.</summary>
internal sealed class KernelInfo : IRequestHandler
{
    public string Type => "kernel_info_request";

    public bool AtOnce => true;

    public Task HandleAsync(Request request)
    {
        string version = typeof(KernelInfo).Assembly.GetName().Version!.ToString(3);
        request.ReplyOk(new JsonObject
        {
            ["protocol_version"] = MessageHeader.Protocol,
            ["implementation"] = "embodied-csharp",
            ["implementation_version"] = version,
            ["language_info"] = new JsonObject
            {
                ["name"] = "C#",
                ["version"] = "14.0",
                ["mimetype"] = "text/x-csharp",
                ["file_extension"] = ".cs",
                ["pygments_lexer"] = "csharp",
                ["codemirror_mode"] = "text/x-csharp",
            },
            ["banner"] = $"C# on .NET {Environment.Version}, Embodied.Notebooks {version}",
            ["debugger"] = false,
            ["help_links"] = new JsonArray(
                new JsonObject { ["text"] = "C# reference", ["url"] = "https://learn.microsoft.com/dotnet/csharp/" },
                new JsonObject { ["text"] = "TorchSharp", ["url"] = "https://github.com/dotnet/TorchSharp" }),
        });
        return Task.CompletedTask;
    }
}
