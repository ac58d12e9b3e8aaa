using System.Security.Cryptography;
using Embodied.Course.Commands;

namespace Embodied.Course.Training;

/// <summary>Keeps <c>data/SHA256SUMS</c> true when a training writes into the data folder.</summary>
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
            string entry = $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(full)))}  {name}";
            IEnumerable<string> others = File.ReadLines(sums).Where(line => line.Length > 0 && !line.EndsWith("  " + name, StringComparison.Ordinal));
            OutputFolder.Write(sums, string.Join('\n', [.. others.Append(entry).OrderBy(line => line[66..], StringComparer.Ordinal), ""]));
        }
    }

    private static string? Above(string file)
    {
        for (DirectoryInfo? folder = Directory.GetParent(file); folder is not null; folder = folder.Parent)
        {
            string sums = Path.Combine(folder.FullName, "SHA256SUMS");
            if (File.Exists(sums))
            {
                return sums;
            }
        }
        return null;
    }
}
