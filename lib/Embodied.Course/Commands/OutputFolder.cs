namespace Embodied.Course.Commands;

/// <summary>Folders and files that a command writes.</summary>
internal static class OutputFolder
{
    /// <summary>Makes sure that <paramref name="folder"/> exists and takes files, before long work starts.</summary>
    /// <exception cref="CommandException">It does not.</exception>
    public static void Prepare(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $".probe-{Environment.ProcessId}.partial");
            File.WriteAllText(probe, "probe");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw CommandException.Failure($"The folder '{folder}' cannot be written to: {e.Message.TrimEnd('.')}.");
        }
    }

    /// <summary>Writes a file whole or not at all.</summary>
    /// <exception cref="CommandException">It cannot be written; what was there stays.</exception>
    public static void Write(string path, string text) => Whole(path, () => AtomicFile.Write(path, text));

    /// <summary>Copies a file whole or not at all, over what was there.</summary>
    /// <exception cref="CommandException">It cannot be read or written; what was there stays.</exception>
    public static void Copy(string from, string path) => Whole(path, () => AtomicFile.Write(path, stream => stream.Write(File.ReadAllBytes(from))));

    private static void Whole(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Failure($"'{path}' could not be written: {e.Message.TrimEnd('.')}.");
        }
    }
}
