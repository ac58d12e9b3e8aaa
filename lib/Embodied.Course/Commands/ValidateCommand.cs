using System.CommandLine;
using System.Globalization;
using Embodied.Course.Grading;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Running;
using Spectre.Console;

namespace Embodied.Course.Commands;

/// <summary><c>course validate</c>: proves that the checks of exercises tell right answers from wrong ones.</summary>
internal static class ValidateCommand
{
    public static Command Create(CancellationToken cancellation)
    {
        Argument<string[]> notebooks = new("NOTEBOOK") { Arity = ArgumentArity.ZeroOrMore, Description = "Notebooks by number, name or path; default: all that have exercises." };
        Command command = new("validate", "Prove that the checks of exercises tell right answers from wrong ones.") { notebooks };
        command.SetAction(async (parsed, _) =>
        {
            CourseFolder course = CourseFolder.Find();
            string[] asked = parsed.GetValue(notebooks) ?? [];
            Assignment[] assignments = [.. (asked.Length > 0 ? asked.Select(course.Resolve) : course.NotebookFiles()).Select(Load).Where(assignment => assignment.Exercises.Count > 0)];
            int failed = 0, answers = 0;
            foreach (Assignment assignment in assignments)
            {
                await ValidateAsync(assignment, course, Show, cancellation);
            }
            AnsiConsole.WriteLine($"{answers} answers to {assignments.Sum(assignment => assignment.Exercises.Count)} exercises: {(failed == 0 ? "each earned what it should." : $"{failed} did not earn what they should.")}");
            return failed == 0 ? 0 : CommandException.Failed;

            void Show(ValidatedAnswer answer)
            {
                answers++;
                failed += answer.Holds ? 0 : 1;
                AnsiConsole.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(answer.Holds ? "✓" : "✗")} {answer.Exercise}: {answer.Answer} earns {answer.Result.Earned:0.##} of {answer.Result.Points:0.##}{(answer.Holds ? "" : $" ({answer.Complaint})")}"));
            }
        });
        return command;
    }

    /// <summary>Validates one assignment.</summary>
    /// <exception cref="CommandException">It cannot be checked at all.</exception>
    public static async Task ValidateAsync(Assignment assignment, CourseFolder course, Action<ValidatedAnswer> answered, CancellationToken cancellation)
    {
        try
        {
            using Checker checker = await Checker.StartAsync(assignment, course.Notebooks, TimeSpan.FromMinutes(2), cancellation);
            WorkerOptions worker = new() { Command = CourseProcess.Command(CourseProcess.Worker), WorkingDirectory = course.Notebooks, Threads = 1 };
            SubmissionGrader grader = new(assignment, checker, new ForbiddenByExercise(assignment, course.Notebooks), worker, new StudentLimits(TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(20)));
            await Validation.RunAsync(assignment, grader, answered, cancellation);
        }
        catch (Exception e) when (e is AssignmentException or SessionLostException)
        {
            throw CommandException.Failure(e.Message);
        }
    }

    private static Assignment Load(string file)
    {
        try
        {
            return Assignment.Load(file);
        }
        catch (Exception e) when (e is AssignmentException or NotebookFormatException)
        {
            throw CommandException.Failure(e.Message);
        }
    }
}
