namespace Embodied.Course.Kernel.Requests;

/// <summary><c>input_reply</c>: what the person typed.</summary>
internal sealed class InputReply : IRequestHandler
{
    public string Type => "input_reply";

    public bool AtOnce => true;

    public Task HandleAsync(Request request)
    {
        request.Kernel.Answer(request.Text("value") ?? "");
        return Task.CompletedTask;
    }
}
