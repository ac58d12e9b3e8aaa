using System.Text;

namespace Embodied.Course.Grading;

/// <summary>The folder that students get: everything that builds and runs the course, notebooks without solutions, no tests.</summary>
internal static class StudentsCourse
{
    private static readonly string[] Folders = [".devcontainer", ".vscode", "build", "data", "lib"];
    private static readonly string[] Files =
        [".editorconfig", ".gitignore", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json", "LICENSE", "notebooks/setup.csx"];

    private static readonly HashSet<string> Made = new(StringComparer.OrdinalIgnoreCase) { "bin", "obj", "out", "TestResults", ".ipynb_checkpoints" };

    /// <summary>The files to write: path from the folder, and what writes each.</summary>
    /// <param name="course">The instructor's course.</param>
    /// <exception cref="AssignmentException">A notebook is no proper assignment.</exception>
    public static IEnumerable<(string Path, Action<string> Write)> Contents(CourseFolder course)
    {
        Assignment[] assignments = [.. course.NotebookFiles().Select(Assignment.Load)];
        foreach (string file in Files.Where(file => File.Exists(Path.Combine(course.Root, file)))
            .Concat(Folders.Select(folder => Path.Combine(course.Root, folder)).Where(Directory.Exists).SelectMany(Within).Select(file => Path.GetRelativePath(course.Root, file))))
        {
            yield return (file, target => File.Copy(Path.Combine(course.Root, file), target, overwrite: true));
        }
        foreach (Assignment assignment in assignments)
        {
            yield return (Path.Combine("notebooks", assignment.Name + ".ipynb"), Release.Of(assignment.Document, assignment.Name).Save);
        }
        yield return ("Embodied.Notebooks.slnx", target => Write(target, """
            <Solution>
              <Project Path="lib/Embodied/Embodied.csproj" />
              <Project Path="lib/Embodied.Interactive/Embodied.Interactive.csproj" />
              <Project Path="lib/Embodied.Course/Embodied.Course.csproj" />
            </Solution>

            """));
        yield return ("README.md", target => Write(target, Readme(assignments)));
    }

    private static void Write(string file, string text) => AtomicFile.Write(file, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    private static IEnumerable<string> Within(string folder) => Directory.EnumerateFiles(folder)
        .Concat(Directory.EnumerateDirectories(folder).Where(sub => !Made.Contains(Path.GetFileName(sub))).SelectMany(Within));

    private static string Readme(IEnumerable<Assignment> assignments) => $"""
        # Embodied Learning and Vision: notebooks and exercises

        You need the .NET 10 SDK. Once, in this folder:

            dotnet build -c Release
            dotnet run -c Release --project lib/Embodied.Course -- kernel install

        Then open a notebook in VS Code (extensions C# and Jupyter; kernel *.NET (C#)) or with `dotnet run -c Release --project lib/Embodied.Course -- lab`.

        ## Exercises

        {string.Join('\n', assignments.Where(assignment => assignment.Exercises.Count > 0).Select(assignment =>
            FormattableString.Invariant($"- `notebooks/{assignment.Name}.ipynb`: {string.Join(", ", assignment.Exercises.Select(exercise => FormattableString.Invariant($"{exercise.Id} ({exercise.Points:0.##} points)")))}")))}

        Each exercise is a cell that throws `NotImplementedException` with a hint: write its body. The cell below it checks what you wrote, on other random
        inputs every time, and shows which steps pass and what was expected of the others. When your work is graded, further checks of the same kind
        run; write for all inputs, not for those that you see. Keep the cells of exercises and checks where they are; add cells of your own wherever you like.
        Checks call your functions, so what an exercise needs belongs into functions, and a function's name and parameters stay as they are.

        Hand in the notebook (`.ipynb`).

        """;
}
