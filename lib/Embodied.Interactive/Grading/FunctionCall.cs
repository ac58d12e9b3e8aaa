using System.Reflection;
using System.Text.Json.Nodes;

namespace Embodied.Interactive.Grading;

/// <summary>A call of a session's function from another process: the other end of <see cref="StudentCalls"/>.</summary>
internal static class FunctionCall
{
    /// <summary>The MIME type of a function's result.</summary>
    public const string MimeType = "application/vnd.embodied.value+json";

    /// <summary>Calls a function.</summary>
    /// <param name="found">The function and the object to call it on; null when there is none.</param>
    /// <param name="name">Its name.</param>
    /// <param name="arguments">The arguments.</param>
    /// <returns>The result; null of a function without one.</returns>
    /// <exception cref="CallValueException">There is no such function, or its parameters or result are not what was agreed.</exception>
    public static JsonNode? Invoke((object Target, MethodInfo Method)? found, string name, JsonArray arguments)
    {
        (object target, MethodInfo method) = found ?? throw new CallValueException($"the notebook declares no function '{name}'");
        ParameterInfo[] parameters = method.GetParameters();
        if (parameters.Length != arguments.Count)
        {
            throw new CallValueException($"{name} takes {parameters.Length} arguments, wanted {arguments.Count}");
        }
        object?[] values = [.. parameters.Select((parameter, i) => CallValue.Read(arguments[i], parameter.ParameterType))];
        object? result = method.Invoke(method.IsStatic ? null : target, values);
        if (result is Task task)
        {
            task.GetAwaiter().GetResult();
            result = method.ReturnType.IsGenericType ? ((dynamic)task).Result : null;
        }
        return CallValue.Write(result);
    }
}
