namespace Embodied;

/// <summary>Writes files so that they are there whole or not at all.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes beside <paramref name="path"/> and moves the file into place. When anything fails, what was there before stays; a
    /// symbolic link keeps pointing where it did.
    /// </summary>
    /// <param name="path">Where the file shall be; its folder must exist.</param>
    /// <param name="write">Fills the file.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file or its folder is protected.</exception>
    public static void Write(string path, Action<FileStream> write)
    {
        string target = new FileInfo(path).LinkTarget is null ? Path.GetFullPath(path) : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
        string beside = $"{target}.{Environment.ProcessId}-{Environment.CurrentManagedThreadId}.partial";
        try
        {
            using (FileStream stream = new(beside, FileMode.Create, FileAccess.Write))
            {
                write(stream);
            }
            if (!OperatingSystem.IsWindows() && File.Exists(target))
            {
                File.SetUnixFileMode(beside, File.GetUnixFileMode(target));
            }
            File.Move(beside, target, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }

    /// <summary>Writes text as UTF-8 without a byte order mark; see <see cref="Write(string, Action{FileStream})"/>.</summary>
    /// <param name="path">Where the file shall be; its folder must exist.</param>
    /// <param name="text">What it shall hold.</param>
    public static void Write(string path, string text) => Write(path, stream => stream.Write(new System.Text.UTF8Encoding(false).GetBytes(text)));
}
