using System.Text;

namespace Embodied.Interactive.Session;

/// <summary>Takes the place of <see cref="Console.Out"/> or <see cref="Console.Error"/>: what a cell writes goes to that cell, the rest where it went before.</summary>
internal sealed class ConsoleRouter(string stream, TextWriter outside) : TextWriter
{
    private static readonly Lock Installing = new();
    private static bool installed;

    public override Encoding Encoding => outside.Encoding;

    /// <summary>Puts routers in place, once per process.</summary>
    public static void Install()
    {
        lock (Installing)
        {
            if (!installed)
            {
                Console.SetOut(new ConsoleRouter("stdout", Console.Out) { NewLine = "\n" });
                Console.SetIn(new CellInput(Console.In));
                Console.SetError(new ConsoleRouter("stderr", Console.Error) { NewLine = "\n" });
                installed = true;
            }
        }
    }

    public override void Write(char value) => Write([value]);

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void WriteLine(string? value) => Write((value + NewLine).AsSpan());

    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (CellContext.Current is { } cell)
        {
            cell.Write(stream, buffer);
        }
        else
        {
            outside.Write(buffer);
        }
    }

    public override void Flush()
    {
        if (CellContext.Current is null)
        {
            outside.Flush();
        }
    }
}

/// <summary>Takes the place of <see cref="Console.In"/>: what a cell reads, the person is asked for.</summary>
internal sealed class CellInput(TextReader outside) : TextReader
{
    public override string? ReadLine() => CellContext.Current is { } cell ? cell.Ask("", password: false) : outside.ReadLine();

    public override int Read() => CellContext.Current is null ? outside.Read() : -1;

    public override int Peek() => CellContext.Current is null ? outside.Peek() : -1;
}
