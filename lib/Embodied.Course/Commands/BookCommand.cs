using System.CommandLine;
using Embodied.Course.Book;
using Embodied.Interactive.Documents;

namespace Embodied.Course.Commands;

/// <summary><c>course book</c>: makes a static site of executed notebooks.</summary>
internal static class BookCommand
{
    public static Command Create(CancellationToken cancellation)
    {
        Option<string?> output = Values.FilePath("--out", "DIR", "Where the executed notebooks lie and the book goes; by default out/ in the course's folder.");
        Command command = new("book", "Write the book from the notebooks executed last.") { output };
        command.SetAction(parsed =>
        {
            cancellation.ThrowIfCancellationRequested();
            CourseFolder course = CourseFolder.Find();
            OutputPlaces places = new(parsed.GetValue(output) ?? course.Output);
            if (!Directory.Exists(places.Notebooks) || Directory.GetFiles(places.Notebooks, "*.ipynb").Length == 0)
            {
                throw CommandException.Misuse($"There are no executed notebooks in '{places.Notebooks}'; 'course run' makes them.");
            }
            Console.WriteLine($"The book: {Write(course, places, cancellation)}");
            return 0;
        });
        return command;
    }

    /// <summary>Writes the book of all executed notebooks and returns the file to open.</summary>
    /// <param name="course">Where the notebooks' links lead.</param>
    /// <param name="places">Where the executed notebooks lie and the book goes.</param>
    /// <param name="cancellation">Gives up; an older book stays.</param>
    /// <exception cref="CommandException">A notebook cannot be read or shown.</exception>
    public static string Write(CourseFolder course, OutputPlaces places, CancellationToken cancellation)
    {
        try
        {
            BookChapter[] chapters = [.. Directory.GetFiles(places.Notebooks, "*.ipynb").Order(StringComparer.Ordinal)
                .Select(file => new BookChapter(CourseFolder.Name(file), NotebookDocument.Load(file), course.Notebooks))];
            return BookWriter.Write(chapters, places.Book, cancellation);
        }
        catch (Exception e) when (e is BookException or NotebookFormatException)
        {
            throw CommandException.Failure(e.Message);
        }
    }
}
