using Plotly.NET;

namespace Embodied.Course.Book;

/// <summary>Files that every book carries.</summary>
internal static class BookAssets
{
    private const string Plotly = "plotly-2.28.0.min.js";

    private static readonly string[] Carried =
    [
        "book.css", "book.js", "temml.css", "Temml.woff2", "temml.LICENSE.txt", "stix-two-math.woff2", "stix-two-math.LICENSE.txt",
    ];

    /// <summary>The text of an asset.</summary>
    public static string Text(string name)
    {
        using StreamReader reader = new(Open(name));
        return reader.ReadToEnd();
    }

    /// <summary>Writes the files into <paramref name="folder"/>.</summary>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string name in Carried)
        {
            Copy(Open(name), Path.Combine(folder, name));
        }
        Copy(
            typeof(GenericChart).Assembly.GetManifestResourceStream($"Plotly.NET.{Plotly}")
                ?? throw new InvalidOperationException($"Plotly.NET carries no {Plotly} any more; adapt {nameof(BookAssets)} to the version it has."),
            Path.Combine(folder, "plotly.min.js"));
    }

    private static Stream Open(string name) =>
        typeof(BookAssets).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The asset {name} is not part of this build.");

    private static void Copy(Stream from, string path)
    {
        using (from)
        {
            using FileStream to = File.Create(path);
            from.CopyTo(to);
        }
    }
}
