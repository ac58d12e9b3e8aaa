using System.Globalization;

namespace Embodied.Interactive.Running;

/// <summary>What a process's descendants are and hold, on Linux.</summary>
/// <param name="Processes">How many there are, without the first generation: that is a namespace's own first process.</param>
/// <param name="Resident">Their resident memory in bytes; pages that several share count for each.</param>
internal readonly record struct ProcessTree(int Processes, long Resident)
{
    /// <summary>The descendants of the process <paramref name="root"/> at this moment.</summary>
    public static ProcessTree Beneath(int root)
    {
        ILookup<int, (int Id, long Pages)> children = All().ToLookup(process => process.Parent, process => (process.Id, process.Pages));
        Queue<(int Id, bool First)> left = new([(root, true)]);
        int processes = 0;
        long pages = 0;
        while (left.TryDequeue(out (int Id, bool First) process))
        {
            foreach ((int id, long resident) in children[process.Id])
            {
                processes += process.First ? 0 : 1;
                pages += resident;
                left.Enqueue((id, false));
            }
        }
        return new ProcessTree(processes, pages * Environment.SystemPageSize);
    }

    private static IEnumerable<(int Id, int Parent, long Pages)> All()
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                && Read(folder) is { } stat)
            {
                yield return (id, stat.Parent, stat.Pages);
            }
        }
    }

    private static (int Parent, long Pages)? Read(string folder)
    {
        try
        {
            string stat = File.ReadAllText(folder + "/stat");
            // A process chooses its own name, the second field, which may hold spaces and parentheses.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), long.Parse(fields[21], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // It has ended meanwhile.
        }
    }
}
