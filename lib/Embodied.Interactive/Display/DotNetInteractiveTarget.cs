using System.Reflection;
using System.Text.Json.Nodes;

namespace Embodied.Interactive.Display;

/// <summary>
/// Speaks to .NET Interactive's kernel, where a notebook runs in that. By reflection, because its packages are archived and the
/// course does not depend on them.
/// </summary>
internal sealed class DotNetInteractiveTarget : DisplayTarget
{
    private const string Name = "Microsoft.DotNet.Interactive";
    private readonly object context;

    private DotNetInteractiveTarget(object context) => this.context = context;

    /// <summary>Cancelled when the kernel's cell shall stop.</summary>
    public CancellationToken Cancellation => Get("CancellationToken") as CancellationToken? ?? CancellationToken.None;

    /// <summary>The kernel that runs the calling code; null when none does.</summary>
    public static DotNetInteractiveTarget? Find()
    {
        Assembly? kernel = AppDomain.CurrentDomain.GetAssemblies().FirstOrDefault(assembly => assembly.GetName().Name == Name);
        object? context = kernel?.GetType($"{Name}.KernelInvocationContext")
            ?.GetProperty("Current", BindingFlags.Public | BindingFlags.Static)?.GetValue(null);
        return context is null ? null : new DotNetInteractiveTarget(context);
    }

    /// <inheritdoc/>
    public override void Publish(object? value, DisplayData display)
    {
        string type = $"{Name}.Events.{(display.IsUpdate ? "DisplayedValueUpdated" : "DisplayedValueProduced")}";
        ConstructorInfo constructor = context.GetType().Assembly.GetType(type, throwOnError: true)!.GetConstructors()[0];
        object? command = Get("CurrentlyExecutingCommand") ?? Get("Command");
        object displayed = constructor.Invoke([.. constructor.GetParameters().Select(parameter => parameter.Name switch
        {
            "value" => value,
            "valueId" => display.DisplayId,
            "command" => command,
            // The type of its elements has moved from one assembly to another over the versions.
            "formattedValues" => Formatted(parameter.ParameterType.GetGenericArguments()[0], display.Bundle),
            _ => parameter.HasDefaultValue ? parameter.DefaultValue : null,
        })]);
        context.GetType().GetMethods().First(method => method.Name == "Publish" && method.GetParameters().Length == 1).Invoke(context, [displayed]);
    }

    private static Array Formatted(Type element, MimeBundle bundle)
    {
        Array values = Array.CreateInstance(element, bundle.Data.Count);
        int i = 0;
        foreach ((string mime, JsonNode? data) in bundle.Data)
        {
            string text = data is JsonValue json && json.TryGetValue(out string? s) ? s : data?.ToJsonString() ?? "";
            values.SetValue(Activator.CreateInstance(element, mime, text), i++);
        }
        return values;
    }

    private object? Get(string property) =>
        context.GetType().GetProperty(property, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)?.GetValue(context);
}
