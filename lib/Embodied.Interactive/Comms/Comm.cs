using System.Text.Json.Nodes;
using Embodied.Interactive.Comms;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Interactive;

/// <summary>
/// A line between a cell and code in the page that shows it, over which both send JSON (Jupyter's custom messages). Without a page, as
/// in the headless run, what is sent is dropped.
/// </summary>
public sealed class Comm
{
    private readonly SessionComms comms;

    internal Comm(SessionComms comms, string id, string target) => (this.comms, Id, TargetName) = (comms, id, target);

    /// <summary>Takes what the page sends, one message at a time; what it shows appears where the page asked.</summary>
    public event Action<JsonObject>? Received;

    /// <summary>Told that the page has closed the line, with its last words.</summary>
    public event Action<JsonObject>? Closed;

    /// <summary>The line's own name.</summary>
    public string Id { get; }

    /// <summary>The name under which the other side listens.</summary>
    public string TargetName { get; }

    /// <summary>Whether neither side has closed the line.</summary>
    public bool IsOpen => comms.Find(Id) == this;

    /// <summary>Says what happens when the page opens a line to <paramref name="name"/>; a second call replaces the first.</summary>
    /// <param name="name">The name, such as <c>"slider"</c>.</param>
    /// <param name="opened">Takes the line and the page's first words.</param>
    /// <exception cref="InvalidOperationException">No cell is running.</exception>
    public static void Target(string name, Action<Comm, JsonObject> opened) => Context().Session.Comms.Listen(name, opened);

    /// <summary>Opens a line to the code of the page that listens under <paramref name="target"/>.</summary>
    /// <param name="target">The name.</param>
    /// <param name="data">The first words; null for none.</param>
    /// <exception cref="InvalidOperationException">No cell is running.</exception>
    public static Comm Open(string target, JsonObject? data = null)
    {
        CellContext cell = Context();
        Comm comm = cell.Session.Comms.Add(Guid.NewGuid().ToString("N"), target);
        cell.Publish(new CommMessage(CommAction.Open, comm.Id, target, data ?? []));
        return comm;
    }

    /// <summary>Sends to the page.</summary>
    /// <param name="data">What to send.</param>
    /// <exception cref="InvalidOperationException">The line is closed, or no cell is running.</exception>
    public void Send(JsonObject data)
    {
        if (!IsOpen)
        {
            throw new InvalidOperationException($"The comm '{TargetName}' is closed.");
        }
        Context().Publish(new CommMessage(CommAction.Message, Id, null, data));
    }

    /// <summary>Closes the line; closing it again does nothing.</summary>
    /// <param name="data">The last words; null for none.</param>
    public void Close(JsonObject? data = null)
    {
        if (comms.Remove(Id) is not null)
        {
            CellContext.Current?.Publish(new CommMessage(CommAction.Close, Id, null, data ?? []));
        }
    }

    internal void Take(JsonObject data) => Received?.Invoke(data);

    internal void TakeClose(JsonObject data) => Closed?.Invoke(data);

    private static CellContext Context() => CellContext.Current ?? throw new InvalidOperationException("A comm belongs to a running cell, and none is running.");
}
