using System.Text.Json.Nodes;
using Embodied.Course.Book;
using Embodied.Interactive.Documents;

namespace Embodied.Notebooks.Tests.Book;

public sealed class BookTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("book-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void An_unknown_TeX_command_fails_the_book_by_name_notebook_and_cell()
    {
        BookException e = Assert.Throws<BookException>(() => Write(Prose("fine $x$"), Prose("# T\n\nWrong: $a + \\grandient x$")));
        Assert.StartsWith("08-test.ipynb, cell 2 (id 'prose-2'): a formula cannot be typeset:", e.Message, StringComparison.Ordinal);
        Assert.Contains("\\grandient", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Theory]
    [InlineData("$x_1^2$", "<msubsup>")]
    [InlineData("$$\\frac{a}{b}$$", "<mfrac>")]
    [InlineData("$$\n\\begin{bmatrix} a & b \\\\ c & d \\end{bmatrix}\n$$", "<mtable")]
    [InlineData("| a |\n|---|\n| $\\lambda$ |", "<math")]
    [InlineData("- $\\hat{x}$", "<mover")]
    [InlineData("text\n\n$$a = b\n+ c$$\n\nmore", "<mo>+</mo>")]
    [InlineData("$$\\begin{aligned}\na &= b \\\\\nc &= d\n\\end{aligned}$$", "<mtable")]
    [InlineData("inline $a\n+ b$ over lines", "<mo>+</mo>")]
    [InlineData("- item\n  $$\n  a + b\n  $$\n- next", "<mo>+</mo>")]
    [InlineData("> $$\n> a + b\n> $$", "<mo>+</mo>")]
    public void Math_becomes_MathML_wherever_it_stands(string markdown, string expected) => Assert.Contains(expected, Page(Prose(markdown)), StringComparison.Ordinal);

    [Theory]
    [InlineData("`$x$`", "<code>$x$</code>")]
    [InlineData("It costs 5$ and 6$.", "5$ and 6$")]
    [InlineData("```\n$x$\n```", "$x$")]
    [InlineData("```\n$$x\n+ y$$\n```", "$$x\n+ y$$")]
    [InlineData("From 5$ to\n6$ a piece", "6$ a piece")]
    public void Code_and_money_are_no_math(string markdown, string expected)
    {
        string page = Page(Prose(markdown));
        Assert.DoesNotContain("<math", page, StringComparison.Ordinal);
        Assert.Contains(expected, page, StringComparison.Ordinal);
    }

    [Fact]
    public void Code_is_coloured_by_the_syntax_tree_and_escaped()
    {
        NotebookCell cell = new(CellKind.Code, "code", "#r \"x.dll\"\nvar list = new List<int>(); // <b>\nstring s = $\"{list.Count} < {F(3)}\"; int value = 1_000;");
        string page = Page(cell);
        foreach (string part in (string[])
        [
            "<span class=\"d\">#r &quot;x.dll&quot;", "<span class=\"k\">var</span>", "<span class=\"t\">List</span>", "<span class=\"c\">// &lt;b&gt;</span>",
            "<span class=\"s\"> &lt; </span>", "<span class=\"m\">F</span>", "<span class=\"n\">1_000</span>", "value",
        ])
        {
            Assert.Contains(part, page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Outputs_take_their_richest_form_and_text_is_escaped()
    {
        NotebookCell cell = new(CellKind.Code, "code", "x");
        cell.Outputs.Add(JsonNode.Parse("""{"output_type":"stream","name":"stdout","text":["\u001b[31m<red>\u001b[0m\n","two"]}"""));
        cell.Outputs.Add(JsonNode.Parse("""{"output_type":"display_data","metadata":{},"data":{"text/plain":"p","text/html":["<b>bold</b>"]}}"""));
        cell.Outputs.Add(JsonNode.Parse("""{"output_type":"display_data","metadata":{"image/png":{"width":5}},"data":{"text/plain":"an image","image/png":"aGk=\n"}}"""));
        cell.Outputs.Add(JsonNode.Parse("""{"output_type":"execute_result","execution_count":1,"metadata":{},"data":{"text/plain":"<plain>"}}"""));
        cell.Outputs.Add(JsonNode.Parse("""{"output_type":"display_data","metadata":{},"data":{"text/plain":"f","text/html":"never","application/vnd.plotly.v1+json":{"data":[{"name":"</script>"}],"layout":{"title":{"text":"A<br>title"},"height":300,"margin":{"t":60}}}}}"""));
        cell.Outputs.Add(JsonNode.Parse("""{"output_type":"error","ename":"E","evalue":"v","traceback":["E: v <x>"]}"""));
        string page = Page(cell);
        foreach (string part in (string[])
        [
            "<pre class=\"stdout\">&lt;red&gt;\ntwo</pre>", "<b>bold</b>", "src=\"data:image/png;base64,aGk=\" alt=\"an image\" width=\"5\"",
            "<pre class=\"value\">&lt;plain&gt;</pre>", ">A title</figcaption>", "\\u003C/script\\u003E", "<pre class=\"error\">E: v &lt;x&gt;</pre>",
        ])
        {
            Assert.Contains(part, page, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("never", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_lead_inside_the_book_and_to_pages_of_the_librarys_source()
    {
        File.WriteAllText(Path.Combine(folder, "Lanczos.cs"), "public class Lanczos<T> { }");
        string page = Page(Prose("[n](09-other.ipynb) [s](Lanczos.cs) [w](https://example.org) [h](#here)"));
        Assert.Contains("href=\"09-other.html\"", page, StringComparison.Ordinal);
        Assert.Contains("href=\"https://example.org\"", page, StringComparison.Ordinal);
        Assert.Contains("href=\"#here\"", page, StringComparison.Ordinal);
        string source = page.Split("href=\"source/")[1].Split('"')[0];
        Assert.Contains("<span class=\"t\">Lanczos</span>&lt;T&gt;", File.ReadAllText(Path.Combine(folder, "book", "source", source)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("![a](absent.png)", "there is no image 'absent.png'")]
    [InlineData("![a](attachment:absent.png)", "is not attached to the cell")]
    [InlineData("![a](https://example.org/a.png)", "the book has to work without one")]
    public void An_image_that_cannot_be_shown_fails_the_book(string markdown, string telling) =>
        Assert.Contains(telling, Assert.Throws<BookException>(() => Write(Prose(markdown))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_book_replaces_an_older_book_but_nothing_else()
    {
        Write(Prose("# One"));
        Write(Prose("# Two"));
        Assert.Contains("Two", File.ReadAllText(Path.Combine(folder, "book", "08-test.html")), StringComparison.Ordinal);
        Assert.Equal(["book"], Directory.GetFileSystemEntries(folder).Select(Path.GetFileName));

        string own = Directory.CreateDirectory(Path.Combine(folder, "thesis")).FullName;
        File.WriteAllText(Path.Combine(own, "thesis.txt"), "years of work");
        Assert.Contains("holds something that is no book", Assert.Throws<BookException>(() => BookWriter.Write([], own)).Message, StringComparison.Ordinal);
        Assert.Equal("years of work", File.ReadAllText(Path.Combine(own, "thesis.txt")));
    }

    [Fact]
    public void A_solution_is_folded_and_hidden_input_too()
    {
        NotebookCell solution = new(CellKind.Code, "s", "int answer = 42;");
        solution.Metadata["nbgrader"] = new JsonObject { ["solution"] = true };
        Assert.Contains("<summary>A solution</summary>", Page(solution), StringComparison.Ordinal);
    }

    private static NotebookCell Prose(string markdown) => new(CellKind.Markdown, "prose", markdown);

    private string Page(params NotebookCell[] cells)
    {
        Write(cells);
        return File.ReadAllText(Path.Combine(folder, "book", "08-test.html"));
    }

    private void Write(params NotebookCell[] cells)
    {
        NotebookDocument document = new();
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i].Id = $"{cells[i].Id.Split('-')[0]}-{i + 1}";
            document.Cells.Add(cells[i]);
        }
        BookWriter.Write([new BookChapter("08-test", document, folder)], Path.Combine(folder, "book"));
    }
}
