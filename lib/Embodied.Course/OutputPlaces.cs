namespace Embodied.Course;

/// <summary>Where a run's results lie.</summary>
/// <param name="Root">The folder given by <c>--out</c>.</param>
public sealed record OutputPlaces(string Root)
{
    /// <summary>The executed notebooks.</summary>
    public string Notebooks => Path.GetFullPath(Path.Combine(Root, "notebooks"));

    /// <summary>The book.</summary>
    public string Book => Path.GetFullPath(Path.Combine(Root, "book"));

    /// <summary>The executed notebook of a name.</summary>
    public string Notebook(string name) => Path.Combine(Notebooks, name + ".ipynb");
}
