using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Embodied.Interactive.Documents;

namespace Embodied.Course.Grading;

/// <summary>Makes the students' version of a notebook.</summary>
public static class Release
{
    /// <summary>
    /// The notebook with stubs in place of solutions and without hidden checks, outputs and what only the instructor's has; cells keep their
    /// ids. Marked cells get the checksums that nbgrader computes, and cannot be deleted, checks neither edited, in editors that heed it.
    /// </summary>
    /// <param name="instructors">The instructor's notebook; it is left as it is.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="AssignmentException">A mark is malformed.</exception>
    public static NotebookDocument Of(NotebookDocument instructors, string name)
    {
        NotebookDocument students = NotebookDocument.Parse(instructors.ToJson(), name);
        foreach (NotebookCell cell in students.Cells)
        {
            cell.Metadata.Remove(Assignment.Metadata);
            if (cell.Kind == CellKind.Code)
            {
                cell.Outputs.Clear();
                cell.ExecutionCount = null;
                cell.Source = Regions.Visible(Regions.Stub(cell.Source));
            }
            if (GraderMark.Of(cell) is { } mark && (mark.Grade || mark.Solution || mark.Locked))
            {
                JsonObject metadata = cell.Metadata["nbgrader"]!.AsObject();
                metadata["cell_type"] = cell.Kind.ToString().ToLowerInvariant();
                metadata["checksum"] = Checksum(cell.Source, cell.Kind, mark);
                cell.Metadata["deletable"] = false;
                if (!mark.Solution)
                {
                    cell.Metadata["editable"] = false;
                }
            }
        }
        return students;
    }

    /// <summary>nbgrader's checksum of a marked cell: MD5 over its source, type, the flags grade, solution and locked, its id, and its points.</summary>
    /// <param name="source">The cell's source.</param>
    /// <param name="kind">Its type.</param>
    /// <param name="mark">Its mark.</param>
    public static string Checksum(string source, CellKind kind, GraderMark mark)
    {
        // A solution is never locked and a check always is, whatever the flag says.
        bool locked = !mark.Solution && (mark.Grade || mark.Locked);
        string points = mark.Points.ToString("R", CultureInfo.InvariantCulture);
        string text = source + kind.ToString().ToLowerInvariant() + mark.Grade + mark.Solution + locked + mark.Id
            + (mark.Grade ? points.Contains('.', StringComparison.Ordinal) ? points : points + ".0" : "");
#pragma warning disable CA5351 // Not for secrecy: nbgrader compares it.
        return Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351
    }
}
