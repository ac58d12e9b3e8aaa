using Embodied.Interactive.Session;

namespace Embodied.Interactive.Display;

/// <summary>Where displays go: to the running cell, in .NET Interactive to its kernel, else to the console as text.</summary>
internal abstract class DisplayTarget
{
    /// <summary>The target of the calling code.</summary>
    public static DisplayTarget Current =>
        CellContext.Current is { } cell ? new CellTarget(cell)
        : DotNetInteractiveTarget.Find() ?? (DisplayTarget)new ConsoleTarget();

    /// <summary>Displays <paramref name="display"/>, which represents <paramref name="value"/>.</summary>
    public abstract void Publish(object? value, DisplayData display);

    private sealed class CellTarget(CellContext cell) : DisplayTarget
    {
        public override void Publish(object? value, DisplayData display) => cell.Publish(display);
    }

    private sealed class ConsoleTarget : DisplayTarget
    {
        public override void Publish(object? value, DisplayData display)
        {
            if (!display.IsUpdate)
            {
                Console.WriteLine(display.Bundle.PlainText);
            }
        }
    }
}
