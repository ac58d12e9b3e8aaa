using Embodied.Course.Book;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Running;

namespace Embodied.Notebooks.Tests.Book;

/// <summary>A book of the sample notebook, executed and written once for all tests of a class.</summary>
public sealed class SampleBook : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("book-").FullName;

    public string Folder => Path.Combine(folder, "book");

    public string Page => Path.Combine(Folder, "01-sample.html");

    public string Source => Directory.GetFiles(Path.Combine(Folder, "source")).Single();

    public async ValueTask InitializeAsync()
    {
        NotebookDocument document = NotebookDocument.Load(Path.Combine(AppContext.BaseDirectory, "Book", "sample.ipynb"));
        NotebookResult result = await Engine.Notebooks.RunAsync(document);
        Assert.True(result.Passed, result.Failure);
        await File.WriteAllTextAsync(Path.Combine(folder, "Some.cs"), "// A comment\npublic class Some { public string Text => \"text\"; }\n");
        BookWriter.Write([new BookChapter("01-sample", document, folder), new BookChapter("02-next", Next(), folder)], Folder);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static NotebookDocument Next()
    {
        NotebookDocument document = Engine.Notebooks.Of("1 + 1");
        document.Cells.Insert(0, new NotebookCell(CellKind.Markdown, "title", "# The next chapter\n\nShort. [Some source](Some.cs)"));
        return document;
    }
}
