namespace Embodied.Course.Grading;

/// <summary>Under which user id code in a <see cref="Sandbox"/> runs.</summary>
internal static class SandboxUser
{
    private const uint Nobody = 65534;
    private static int taken = -1;

    /// <summary>Whether this process may become any user.</summary>
    public static bool IsRoot => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess;

    /// <summary>
    /// An id that no account has and no other sandbox, since the kernel counts threads by user. Where the machine, being a container,
    /// has no such ids, nobody's.
    /// </summary>
    public static uint Next()
    {
        uint slot = (uint)Interlocked.Increment(ref taken) % 100;
        uint id = 1_500_000_000 + (uint)Environment.ProcessId * 100 + slot;
        return IsMapped(id) ? id : Nobody;
    }

    private static bool IsMapped(uint id)
    {
        foreach (string map in (string[])["/proc/self/uid_map", "/proc/self/gid_map"])
        {
            bool mapped = File.ReadLines(map)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse).ToArray())
                .Any(range => id >= range[0] && id - range[0] < range[2]);
            if (!mapped)
            {
                return false;
            }
        }
        return true;
    }
}
