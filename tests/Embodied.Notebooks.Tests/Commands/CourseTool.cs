using System.Diagnostics;
using Embodied.Course;

namespace Embodied.Notebooks.Tests.Commands;

/// <summary>Runs the command <c>course</c> as a person would.</summary>
internal static class CourseTool
{
    /// <summary>The repository that the tests were built from.</summary>
    public static string Root { get; } = FindRoot();

    public static ToolResult Run(params string[] arguments) => RunIn(Root, arguments);

    public static ToolResult RunIn(string folder, params string[] arguments) => RunIn(folder, new Dictionary<string, string>(), arguments);

    public static ToolResult RunIn(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using Process process = StartIn(folder, arguments, environment);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return new ToolResult(process.ExitCode, output.Result, error.Result);
    }

    public static Process Start(params string[] arguments) => StartIn(Root, arguments);

    public static Process StartIn(string folder, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        string[] command = [.. CourseProcess.Command("").SkipLast(1)];
        ProcessStartInfo start = new(command[0], [.. command.Skip(1), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        return Process.Start(start)!;
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Embodied.Notebooks.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new InvalidOperationException("The tests do not lie in the repository.");
    }
}
