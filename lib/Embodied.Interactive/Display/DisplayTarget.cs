using System.Reflection;
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

/// <summary>
/// Speaks to .NET Interactive's kernel, where a notebook runs in that. By reflection, because its packages are archived and the
/// course does not depend on them.
/// </summary>
internal sealed class DotNetInteractiveTarget : DisplayTarget
{
    private readonly object context;
    private readonly Assembly kernel;

    private DotNetInteractiveTarget(object context, Assembly kernel) => (this.context, this.kernel) = (context, kernel);

    /// <summary>The kernel that runs the calling code; null when none does.</summary>
    public static DotNetInteractiveTarget? Find()
    {
        Assembly? kernel = AppDomain.CurrentDomain.GetAssemblies().FirstOrDefault(assembly => assembly.GetName().Name == "Microsoft.DotNet.Interactive");
        object? context = kernel?.GetType("Microsoft.DotNet.Interactive.KernelInvocationContext")
            ?.GetProperty("Current", BindingFlags.Public | BindingFlags.Static)?.GetValue(null);
        return context is null ? null : new DotNetInteractiveTarget(context, kernel!);
    }

    /// <inheritdoc/>
    public override void Publish(object? value, DisplayData display)
    {
        Type formatted = kernel.GetType("Microsoft.DotNet.Interactive.FormattedValue", throwOnError: true)!;
        Array values = Array.CreateInstance(formatted, display.Bundle.Data.Count);
        int i = 0;
        foreach ((string mime, System.Text.Json.Nodes.JsonNode? data) in display.Bundle.Data)
        {
            string text = data is System.Text.Json.Nodes.JsonValue json && json.TryGetValue(out string? s) ? s : data?.ToJsonString() ?? "";
            values.SetValue(Activator.CreateInstance(formatted, mime, text), i++);
        }
        string name = display.IsUpdate ? "DisplayedValueUpdated" : "DisplayedValueProduced";
        Type type = kernel.GetType($"Microsoft.DotNet.Interactive.Events.{name}", throwOnError: true)!;
        object command = context.GetType().GetProperty("Command")!.GetValue(context)!;
        ConstructorInfo constructor = type.GetConstructors()[0];
        object?[] arguments = [.. constructor.GetParameters().Select(parameter => parameter.Name switch
        {
            "value" => value,
            "valueId" => display.DisplayId,
            "command" => command,
            "formattedValues" => values,
            _ => parameter.HasDefaultValue ? parameter.DefaultValue : null,
        })];
        context.GetType().GetMethods().First(method => method.Name == "Publish" && method.GetParameters().Length == 1)
            .Invoke(context, [constructor.Invoke(arguments)]);
    }
}
