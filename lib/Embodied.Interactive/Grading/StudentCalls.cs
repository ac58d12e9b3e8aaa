using System.Text.Json.Nodes;

namespace Embodied.Interactive.Grading;

/// <summary>
/// In the session that checks, functions that the student wrote are stand-ins that call here; the function itself runs in another
/// process, which sees its arguments and nothing else.
/// </summary>
public static class StudentCalls
{
    private static readonly AsyncLocal<Func<string, JsonArray, JsonNode?>?> Ambient = new();

    /// <summary>Takes a function's name and arguments to the student's process and brings back the result; flows into the cells that are started next.</summary>
    public static Func<string, JsonArray, JsonNode?>? Connection
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>Calls a student's function.</summary>
    /// <typeparam name="T">The type of its result.</typeparam>
    /// <param name="function">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="CheckFailedException">It threw, or what it returned is of another type.</exception>
    public static T Call<T>(string function, params object?[] arguments)
    {
        JsonNode? result = Send(function, arguments);
        try
        {
            return (T)CallValue.Read(result, typeof(T))!;
        }
        catch (CallValueException e)
        {
            throw new CheckFailedException($"{function} returns {e.Message}");
        }
    }

    /// <summary>Calls a student's function that returns nothing.</summary>
    /// <param name="function">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    public static void Run(string function, params object?[] arguments) => Send(function, arguments);

    private static JsonNode? Send(string function, object?[] arguments)
    {
        Func<string, JsonArray, JsonNode?> connection = Connection ?? throw new InvalidOperationException("No student's process is connected.");
        return connection(function, [.. arguments.Select(CallValue.Write)]);
    }
}
