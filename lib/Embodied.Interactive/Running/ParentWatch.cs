using System.Diagnostics;

namespace Embodied.Interactive.Running;

/// <summary>Ends this process when the one that started it is gone, so that nothing is left running that nobody can reach.</summary>
public static class ParentWatch
{
    /// <summary>Watches the process <paramref name="parent"/>.</summary>
    /// <param name="parent">Its id.</param>
    public static void EndWith(int parent)
    {
        Thread watch = new(() =>
        {
            try
            {
                using Process process = Process.GetProcessById(parent);
                process.WaitForExit();
            }
            catch (ArgumentException)
            {
                // It has ended already.
            }
            Process.GetCurrentProcess().Kill();
        })
        { IsBackground = true, Name = "Parent watch" };
        watch.Start();
    }
}
