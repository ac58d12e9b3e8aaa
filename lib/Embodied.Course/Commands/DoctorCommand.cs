using System.CommandLine;
using Embodied.Course.Doctor;
using Spectre.Console;

namespace Embodied.Course.Commands;

/// <summary><c>course doctor</c>: says what this machine lacks, and the command that cures it.</summary>
internal static class DoctorCommand
{
    public static Command Create(CancellationToken cancellation)
    {
        Command command = new("doctor", "Check what the course needs from this machine.");
        command.SetAction(_ =>
        {
            CourseFolder course = CourseFolder.Find();
            bool well = true;
            foreach (Check check in Examination.Run(course.Root))
            {
                cancellation.ThrowIfCancellationRequested();
                string mark = check.Grade switch { Grade.Good => "[green]✓[/]", Grade.Optional => "[yellow]–[/]", _ => "[red]✗[/]" };
                AnsiConsole.MarkupLine($"{mark} {check.Subject,-14} {Markup.Escape(check.Finding)}");
                if (check.Cure is not null)
                {
                    AnsiConsole.MarkupLine($"  {"",-14} [grey]{(check.Grade == Grade.Bad ? "cure" : "if wanted")}:[/] {Markup.Escape(check.Cure)}");
                }
                well &= check.Grade != Grade.Bad;
            }
            Console.WriteLine(well ? "The course can run here." : "The course cannot run here yet; see the cures above.");
            return well ? 0 : CommandException.Failed;
        });
        return command;
    }
}
