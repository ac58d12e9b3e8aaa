namespace Embodied.Interactive.Session;

/// <summary>How a <see cref="CSharpSession"/> behaves.</summary>
public sealed record SessionOptions
{
    /// <summary>Where the relative paths of <c>#r</c> and <c>#load</c> begin: the notebook's folder.</summary>
    public string WorkingDirectory { get; init; } = Environment.CurrentDirectory;

    /// <summary>How long a cell may take to stop once it is told to.</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Whether the first chart's HTML carries plotly.js (3.5 MB), for viewers that know no Plotly MIME type; the book and other
    /// readers of the MIME type do without.
    /// </summary>
    public bool EmbedPlotly { get; init; } = true;

    /// <summary>Asks the person for what a cell reads from the console; null: nobody is there, and reading finds the end of input.</summary>
    public AskPerson? Ask { get; init; }
}
