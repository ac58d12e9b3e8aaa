using Embodied.Course;
using Embodied.Course.Grading;
using Embodied.Interactive.Documents;
using Embodied.Notebooks.Tests.Commands;

namespace Embodied.Notebooks.Tests.Grading;

public sealed class GradingTests
{
    private static readonly CourseFolder Folder = new(CourseTool.Root);

    [Fact]
    public void Exercises_need_none_of_the_notebooks_long_cells()
    {
        foreach (string file in Folder.NotebookFiles())
        {
            Assignment assignment = Assignment.Load(file);
            NotebookCell[] cells = [.. assignment.Document.Cells.Where(cell => cell.Kind == CellKind.Code)];
            int[] marked = [.. Enumerable.Range(0, cells.Length).Where(i => GraderMark.Of(cells[i]) is not null)];
            int[] needed = [.. CellNames.Needed([.. cells.Select(cell => cell.Source)], marked).Except(marked)];
            Assert.True(needed.Length <= 3, $"{assignment.Name}: {string.Join(", ", needed.Select(i => cells[i].Source.Split('\n')[0]))}");
        }
    }
}
