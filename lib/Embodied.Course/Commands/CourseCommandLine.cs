using System.CommandLine;
using System.CommandLine.Parsing;
using Spectre.Console;

namespace Embodied.Course.Commands;

/// <summary>The command <c>course</c>: what there is to ask for, and how a wrong question is answered.</summary>
public static class CourseCommandLine
{
    /// <summary>Parses and runs; whatever cannot be done ends in one sentence on stderr.</summary>
    /// <param name="args">The command line after the program's name.</param>
    /// <returns>0: done; 1: something failed, or a claim did not hold; 2: misused; 130: interrupted.</returns>
    public static async Task<int> InvokeAsync(string[] args)
    {
        using Interruption interruption = new();
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 200; // Nothing to fit into: a sentence stays on one line.
        }
        try
        {
            ParseResult parsed = Root(interruption).Parse(args.Length == 0 ? ["--help"] : args);
            if (Complaint(parsed) is { } complaint)
            {
                throw CommandException.Misuse(complaint);
            }
            // Signals are handled here; the parser's handling would end the process before its children.
            return await parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (OperationCanceledException e) when (interruption.Token.IsCancellationRequested)
        {
            Console.Error.WriteLine(e is InterruptedException ? e.Message : "Interrupted; nothing was left half-written.");
            return interruption.ExitCode;
        }
        catch (CommandException e)
        {
            Console.Error.WriteLine(e.Message);
            return e.ExitCode;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(e.Message);
            return CommandException.Failed;
        }
    }

    private static RootCommand Root(Interruption interruption) =>
        new("Embodied Learning and Vision, the course companion in C#: runs its notebooks and makes a book of them.")
        {
            RunCommand.Create(interruption.Token),
            BookCommand.Create(interruption.Token),
            ReleaseCommand.Create(interruption.Token),
            GradeCommand.Create(interruption.Token),
            ValidateCommand.Create(interruption.Token),
            TrainCommand.Create(interruption.Token),
            ExportCommand.Create(interruption.Token),
            ModelsCommand.Create(interruption.Token),
            DoctorCommand.Create(interruption.Token),
            KernelCommand.Create(),
            LabCommand.Create(interruption.Token),
        };

    // The parser's own messages come in several lines and in the singular only where it parses well; one sentence is wanted.
    private static string? Complaint(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string path = Path(parsed.CommandResult);
        foreach (string token in parsed.UnmatchedTokens.Concat(MistakenOptions(parsed)))
        {
            if (token.StartsWith('-') && token.Length > 1)
            {
                return $"'{path}' has no option '{token}'{Nearest.Suggestion(token, OptionNames(parsed.CommandResult))}";
            }
            return command.Subcommands.Any(sub => !sub.Hidden)
                ? $"There is no command '{token}'{Nearest.Suggestion(token, command.Subcommands.Select(sub => sub.Name))}"
                : $"'{path}' takes no argument '{token}'.";
        }
        foreach (OptionResult option in parsed.CommandResult.Children.OfType<OptionResult>())
        {
            if (!option.Implicit && option.Tokens.Count == 0 && option.Option.Arity.MinimumNumberOfValues > 0)
            {
                return $"Option '{option.Option.Name}' needs a value.";
            }
        }
        return parsed.Errors.Count == 0 ? null : parsed.Errors[0].Message.ReplaceLineEndings(" ").Trim();
    }

    // A command that takes any number of arguments also swallows options that it does not know.
    private static IEnumerable<string> MistakenOptions(ParseResult parsed) =>
        parsed.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens)
            .Select(token => token.Value)
            .Where(value => value.StartsWith('-') && !File.Exists(value));

    private static IEnumerable<string> OptionNames(CommandResult result) =>
        result.Command.Options.Concat((result.Parent as CommandResult)?.Command.Options.Where(option => option.Recursive) ?? [])
            .Where(option => !option.Hidden)
            .SelectMany(option => option.Aliases.Append(option.Name))
            .Where(name => name.StartsWith("--", StringComparison.Ordinal));

    private static string Path(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{Path(parent)} {result.Command.Name}" : "course";
}
