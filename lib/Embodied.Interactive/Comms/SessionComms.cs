using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Interactive.Comms;

/// <summary>The lines that are open between a session and pages, and who listens for new ones.</summary>
internal sealed class SessionComms
{
    private readonly ConcurrentDictionary<string, Action<Comm, JsonObject>> listeners = new();
    private readonly ConcurrentDictionary<string, Comm> open = new();

    /// <summary>The open lines.</summary>
    public IReadOnlyCollection<Comm> Open => [.. open.Values];

    public void Listen(string target, Action<Comm, JsonObject> opened) => listeners[target] = opened;

    public Comm Add(string id, string target) => open[id] = new Comm(this, id, target);

    public Comm? Find(string id) => open.GetValueOrDefault(id);

    public Comm? Remove(string id) => open.TryRemove(id, out Comm? comm) ? comm : null;

    /// <summary>Gives a page's message to whom it is for; a line that nobody listens for is closed again, as the protocol asks.</summary>
    public void Receive(CommMessage message, CellContext context)
    {
        switch (message.Action)
        {
            case CommAction.Open when listeners.TryGetValue(message.TargetName ?? "", out Action<Comm, JsonObject>? opened):
                opened(Add(message.Id, message.TargetName!), message.Data);
                break;
            case CommAction.Open:
                context.Publish(new CommMessage(CommAction.Close, message.Id, null, []));
                break;
            case CommAction.Message:
                Find(message.Id)?.Take(message.Data);
                break;
            case CommAction.Close:
                Remove(message.Id)?.TakeClose(message.Data);
                break;
        }
    }
}
