using System.Collections.Concurrent;

namespace Embodied.Interactive.Running;

/// <summary>
/// The one thread that starts worker processes. A fork hands every inheritable pipe end to the child, so two at a time would hold
/// each other's pipes open; and Linux ends a process that asked to die with its parent when the thread that started it ends.
/// </summary>
internal static class ProcessStarter
{
    private static readonly BlockingCollection<Action> Work = [];

    static ProcessStarter() => new Thread(() =>
    {
        foreach (Action start in Work.GetConsumingEnumerable())
        {
            start();
        }
    })
    { IsBackground = true, Name = "Process starter" }.Start();

    /// <summary>What <paramref name="start"/> makes on that thread.</summary>
    public static Task<T> RunAsync<T>(Func<T> start)
    {
        TaskCompletionSource<T> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                completion.SetResult(start());
            }
            catch (Exception e)
            {
                completion.SetException(e);
            }
        });
        return completion.Task;
    }
}
