namespace Embodied.Datasets;

/// <summary>Finds the files that ship with the course in the folder <c>data/</c>.</summary>
public static class DataFolder
{
    /// <summary>Environment variable that names the data folder and overrides the search for it.</summary>
    public const string Variable = "EMBODIED_DATA";

    private const string Marker = "SHA256SUMS";

    /// <summary>The data folder: <c>EMBODIED_DATA</c> if set, else the nearest <c>data/</c> above the working folder or the program.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none.</exception>
    public static string Root
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            {
                return Directory.Exists(named)
                    ? Path.GetFullPath(named)
                    : throw new DirectoryNotFoundException($"{Variable} names '{named}', which is no folder; set it to the course's data folder or unset it.");
            }
            return Above(Directory.GetCurrentDirectory()) ?? Above(AppContext.BaseDirectory)
                ?? throw new DirectoryNotFoundException(
                    $"No data/{Marker} above '{Directory.GetCurrentDirectory()}': run from inside the course's folder, or set {Variable} to its data folder.");
        }
    }

    /// <summary>The full path of a data file.</summary>
    /// <param name="parts">The path inside the data folder.</param>
    /// <exception cref="FileNotFoundException">The file is missing; the message says where it was looked for.</exception>
    public static string File(params string[] parts)
    {
        string path = Path.Combine([Root, .. parts]);
        return System.IO.File.Exists(path)
            ? path
            : throw new FileNotFoundException($"The data file '{path}' is missing: restore it with 'git checkout -- data', or see data/README.md.", path);
    }

    private static string? Above(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            string data = Path.Combine(folder.FullName, "data");
            if (System.IO.File.Exists(Path.Combine(data, Marker)))
            {
                return data;
            }
        }
        return null;
    }
}
