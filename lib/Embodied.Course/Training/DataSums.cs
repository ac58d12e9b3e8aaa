using Embodied.Backbones;
using Embodied.Course.Commands;

namespace Embodied.Course.Training;

/// <summary>Keeps <c>data/SHA256SUMS</c> true when a command writes into the data folder, and the like of downloaded models.</summary>
internal static class DataSums
{
    /// <summary>Enters the files' checksums into the list of the data folder that they lie in; files elsewhere are left alone.</summary>
    /// <exception cref="CommandException">The list cannot be written.</exception>
    public static void Update(IReadOnlyList<string> files)
    {
        foreach (string file in files)
        {
            string full = Path.GetFullPath(file);
            string? sums = Above(full);
            if (sums is null)
            {
                continue;
            }
            string name = Path.GetRelativePath(Path.GetDirectoryName(sums)!, full).Replace('\\', '/');
            string entry = $"{ModelFiles.Checksum(full)}  {name}";
            IEnumerable<string> others = File.ReadLines(sums).Where(line => line.Length > 66 && !line.EndsWith("  " + name, StringComparison.Ordinal));
            OutputFolder.Write(sums, string.Join('\n', [.. others.Append(entry).OrderBy(line => line[66..], StringComparer.Ordinal), ""]));
        }
    }

    /// <summary>As <see cref="Update"/>, of one file, in a list of its folder's own where neither that nor the one above has any.</summary>
    /// <exception cref="CommandException">The list cannot be written.</exception>
    public static void Pin(string file)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        string own = Path.Combine(folder, ModelFiles.Sums);
        if (!File.Exists(own) && !File.Exists(Path.Combine(folder, "..", ModelFiles.Sums)))
        {
            OutputFolder.Write(own, "");
        }
        Update([file]);
    }

    private static string? Above(string file)
    {
        for (DirectoryInfo? folder = Directory.GetParent(file); folder is not null; folder = folder.Parent)
        {
            string sums = Path.Combine(folder.FullName, ModelFiles.Sums);
            if (File.Exists(sums))
            {
                return sums;
            }
        }
        return null;
    }
}
