using Embodied.Course.Commands;

namespace Embodied.Course;

/// <summary>Where the course lies on this machine.</summary>
/// <param name="Root">The folder that holds <c>notebooks</c> and <c>data</c>.</param>
public sealed record CourseFolder(string Root)
{
    private const string Mark = "Embodied.Notebooks.sln";

    /// <summary>The notebooks as committed, without outputs.</summary>
    public string Notebooks => Path.Combine(Root, "notebooks");

    /// <summary>Where results go unless someone says otherwise.</summary>
    public string Output => Path.Combine(Root, "out");

    /// <summary>Finds the course: upward from the working folder, else from where this program was built.</summary>
    /// <exception cref="CommandException">There is no course.</exception>
    public static CourseFolder Find() =>
        Upward(Environment.CurrentDirectory) ?? Upward(AppContext.BaseDirectory)
        ?? throw CommandException.Misuse($"No course here: neither '{Environment.CurrentDirectory}' nor a folder above it holds {Mark}; change into the cloned repository.");

    /// <summary>The course's notebooks, in lecture order.</summary>
    public IReadOnlyList<string> NotebookFiles() => Directory.Exists(Notebooks)
        ? [.. Directory.GetFiles(Notebooks, "*.ipynb").Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The notebook that a person means by a path, a name, a number (<c>8</c>, <c>08</c>) or a part of the name.</summary>
    /// <exception cref="CommandException">There is none, or more than one.</exception>
    public string Resolve(string asked)
    {
        if (asked.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase) && File.Exists(asked))
        {
            return Path.GetFullPath(asked);
        }
        IReadOnlyList<string> all = NotebookFiles();
        string wanted = Path.GetFileNameWithoutExtension(asked);
        string[] matches = [.. all.Where(file => Name(file).Equals(wanted, StringComparison.OrdinalIgnoreCase))];
        if (matches.Length == 0 && !asked.Contains('/') && !asked.Contains('\\'))
        {
            string number = int.TryParse(wanted, out int n) ? $"{n:00}" : wanted;
            matches = [.. all.Where(file => Name(file).Split('-')[0].Equals(number, StringComparison.OrdinalIgnoreCase))];
            if (matches.Length == 0 && wanted.Length > 2)
            {
                matches = [.. all.Where(file => Name(file).Contains(wanted, StringComparison.OrdinalIgnoreCase))];
            }
        }
        return matches switch
        {
            [string only] => only,
            [] => throw CommandException.Misuse($"There is no notebook '{asked}'{Nearest.Suggestion(wanted, all.Select(Name))}"),
            _ => throw CommandException.Misuse($"'{asked}' may mean {string.Join(" or ", matches.Select(Name))}; say which."),
        };
    }

    /// <summary>A notebook's name: its file name without extension.</summary>
    public static string Name(string file) => Path.GetFileNameWithoutExtension(file);

    private static CourseFolder? Upward(string from)
    {
        for (DirectoryInfo? folder = new(from); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Mark)))
            {
                return new CourseFolder(folder.FullName);
            }
        }
        return null;
    }
}
