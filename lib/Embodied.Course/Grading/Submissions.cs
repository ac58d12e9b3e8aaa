using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Embodied.Interactive.Documents;

namespace Embodied.Course.Grading;

/// <summary>A notebook that was handed in.</summary>
/// <param name="Student">Who handed it in.</param>
/// <param name="Assignment">The assignment that it answers.</param>
/// <param name="Source">Where it was found, for people.</param>
/// <param name="Document">The notebook; null when it cannot be read.</param>
/// <param name="Complaint">Why it cannot be read; null when it can.</param>
internal sealed record Submission(string Student, Assignment Assignment, string Source, NotebookDocument? Document, string? Complaint);

/// <summary>Finds what was handed in: <c>STUDENT/ASSIGNMENT/NOTEBOOK.ipynb</c>, <c>STUDENT/…</c>, zips, or single notebooks, as nbgrader and course sites lay them out.</summary>
internal static partial class Submissions
{
    private const long LargestNotebook = 64L << 20, LargestZip = 512L << 20;
    private const int MostEntries = 2000;

    /// <summary>All submissions, by student and assignment; what belongs to no assignment is told.</summary>
    /// <param name="folder">The folder, a zip, or a notebook.</param>
    /// <param name="assignments">What there is to answer.</param>
    /// <param name="strange">Told what was left out, and why.</param>
    public static IReadOnlyList<Submission> Find(string folder, IReadOnlyList<Assignment> assignments, Action<string> strange)
    {
        List<Submission> found = [];
        List<(string Student, string Name, string Complaint)> unreadable = [];
        IEnumerable<(string Student, string Path)> top = File.Exists(folder) ? [(Owner(folder), folder)]
            : Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal).Select(path => (Owner(path), path));
        foreach ((string student, string path) in top)
        {
            (string Name, Func<string> Read)[] notebooks = [.. Notebooks(path)];
            foreach ((string name, Func<string> read) in notebooks)
            {
                Take(student, name, read);
            }
            if (notebooks.Length == 0 && Directory.Exists(path))
            {
                unreadable.Add((student, path, "There is no notebook in it."));
            }
        }
        // What cannot be read and has no telling name is taken for what most others handed in: somebody has to see that it is there.
        Assignment usual = found.GroupBy(one => one.Assignment).MaxBy(group => group.Count())?.Key ?? assignments[0];
        HashSet<string> students = [.. found.Select(one => one.Student)];
        foreach ((string student, string name, string complaint) in unreadable)
        {
            if (students.Contains(student))
            {
                strange($"'{name}' was left out: {complaint}");
            }
            else
            {
                found.Add(new Submission(student, usual, name, null, complaint));
            }
        }
        return [.. found.GroupBy(one => (one.Student, one.Assignment.Name)).Select(group => Counts([.. group]))
            .OrderBy(one => one.Student, StringComparer.Ordinal).ThenBy(one => one.Assignment.Name, StringComparer.Ordinal)];

        // Handed in twice, the last by name that can be read counts, for course sites number attempts.
        Submission Counts(Submission[] attempts)
        {
            attempts = [.. attempts.OrderBy(attempt => AttemptKey(attempt.Source), StringComparer.Ordinal)];
            Submission counts = attempts.LastOrDefault(attempt => attempt.Document is not null) ?? attempts[^1];
            if (attempts.Length > 1)
            {
                strange($"{counts.Student} handed in {counts.Assignment.Name} {attempts.Length} times; '{counts.Source}' counts.");
            }
            return counts;
        }

        void Take(string student, string name, Func<string> read)
        {
            NotebookDocument? document = null;
            string? complaint = null;
            try
            {
                document = NotebookDocument.Parse(read(), name);
            }
            catch (Exception e) when (e is NotebookFormatException or IOException or InvalidDataException or UnauthorizedAccessException)
            {
                complaint = e.Message;
            }
            if (Answers(name, document, assignments) is { } assignment)
            {
                found.Add(new Submission(student, assignment, name, document, complaint));
            }
            else if (complaint is not null)
            {
                unreadable.Add((student, name, complaint));
            }
            else
            {
                unreadable.Add((student, name, "It answers no assignment."));
            }
        }
    }

    // By the exercises in it; a notebook that cannot be read by its name.
    private static Assignment? Answers(string name, NotebookDocument? document, IReadOnlyList<Assignment> assignments)
    {
        HashSet<string> ids = [.. (document?.Cells ?? []).Select(cell => cell.Metadata["nbgrader"]?["grade_id"]?.ToString() ?? "")];
        return assignments.Where(assignment => assignment.Exercises.Any(exercise => ids.Contains(exercise.SolutionId)))
                .MaxBy(assignment => assignment.Exercises.Count(exercise => ids.Contains(exercise.SolutionId)))
            ?? assignments.FirstOrDefault(assignment => name.Contains(assignment.Name, StringComparison.OrdinalIgnoreCase))
            ?? (assignments.Count == 1 ? assignments[0] : null);
    }

    // Moodle writes "Ada Lovelace_123_assignsubmission_file_", Canvas "lovelaceada_123_456_notebook.ipynb": the number stays, since names may be shared.
    private static string Owner(string path)
    {
        string name = Directory.Exists(path) ? Path.GetFileName(path) : Path.GetFileNameWithoutExtension(path);
        Match match = CourseSite().Match(name);
        return match.Success ? match.Groups["owner"].Value : name;
    }

    // "work" before "work-2" before "work-10".
    private static string AttemptKey(string source) => Digits().Replace(Path.ChangeExtension(source, null), number => number.Value.PadLeft(20, '0'));

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();

    [GeneratedRegex(@"^(?<owner>.+?_\d+)_(assignsubmission_.*|(late_)?\d+_.*)$")]
    private static partial Regex CourseSite();

    private static IEnumerable<(string Name, Func<string> Read)> Notebooks(string path)
    {
        if (new FileInfo(path).Attributes.HasFlag(FileAttributes.ReparsePoint))
        {
            return [(path, () => throw new InvalidDataException("It is a link, which is not followed."))];
        }
        if (Directory.Exists(path))
        {
            return Directory.EnumerateFileSystemEntries(path).Where(entry => Path.GetFileName(entry) is not (".ipynb_checkpoints" or "__MACOSX"))
                .Order(StringComparer.Ordinal).SelectMany(entry => Notebooks(entry));
        }
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".ipynb" => [(path, () => Text(path))],
            ".zip" => Zipped(path),
            _ => [],
        };
    }

    private static string Text(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Limited(stream, Path.GetFileName(path));
    }

    // Nothing is unpacked: entries are read into memory, so that their paths mean nothing, and no further than a notebook may be large.
    private static List<(string, Func<string>)> Zipped(string path)
    {
        List<(string, Func<string>)> found = [];
        try
        {
            if (new FileInfo(path).Length > LargestZip)
            {
                throw new InvalidDataException($"it is larger than {LargestZip >> 20} MB");
            }
            using ZipArchive zip = ZipFile.OpenRead(path);
            if (zip.Entries.Count > MostEntries)
            {
                throw new InvalidDataException($"it has more than {MostEntries} files");
            }
            foreach (ZipArchiveEntry entry in zip.Entries.Where(entry => entry.Name.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase) && !entry.FullName.Contains("__MACOSX", StringComparison.Ordinal)))
            {
                string name = $"{path}: {entry.FullName}";
                try
                {
                    using Stream stream = entry.Open();
                    string text = Limited(stream, entry.Name);
                    found.Add((name, () => text));
                }
                catch (Exception e) when (e is IOException or InvalidDataException)
                {
                    found.Add((name, () => throw new InvalidDataException(e.Message)));
                }
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            found.Add((path, () => throw new InvalidDataException($"The zip cannot be read: {e.Message.TrimEnd('.')}.")));
        }
        return found;
    }

    private static string Limited(Stream stream, string name)
    {
        using MemoryStream kept = new();
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            kept.Write(buffer, 0, read);
            if (kept.Length > LargestNotebook)
            {
                throw new InvalidDataException($"'{name}' is larger than {LargestNotebook >> 20} MB.");
            }
        }
        return Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length);
    }
}
