using Jint;
using Jint.Native;
using Jint.Runtime;

namespace Embodied.Course.Book;

/// <summary>Thrown when TeX cannot be typeset.</summary>
/// <param name="message">What is wrong, the command named, as the end of a sentence.</param>
public sealed class TexException(string message) : Exception(message);

/// <summary>
/// Turns TeX into MathML, which browsers draw without scripts. Temml does it, in a JavaScript interpreter, while the book is made.
/// Not for several threads at a time.
/// </summary>
public sealed class MathTypesetter
{
    private readonly Lazy<Engine> engine = new(Start);
    private readonly Dictionary<(string Tex, bool Display), string> known = [];

    /// <summary>The MathML of <paramref name="tex"/>.</summary>
    /// <param name="tex">TeX in math mode.</param>
    /// <param name="display">Whether it stands on lines of its own.</param>
    /// <exception cref="TexException">A command is unknown, or the input is malformed.</exception>
    public string Typeset(string tex, bool display)
    {
        if (known.TryGetValue((tex, display), out string? before))
        {
            return before;
        }
        try
        {
            JsValue result = engine.Value.Invoke("typeset", tex, display);
            return known[(tex, display)] = result.AsString();
        }
        catch (JavaScriptException e)
        {
            throw new TexException(Reason(e.Message));
        }
    }

    private static Engine Start()
    {
        // The interpreter recurses on this thread's stack, whose end would end the process.
        Engine engine = new(options => options.Constraints.MaxExecutionStackCount = 4000);
        engine.Execute(BookAssets.Text("temml.min.js"));
        // Some malformed input trips the library itself; its stumbling is no message for an author.
        engine.Execute(
            """
            function typeset(tex, display) {
              try {
                return temml.renderToString(tex, { displayMode: display, throwOnError: true, annotate: false, trust: false });
              } catch (e) {
                if (e instanceof temml.ParseError) throw e;
                throw new Error("'" + (tex.length > 60 ? tex.slice(0, 60) + "…" : tex) + "' is malformed.");
              }
            }
            """);
        return engine;
    }

    // The library marks the place by underlining, which plain text cannot show; what precedes it tells the command.
    private static string Reason(string message)
    {
        string text = string.Concat(message.Where(c => c != '\u0332')).ReplaceLineEndings(" ").Trim();
        return text.StartsWith("ParseError:", StringComparison.Ordinal) ? text["ParseError:".Length..].Trim() : text;
    }
}
