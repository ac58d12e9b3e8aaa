using System.Security.Cryptography;
using Embodied.Datasets;

namespace Embodied.Backbones;

/// <summary>
/// The ONNX models of this machine, by name: those that ship in <c>data/models</c>, and those that were downloaded into <see cref="Cache"/>. The checksum of each
/// stands in the <c>SHA256SUMS</c> of its folder or the one above.
/// </summary>
public static class ModelFiles
{
    /// <summary>Environment variable that names the folder of downloaded models.</summary>
    public const string Variable = "EMBODIED_MODELS";

    /// <summary>The list of checksums, in the form of sha256sum.</summary>
    public const string Sums = "SHA256SUMS";

    private const string Extension = ".onnx";

    /// <summary>Where downloaded models lie: <c>EMBODIED_MODELS</c> if set, else a folder of this user's.</summary>
    public static string Cache => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
        ? Path.GetFullPath(named)
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "embodied-notebooks", "models");

    /// <summary>The folders in which models are looked for, in this order.</summary>
    public static IReadOnlyList<string> Folders => Shipped is { } shipped ? [shipped, Cache] : [Cache];

    /// <summary>All models of this machine.</summary>
    public static IReadOnlyList<string> All => [.. Folders.Where(Directory.Exists).SelectMany(folder => Directory.GetFiles(folder, "*" + Extension).Order(StringComparer.Ordinal))];

    /// <summary>The file of a model, its checksum verified where one is known.</summary>
    /// <param name="name">A name, such as <c>dino-sprites</c> or <c>dino-vits8</c>, or the path of an ONNX file.</param>
    /// <returns>What <see cref="Backbone.Load"/> takes.</returns>
    /// <exception cref="FileNotFoundException">There is no such model; the message says how to get it.</exception>
    /// <exception cref="InvalidDataException">The file is not the one whose checksum was noted.</exception>
    public static string Find(string name)
    {
        string path = Named(name);
        if (Verify(path) == false)
        {
            throw new InvalidDataException($"'{path}' was changed or damaged: its checksum is not the one in '{SumsOf(path)}'. Delete the file, and get it again.");
        }
        return path;
    }

    /// <summary>As <see cref="Find"/>, without looking into the file.</summary>
    /// <param name="name">A name or a path.</param>
    /// <exception cref="FileNotFoundException">There is no such model.</exception>
    public static string Named(string name)
    {
        string? path = name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) && File.Exists(name) ? Path.GetFullPath(name)
            : name.Contains('/') || name.Contains('\\') ? null
            : Folders.Select(folder => Path.Combine(folder, name + Extension)).FirstOrDefault(File.Exists);
        return path ?? throw new FileNotFoundException(PublishedModel.Named(name) is { } published
            ? FormattableString.Invariant($"The model '{name}' is not on this machine yet: 'course models get {name}' downloads it ({published.Megabytes:0.#} MB).")
            : $"There is no model '{name}'; 'course models' lists those that there are.", name);
    }

    /// <summary>Whether a file has the checksum that was noted for it; null when none was.</summary>
    /// <param name="path">The file.</param>
    public static bool? Verify(string path)
    {
        string? noted = Noted(path);
        return noted is null ? null : noted == Checksum(path);
    }

    /// <summary>A file's SHA-256, in lower-case hexadecimal digits.</summary>
    /// <param name="path">The file.</param>
    public static string Checksum(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>The checksum that was noted for a file, present or not; null when none was.</summary>
    /// <param name="path">The file.</param>
    public static string? Noted(string path)
    {
        if (SumsOf(path) is not { } sums)
        {
            return null;
        }
        string name = Path.GetRelativePath(Path.GetDirectoryName(sums)!, Path.GetFullPath(path)).Replace('\\', '/');
        return File.ReadLines(sums).Select(line => line.Split("  ", 2)).LastOrDefault(entry => entry.Length == 2 && entry[1] == name)?[0].ToLowerInvariant();
    }

    private static string? SumsOf(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return ((string[])[Path.Combine(folder, Sums), Path.Combine(folder, "..", Sums)]).Where(File.Exists).Select(Path.GetFullPath).FirstOrDefault();
    }

    private static string? Shipped
    {
        get
        {
            try
            {
                return Path.Combine(DataFolder.Root, "models");
            }
            catch (DirectoryNotFoundException)
            {
                return null;
            }
        }
    }
}
