using System.CommandLine;
using Embodied.Course.Grading;
using Embodied.Interactive.Documents;

namespace Embodied.Course.Commands;

/// <summary><c>course release</c>: writes the students' version of the course.</summary>
internal static class ReleaseCommand
{
    public static Command Create(CancellationToken cancellation)
    {
        Argument<string> output = new("OUT") { Description = "The folder to write; it may not exist or must be empty." };
        Option<bool> force = new("--force") { Description = "Replace the files of an earlier release; others in the folder stay." };
        Command command = new("release", "Write the students' version of the course: no solutions, no hidden checks.") { output, force };
        command.SetAction(parsed =>
        {
            string folder = Path.GetFullPath(parsed.GetValue(output)!);
            CourseFolder course = CourseFolder.Find();
            if (File.Exists(folder))
            {
                throw CommandException.Misuse($"'{folder}' is a file; a folder is wanted.");
            }
            if (!parsed.GetValue(force) && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            {
                throw CommandException.Misuse($"'{folder}' is not empty; --force replaces the files of an earlier release and leaves others.");
            }
            if (Path.GetRelativePath(course.Root, folder) == "." || Path.GetRelativePath(folder, course.Root) is "." or ".." || folder.StartsWith(Path.Combine(course.Root, "notebooks"), StringComparison.Ordinal))
            {
                throw CommandException.Misuse($"'{folder}' holds the instructor's own course; another folder is wanted.");
            }
            int count = Write(course, folder, cancellation);
            Console.WriteLine($"{count} files; students start at {Path.Combine(folder, "README.md")}");
            return 0;
        });
        return command;
    }

    /// <summary>Writes the files, each beside its place first.</summary>
    /// <exception cref="CommandException">A notebook cannot be released; nothing has been written.</exception>
    public static int Write(CourseFolder course, string folder, CancellationToken cancellation)
    {
        try
        {
            (string Path, Action<string> Write)[] files = [.. StudentsCourse.Contents(course)];
            foreach ((string path, Action<string> write) in files)
            {
                cancellation.ThrowIfCancellationRequested();
                string target = Path.Combine(folder, path);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                string beside = target + ".partial";
                write(beside);
                File.Move(beside, target, overwrite: true);
            }
            return files.Length;
        }
        catch (Exception e) when (e is AssignmentException or NotebookFormatException)
        {
            throw CommandException.Failure(e.Message);
        }
    }
}
