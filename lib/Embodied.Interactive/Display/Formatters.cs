using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Html;
using Microsoft.DotNet.Interactive.Formatting;

namespace Embodied.Interactive.Display;

/// <summary>
/// How values look. Builds on Microsoft.DotNet.Interactive.Formatting, so that objects, tables and lists look as its users know
/// them and <see cref="Formatter.Register{T}(Func{T, string}, string)"/> works; adds tensors, images and charts.
/// </summary>
public static partial class Formatters
{
    private const string Plain = "text/plain";
    private const string Html = "text/html";
    private static readonly Lock Registering = new();
    private static bool registered;

    /// <summary>Registers the course's formatters; once is enough, more does no harm. <c>setup.csx</c> calls it for .NET Interactive's sake.</summary>
    public static void Register()
    {
        lock (Registering)
        {
            if (registered)
            {
                return;
            }
            Formatter.ListExpansionLimit = 20;
            foreach (Type scalar in (Type[])
            [
                typeof(string), typeof(bool), typeof(char), typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint),
                typeof(long), typeof(ulong), typeof(float), typeof(double), typeof(Half), typeof(decimal), typeof(BigInteger), typeof(Complex),
                typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly), typeof(TimeOnly),
            ])
            {
                Formatter.SetPreferredMimeTypesFor(scalar, Plain);
            }
            Formatter.SetPreferredMimeTypesFor(typeof(Enum), Plain);
            Formatter.Register<double>((value, writer) => writer.Write(value.ToString("R", System.Globalization.CultureInfo.InvariantCulture)), Plain);
            Formatter.Register<float>((value, writer) => writer.Write(value.ToString("R", System.Globalization.CultureInfo.InvariantCulture)), Plain);
            Formatter.SetPreferredMimeTypesFor(typeof(IHtmlContent), Html, Plain);
            Formatter.Register<IHtmlContent>((content, writer) => writer.Write(HtmlText.ToPlain(HtmlText.Render(content))), Plain);
            TensorFormatter.Register();
            ImageFormatter.Register();
            ChartFormatter.Register();
            registered = true;
        }
    }

    /// <summary>The representations of <paramref name="value"/>.</summary>
    /// <param name="value">What to represent; null is shown as <c>null</c>.</param>
    /// <param name="mimeTypes">The representations wanted beside <c>text/plain</c>; none: those that its type prefers.</param>
    public static MimeBundle Bundle(object? value, params IReadOnlyList<string> mimeTypes)
    {
        Register();
        if (value is null)
        {
            return new MimeBundle(new JsonObject { [Plain] = "null" });
        }
        if (value is MimeBundle ready)
        {
            return ready;
        }
        JsonObject data = [];
        foreach (string mime in mimeTypes.Count > 0 ? mimeTypes : Formatter.GetPreferredMimeTypesFor(value.GetType()))
        {
            string text = value.ToDisplayString(mime);
            text = mime == Plain ? AnonymousName().Replace(text, "") : text;
            data[mime] = mime.EndsWith("json", StringComparison.Ordinal) ? JsonNode.Parse(text) : JsonValue.Create(text);
        }
        if (!data.ContainsKey(Plain))
        {
            data[Plain] = AnonymousName().Replace(value.ToDisplayString(Plain), "");
        }
        return new MimeBundle(data, ImageFormatter.Metadata(value));
    }

    // Nobody wrote this name, and it hides the values behind it.
    [GeneratedRegex(@"<>f__AnonymousType[^\s]*\s*")]
    private static partial Regex AnonymousName();
}
