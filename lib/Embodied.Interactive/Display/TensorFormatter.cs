using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.DotNet.Interactive.Formatting;
using static TorchSharp.torch;

namespace Embodied.Interactive.Display;

/// <summary>Shows a tensor as its shape, type and device, its range, and a peek at its entries: never a wall of digits.</summary>
internal static class TensorFormatter
{
    private const int MostRows = 8;
    private const int MostColumns = 10;

    public static void Register()
    {
        Formatter.SetPreferredMimeTypesFor(typeof(Tensor), "text/html", "text/plain");
        Formatter.Register<Tensor>((tensor, writer) => writer.Write(Plain(tensor)), "text/plain");
        Formatter.Register<Tensor>((tensor, writer) => writer.Write(Html(tensor)), "text/html");
    }

    private static string Plain(Tensor tensor)
    {
        if (tensor.IsInvalid)
        {
            return "a disposed tensor";
        }
        StringBuilder text = new(Header(tensor));
        if (Peek(tensor) is { } peek)
        {
            text.Append('\n');
            int width = peek.Entries.SelectMany(row => row).Max(entry => entry.Length);
            foreach (string[] row in peek.Entries)
            {
                text.Append(string.Join("  ", row.Select(entry => entry.PadLeft(width)))).Append(peek.MoreColumns ? "  …" : "").Append('\n');
            }
            text.Append(peek.MoreRows ? "…" : "");
        }
        return text.ToString().TrimEnd();
    }

    private static string Html(Tensor tensor)
    {
        if (tensor.IsInvalid)
        {
            return "<p>a disposed tensor</p>";
        }
        StringBuilder html = new($"<div class=\"embodied-tensor\"><p><code>{WebUtility.HtmlEncode(Header(tensor))}</code></p>");
        if (Peek(tensor) is { } peek)
        {
            html.Append("<table>");
            foreach (string[] row in peek.Entries)
            {
                html.Append("<tr>").AppendJoin("", row.Select(entry => $"<td style=\"text-align:right\">{entry}</td>"))
                    .Append(peek.MoreColumns ? "<td>…</td>" : "").Append("</tr>");
            }
            html.Append(peek.MoreRows ? "<tr><td>…</td></tr>" : "").Append("</table>");
        }
        return html.Append("</div>").ToString();
    }

    private static string Header(Tensor tensor)
    {
        string type = tensor.dtype.ToString().ToLowerInvariant();
        string header = $"{type} [{string.Join(", ", tensor.shape)}] on {tensor.device}{(tensor.requires_grad ? ", requires grad" : "")}";
        if (tensor.numel() <= 1 || tensor.is_complex() || tensor.dtype == ScalarType.Bool)
        {
            return header;
        }
        using var scope = NewDisposeScope();
        using Tensor values = tensor.detach().to(float64);
        double least = values.min().item<double>(), most = values.max().item<double>(), mean = values.mean().item<double>();
        return FormattableString.Invariant($"{header}, from {least:G4} to {most:G4}, mean {mean:G4}");
    }

    private sealed record Entries2D(string[][] Entries, bool MoreRows, bool MoreColumns);

    private static Entries2D? Peek(Tensor tensor)
    {
        if (tensor.dim() > 2 || tensor.numel() == 0)
        {
            return null;
        }
        using var scope = NewDisposeScope();
        Tensor matrix = tensor.detach().cpu();
        matrix = matrix.dim() == 2 ? matrix : matrix.reshape(1, -1);
        long rows = matrix.shape[0], columns = matrix.shape[1];
        Tensor peek = matrix.narrow(0, 0, Math.Min(rows, MostRows)).narrow(1, 0, Math.Min(columns, MostColumns));
        string[][] entries = new string[peek.shape[0]][];
        for (long i = 0; i < peek.shape[0]; i++)
        {
            entries[i] = new string[peek.shape[1]];
            for (long j = 0; j < peek.shape[1]; j++)
            {
                entries[i][j] = Entry(peek[i, j]);
            }
        }
        return new Entries2D(entries, rows > MostRows, columns > MostColumns);
    }

    private static string Entry(Tensor scalar) => scalar.dtype switch
    {
        ScalarType.Bool => scalar.item<bool>() ? "true" : "false",
        ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64 => Complex(scalar),
        ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64 =>
            scalar.to(float64).item<double>().ToString("G4", CultureInfo.InvariantCulture),
        _ => scalar.to(int64).item<long>().ToString(CultureInfo.InvariantCulture),
    };

    private static string Complex(Tensor scalar)
    {
        double re = scalar.real.to(float64).item<double>(), im = scalar.imag.to(float64).item<double>();
        return FormattableString.Invariant($"{re:G4}{(im < 0 ? "−" : "+")}{Math.Abs(im):G4}i");
    }
}
