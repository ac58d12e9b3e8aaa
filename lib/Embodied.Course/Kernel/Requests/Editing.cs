using System.Text.Json.Nodes;
using Embodied.Interactive.Editing;

namespace Embodied.Course.Kernel.Requests;

/// <summary><c>complete_request</c>: what could be typed at the cursor.</summary>
internal sealed class Complete : IRequestHandler
{
    public string Type => "complete_request";

    public bool AtOnce => true;

    public Task HandleAsync(Request request)
    {
        string code = request.Text("code") ?? "";
        CompletionList list = request.Kernel.Session.Complete(code, CursorPosition.ToUnits(code, request.Number("cursor_pos")));
        int start = CursorPosition.FromUnits(code, list.Start), end = CursorPosition.FromUnits(code, list.End);
        request.ReplyOk(new JsonObject
        {
            ["matches"] = new JsonArray([.. list.Items.Select(item => JsonValue.Create(item.Text))]),
            ["cursor_start"] = start,
            ["cursor_end"] = end,
            ["metadata"] = new JsonObject
            {
                ["_jupyter_types_experimental"] = new JsonArray([.. list.Items.Select(item => new JsonObject
                {
                    ["start"] = start, ["end"] = end, ["text"] = item.Text, ["type"] = item.Kind, ["signature"] = item.Signature,
                })]),
            },
        });
        return Task.CompletedTask;
    }
}

/// <summary><c>inspect_request</c>: what the symbol under the cursor is.</summary>
internal sealed class Inspect : IRequestHandler
{
    public string Type => "inspect_request";

    public bool AtOnce => true;

    public Task HandleAsync(Request request)
    {
        string code = request.Text("code") ?? "";
        Inspection? found = request.Kernel.Session.Inspect(code, CursorPosition.ToUnits(code, request.Number("cursor_pos")));
        request.ReplyOk(new JsonObject
        {
            ["found"] = found is not null,
            ["data"] = found is null ? [] : new JsonObject { ["text/plain"] = Describe(found) },
            ["metadata"] = new JsonObject(),
        });
        return Task.CompletedTask;
    }

    /// <summary>What is known of a symbol, as text; null when nothing is.</summary>
    public static string? Describe(Inspection? found) => found is null ? null : $"{found.Signature}\n\n{found.Documentation}".TrimEnd();
}

/// <summary>The protocol counts Unicode characters where .NET counts UTF-16 units.</summary>
internal static class CursorPosition
{
    /// <summary>The position in UTF-16 units; the end when none is given.</summary>
    public static int ToUnits(string code, int? characters)
    {
        if (characters is not { } wanted)
        {
            return code.Length;
        }
        int units = 0;
        for (int seen = 0; seen < wanted && units < code.Length; seen++)
        {
            units += char.IsHighSurrogate(code[units]) && units + 1 < code.Length ? 2 : 1;
        }
        return units;
    }

    /// <summary>The position in characters.</summary>
    public static int FromUnits(string code, int units) => code.AsSpan(0, units).EnumerateRunes().Count();
}

file static class Runes
{
    public static int Count(this System.Text.SpanRuneEnumerator runes)
    {
        int count = 0;
        foreach (System.Text.Rune _ in runes)
        {
            count++;
        }
        return count;
    }
}
