using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Embodied.Interactive.Display;

namespace Embodied.Interactive;

/// <summary>Shows rows of values as a table: numbers to four digits and to the right, as text aligned in columns.</summary>
public static class Table
{
    private const int MostRows = 200;

    /// <summary>Shows one row per element, one column per public property; an underscore in a property's name reads as a space.</summary>
    /// <param name="rows">The rows, records or anonymous objects.</param>
    public static void Show<T>(IEnumerable<T> rows)
    {
        PropertyInfo[] columns = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance);
        if (columns.Length == 0)
        {
            throw new ArgumentException($"Values of type {typeof(T).Name} have no properties to make columns of; records or anonymous objects are wanted.", nameof(rows));
        }
        Show([.. columns.Select(column => column.Name.Replace('_', ' '))], rows.Select(row => columns.Select(column => column.GetValue(row)).ToArray()));
    }

    /// <summary>Shows rows under headings.</summary>
    /// <param name="headings">One per column.</param>
    /// <param name="rows">Each as long as <paramref name="headings"/>.</param>
    /// <exception cref="ArgumentException">A row is longer or shorter.</exception>
    public static void Show(IReadOnlyList<string> headings, IEnumerable<object?[]> rows)
    {
        object?[][] all = [.. rows];
        if (Array.FindIndex(all, row => row.Length != headings.Count) is >= 0 and var wrong)
        {
            throw new ArgumentException($"Row {wrong} has {all[wrong].Length} entries; {headings.Count} are wanted, one per heading.", nameof(rows));
        }
        string[][] texts = [.. all.Take(MostRows).Select(row => row.Select(Text).ToArray())];
        bool[] right = [.. headings.Select((_, column) => all.Length > 0 && all.All(row => row[column] is null or IFormattable and not Enum))];
        string more = all.Length > MostRows ? $"… and {all.Length - MostRows} more rows" : "";
        DisplayedValue.Show(new MimeBundle(new JsonObject
        {
            ["text/html"] = Html(headings, texts, right, more),
            ["text/plain"] = Plain(headings, texts, right, more),
        }));
    }

    private static string Html(IReadOnlyList<string> headings, string[][] rows, bool[] right, string more)
    {
        StringBuilder html = new("<table class=\"embodied-table\"><thead><tr>");
        html.AppendJoin("", headings.Select((heading, c) => $"<th scope=\"col\"{Align(c)}>{WebUtility.HtmlEncode(heading)}</th>")).Append("</tr></thead><tbody>");
        foreach (string[] row in rows)
        {
            html.Append("<tr>").AppendJoin("", row.Select((text, c) => $"<td{Align(c)}>{WebUtility.HtmlEncode(text)}</td>")).Append("</tr>");
        }
        return html.Append("</tbody></table>").Append(more.Length > 0 ? $"<p>{more}</p>" : "").ToString();

        string Align(int column) => $" style=\"text-align:{(right[column] ? "right" : "left")}\"";
    }

    private static string Plain(IReadOnlyList<string> headings, string[][] rows, bool[] right, string more)
    {
        int[] widths = [.. headings.Select((heading, c) => rows.Select(row => row[c].Length).Append(heading.Length).Max())];
        return string.Join('\n', ((IEnumerable<IReadOnlyList<string>>)[headings, .. rows]).Select(Line).Append(more)).TrimEnd();

        string Line(IReadOnlyList<string> row) =>
            string.Join("  ", row.Select((text, c) => right[c] ? text.PadLeft(widths[c]) : text.PadRight(widths[c]))).TrimEnd();
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        double number => Number(number),
        float number => Number(number),
        bool yes => yes ? "yes" : "no",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static string Number(double value) => Math.Abs(value) is >= 1e5 or (< 1e-3 and > 0)
        ? value.ToString("0.##e-0", CultureInfo.InvariantCulture)
        : value.ToString("G4", CultureInfo.InvariantCulture);
}
