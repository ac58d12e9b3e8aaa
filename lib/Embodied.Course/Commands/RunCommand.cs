using System.CommandLine;
using Embodied.Course.Running;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Running;
using Spectre.Console;

namespace Embodied.Course.Commands;

/// <summary><c>course run</c>: executes notebooks and writes the book.</summary>
internal static class RunCommand
{
    public static Command Create(CancellationToken cancellation)
    {
        Argument<string[]> notebooks = new("NOTEBOOK")
        {
            Description = "Notebooks by file, name or number; none: all of the course.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<string?> scale = Values.OneOf("--scale", ["quick", "full"], "quick (the default): at most 90 s a notebook on two cores; full: the long version.");
        Option<string?> output = Values.FilePath("--out", "DIR", "Where executed notebooks and the book go; by default out/ in the course's folder.");
        Option<int?> jobs = Values.WholeNumber("--jobs", "N", 1, 64, "How many notebooks run at a time; by default one for every four cores.");
        Option<string?> json = Values.FilePath("--json", "FILE", "Write status, seconds and claims of every notebook to a file.");
        Command command = new("run", "Execute notebooks and write the book.") { notebooks, scale, output, jobs, json };
        command.SetAction((parsed, _) => RunAsync(
            parsed.GetValue(notebooks) ?? [],
            new RunSettings(parsed.GetValue(scale) ?? "quick", parsed.GetValue(jobs) ?? Math.Max(1, Environment.ProcessorCount / 4)),
            parsed.GetValue(output), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string[] asked, RunSettings settings, string? output, string? json, CancellationToken cancellation)
    {
        CourseFolder course = CourseFolder.Find();
        RunTarget[] targets = [.. Files(course, asked).Select(file => new RunTarget(file, Load(file)))];
        OutputPlaces places = new(output ?? course.Output);
        OutputFolder.Prepare(places.Notebooks);
        if (json is not null)
        {
            OutputFolder.Prepare(Path.GetDirectoryName(Path.GetFullPath(json))!);
        }

        IReadOnlyList<NotebookResult> results = AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected
            ? await LiveView.ShowAsync(AnsiConsole.Console, targets, ExecuteAsync)
            : await ExecuteAsync(new PlainView(Console.Out));

        RunReport.Print(AnsiConsole.Console, targets, results);
        if (json is not null)
        {
            OutputFolder.Write(json, RunReport.ToJson(settings, targets, results));
        }
        string index = BookCommand.Write(course, places, cancellation);
        Console.WriteLine($"The book: {index}");
        return results.All(result => result.Passed) ? 0 : CommandException.Failed;

        Task<IReadOnlyList<NotebookResult>> ExecuteAsync(IRunView view) =>
            CourseRun.RunAsync(targets, settings, target => target.Document.Save(places.Notebook(target.Name)), view, cancellation);
    }

    private static IReadOnlyList<string> Files(CourseFolder course, string[] asked)
    {
        string[] files = asked.Length == 0 ? [.. course.NotebookFiles()] : [.. asked.Select(course.Resolve).Distinct()];
        if (files.Length == 0)
        {
            throw CommandException.Misuse($"There are no notebooks in '{course.Notebooks}'.");
        }
        IGrouping<string, string>? twice = files.GroupBy(CourseFolder.Name).FirstOrDefault(group => group.Count() > 1);
        return twice is null ? files
            : throw CommandException.Misuse($"'{string.Join("' and '", twice)}' have one name, under which only one can be written; run them apart.");
    }

    private static NotebookDocument Load(string file)
    {
        try
        {
            return NotebookDocument.Load(file);
        }
        catch (NotebookFormatException e)
        {
            throw CommandException.Misuse(e.Message);
        }
    }
}
