using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Embodied.Interactive.Display;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Embodied.Interactive.Session;

/// <summary>Words for what ended a cell: where it happened in the person's own source, and nothing of the engine's.</summary>
internal static class ErrorReport
{
    private const int MostErrors = 12;
    private const int MostFrames = 24;

    /// <summary>Compile errors, each with cell or file, line, column, and the line of source with the offending part marked.</summary>
    public static CellError Of(CompilationException exception)
    {
        List<string> lines = [];
        foreach (Diagnostic error in exception.Errors.Take(MostErrors))
        {
            lines.AddRange(Describe(error));
        }
        if (exception.Errors.Length > MostErrors)
        {
            lines.Add(FormattableString.Invariant($"… and {exception.Errors.Length - MostErrors} more errors."));
        }
        return new CellError("CompilationError", Headline(exception.Errors[0]), lines);
    }

    /// <summary>An exception with the frames that lead from the cell to the place.</summary>
    public static CellError Of(Exception exception, Func<Assembly?, bool> isCell, CellSources sources)
    {
        Exception cause = Unwrap(exception);
        List<string> lines = [];
        for (Exception? e = cause; e is not null; e = e.InnerException)
        {
            lines.Add($"{(e == cause ? "" : "caused by ")}{e.GetType().FullName}: {e.Message}");
            lines.AddRange(Frames(e, isCell, sources));
        }
        return new CellError(cause.GetType().Name, cause.Message, lines);
    }

    /// <summary>The exception that a person threw, out of those that the runtime wraps around it.</summary>
    public static Exception Unwrap(Exception exception) => exception switch
    {
        AggregateException { InnerExceptions: [Exception only] } => Unwrap(only),
        AggregateException { InnerExceptions: [OperationCanceledException first, ..] all } when all.All(inner => inner is OperationCanceledException) => first,
        TargetInvocationException { InnerException: { } inner } => Unwrap(inner),
        _ => exception,
    };

    private static string Headline(Diagnostic error)
    {
        LinePosition start = error.Location.GetLineSpan().StartLinePosition;
        string place = error.Location.IsInSource ? FormattableString.Invariant($"({start.Line + 1},{start.Character + 1}): ") : "";
        return $"{place}error {error.Id}: {Message(error)}";
    }

    private static IEnumerable<string> Describe(Diagnostic error)
    {
        if (!error.Location.IsInSource)
        {
            yield return Headline(error);
            yield break;
        }
        FileLinePositionSpan span = error.Location.GetLineSpan();
        (int line, int column) = (span.StartLinePosition.Line, span.StartLinePosition.Character);
        yield return FormattableString.Invariant($"{span.Path}({line + 1},{column + 1}): error {error.Id}: {Message(error)}");

        SourceText source = error.Location.SourceTree!.GetText();
        if (line < source.Lines.Count && source.Lines[line].ToString() is { } text && text.Trim().Length > 0)
        {
            int length = span.EndLinePosition.Line == line ? Math.Max(1, span.EndLinePosition.Character - column) : Math.Max(1, text.Length - column);
            string before = new([.. text[..Math.Min(column, text.Length)].Select(c => c == '\t' ? '\t' : ' ')]);
            yield return "    " + text;
            yield return "    " + before + new string('^', length);
        }
    }

    private static string Message(Diagnostic error)
    {
        string message = error.GetMessage(CultureInfo.InvariantCulture);
        return error.Id == "CS0006" && message.Contains("nuget:", StringComparison.OrdinalIgnoreCase)
            ? message + " (packages are restored for the cell that asks for them: move the line from the file into a cell)"
            : message;
    }

    private static IEnumerable<string> Frames(Exception exception, Func<Assembly?, bool> isCell, CellSources sources)
    {
        StackFrame[] frames = new StackTrace(exception, fNeedFileInfo: true).GetFrames();
        int last = Array.FindLastIndex(frames, frame => isCell(Assembly(frame)));
        IEnumerable<StackFrame> own = last >= 0 ? frames.Take(last + 1) : frames.TakeWhile(frame => Assembly(frame) != typeof(ErrorReport).Assembly);
        foreach (StackFrame frame in own.Where(frame => !IsPlumbing(frame)).Take(MostFrames))
        {
            string? file = frame.GetFileName();
            int line = frame.GetFileLineNumber();
            if (isCell(Assembly(frame)))
            {
                string source = file is null ? "" : sources.Line(file, line);
                yield return FormattableString.Invariant($"   at {Member(frame)}{(file is null ? "a cell" : sources.Name(file))}, line {line}")
                    + (source.Length > 0 ? $": {source}" : "");
            }
            else
            {
                string place = file is null ? "" : FormattableString.Invariant($" in {Path.GetFileName(file)}, line {line}");
                yield return $"   at {Member(frame).TrimEnd(',', ' ')}{place}";
            }
        }
    }

    private static Assembly? Assembly(StackFrame frame) => frame.GetMethod()?.Module.Assembly;

    private static bool IsPlumbing(StackFrame frame) =>
        frame.GetMethod()?.DeclaringType is { } type
        && (type.Namespace is "System.Runtime.CompilerServices" or "System.Runtime.ExceptionServices" || type == typeof(System.Threading.ExecutionContext));

    // The compiler names state machines <Method>d__3 and lambdas <Method>b__3_0; the person wrote Method.
    private static string Member(StackFrame frame)
    {
        MethodBase? method = frame.GetMethod();
        string name = method?.Name ?? "?";
        string type = method?.DeclaringType?.Name ?? "";
        string telling = name == "MoveNext" ? type : name;
        if (telling.StartsWith('<') && telling.IndexOf('>', 1) is > 1 and var end)
        {
            telling = telling[1..end].TrimStart('<');
        }
        if (telling is "Initialize" or "Factory" or "Main" || telling.StartsWith("<Initialize", StringComparison.Ordinal))
        {
            return "";
        }
        bool topLevel = type.StartsWith("Submission", StringComparison.Ordinal) || type.StartsWith('<');
        string parameters = method is MethodInfo && name != "MoveNext" && !name.StartsWith('<')
            ? $"({string.Join(", ", method.GetParameters().Select(parameter => parameter.ParameterType.Name))})" : "()";
        return topLevel ? $"{telling}{parameters}, " : $"{type}.{telling}{parameters}, ";
    }
}
