namespace Embodied.Notebooks.Tests.Grading;

internal static class GradebookColumns
{
    /// <summary>Some columns of a gradebook, row by row from its heading; notebooks that are added to the course later leave them as they are.</summary>
    public static IEnumerable<string> Of(string book, params string[] names)
    {
        string[][] rows = [.. book.TrimEnd('\n').Split('\n').Select(row => row.Split(','))];
        int[] columns = [.. names.Select(name => Array.IndexOf(rows[0], name))];
        return rows.Select(row => string.Join(',', columns.Select(column => row[column])));
    }
}
