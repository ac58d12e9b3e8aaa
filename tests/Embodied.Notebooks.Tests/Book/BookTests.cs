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
    [InlineData("## A heading with $\\mu$", "<math")]
    public void Math_becomes_MathML_wherever_it_stands(string markdown, string expected) => Assert.Contains(expected, Page(Prose(markdown)), StringComparison.Ordinal);

    [Theory]
    [InlineData("$a^$", "'a^' is malformed.")]
    [InlineData("$$\\begin{matrx} a \\end{matrx}$$", "matrx")]
    [InlineData("| a |\n|---|\n| $\\nosuch$ |", "\\nosuch")]
    public void Malformed_TeX_is_told_in_words_for_an_author(string markdown, string telling) =>
        Assert.Contains(telling, Assert.Throws<BookException>(() => Write(Prose(markdown))).Message, StringComparison.Ordinal);

    [Fact]
    public void TeX_nested_beyond_measure_is_an_error_and_no_crash()
    {
        string tex = string.Concat(Enumerable.Repeat("\\sqrt{", 5000)) + "x" + new string('}', 5000);
        Assert.StartsWith("08-test.ipynb, cell 1", Assert.Throws<BookException>(() => Write(Prose($"${tex}$"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Markdown_is_what_notebook_editors_take_it_for()
    {
        string page = Page(Prose("# T\n\n- J. Shi and J. Malik, 2000\n- U. von Luxburg, 2007\n\n## a < b, c > d & <i>e</i>\n\n## Main"));
        Assert.Contains("<li>J. Shi and J. Malik, 2000</li>", page, StringComparison.Ordinal);
        Assert.Contains("id=\"a-b-c-d-e\"", page, StringComparison.Ordinal);
        Assert.Single(page.Split("id=\"main\"").Skip(1));
    }

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

    [Theory]
    [InlineData("10 %\\r20 %\\r\\ndone\\n", "<pre class=\"stdout\">20 %\ndone</pre>")]
    [InlineData("one\\r\\ntwo\\r\\n", "<pre class=\"stdout\">one\ntwo</pre>")]
    public void Text_written_over_is_gone_as_on_a_terminal(string text, string expected)
    {
        NotebookCell cell = new(CellKind.Code, "code", "x");
        cell.Outputs.Add(JsonNode.Parse($$"""{"output_type":"stream","name":"stdout","text":"{{text}}"}"""));
        Assert.Contains(expected, Page(cell), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a < b & c > d", "a &lt; b &amp; c &gt; d</figcaption>")]
    [InlineData("p &lt; 0.05, <b>x<sub>2</sub></b><a href='x'>y</a>", "p &lt; 0.05, <b>x<sub>2</sub></b>&lt;a href")]
    public void A_charts_title_is_text_with_the_few_tags_that_charts_know(string title, string expected)
    {
        NotebookCell cell = new(CellKind.Code, "code", "x");
        JsonObject figure = new() { ["data"] = new JsonArray(), ["layout"] = new JsonObject { ["title"] = title } };
        cell.Outputs.Add(new JsonObject { ["output_type"] = "display_data", ["data"] = new JsonObject { ["application/vnd.plotly.v1+json"] = figure } });
        Assert.Contains(expected, Page(cell), StringComparison.Ordinal);
    }

    [Fact]
    public void An_animation_gets_controls_of_the_page_and_others_keep_their_own()
    {
        const string Steps = """[{"method":"animate","label":"1","args":[["f1"]]},{"method":"animate","label":"<2>","args":[["f2"]]}]""";
        string page = Page(Chart($$$"""{"data":[],"frames":[{"name":"f1"},{"name":"f2"}],"layout":{"height":500,"margin":{"t":40,"b":180},"sliders":[{"currentvalue":{"prefix":"step "},"steps":{{{Steps}}}}],"updatemenus":[{"buttons":[{"method":"animate","args":[null,{"frame":{"duration":50}}]}]}]}}"""));
        Assert.Contains("data-frames=\"[&quot;f1&quot;,&quot;f2&quot;]\"", page, StringComparison.Ordinal);
        Assert.Contains("data-milliseconds=\"50\" data-counts=\"step\"", page, StringComparison.Ordinal);
        Assert.Contains("max=\"1\"", page, StringComparison.Ordinal);
        Assert.Contains("<span class=\"moment\">step 1</span>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("updatemenus", page, StringComparison.Ordinal);
        Assert.Contains("style=\"height:416px\"", page, StringComparison.Ordinal);

        string other = Page(Chart("""{"data":[],"frames":[{"name":"f1"}],"layout":{"sliders":[{"steps":[{"method":"relayout","label":"a","args":[{}]},{"method":"relayout","label":"b","args":[{}]}]}]}}"""));
        Assert.DoesNotContain("class=\"player\"", other, StringComparison.Ordinal);
        Assert.Contains("\"sliders\"", other, StringComparison.Ordinal);

        static NotebookCell Chart(string figure)
        {
            NotebookCell cell = new(CellKind.Code, "code", "x");
            cell.Outputs.Add(new JsonObject { ["output_type"] = "display_data", ["data"] = new JsonObject { ["application/vnd.plotly.v1+json"] = JsonNode.Parse(figure) } });
            return cell;
        }
    }

    [Fact]
    public void Links_lead_inside_the_book_and_to_pages_of_the_librarys_source()
    {
        File.WriteAllText(Path.Combine(folder, "Lanczos.cs"), "public class Lanczos<T> { }");
        Directory.CreateDirectory(Path.Combine(folder, "x"));
        File.WriteAllText(Path.Combine(folder, "x", "Lanczos.cs"), "class Other { }");
        File.WriteAllText(Path.Combine(folder, "x", "bits.bin"), "");
        string page = Page(Prose("[n](08-test.ipynb#Two-Words) [later *word*](09-later.ipynb) [s](Lanczos.cs) [w](https://example.org) [h](#here) [d](x) [b](x/bits.bin)"));
        Assert.Contains("href=\"08-test.html#two-words\"", page, StringComparison.Ordinal);
        Assert.Contains("</a> later <em>word</em> <a", page, StringComparison.Ordinal);
        Assert.Contains("</a> d b</p>", page, StringComparison.Ordinal);
        Assert.Contains("href=\"https://example.org\"", page, StringComparison.Ordinal);
        Assert.Contains("href=\"#here\"", page, StringComparison.Ordinal);
        string source = page.Split("href=\"source/")[1].Split('"')[0];
        Assert.Contains("<span class=\"t\">Lanczos</span>&lt;T&gt;", File.ReadAllText(Path.Combine(folder, "book", "source", source)), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_files_of_one_name_have_two_pages()
    {
        foreach (string part in (string[])["one", "two"])
        {
            Directory.CreateDirectory(Path.Combine(folder, part, "x"));
            File.WriteAllText(Path.Combine(folder, part, "x", "A.cs"), $"class {part} {{ }}");
        }
        Write(Prose("[1](one/x/A.cs) [2](two/x/A.cs)"));
        Assert.Equal(["x-A.cs-2.html", "x-A.cs.html"], Directory.GetFiles(Path.Combine(folder, "book", "source")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_link_that_leads_nowhere_fails_the_book() =>
        Assert.Equal(
            "08-test.ipynb, cell 1 (id 'prose-1'): the link to '../lib/Absent.cs' leads nowhere.",
            Assert.Throws<BookException>(() => Write(Prose("[a](../lib/Absent.cs)"))).Message);

    [Theory]
    [InlineData("index", "index.ipynb and the contents would be the same page")]
    [InlineData("08-TEST", "08-TEST.ipynb and 08-test.ipynb would be the same page")]
    public void Two_pages_of_one_name_fail_the_book(string name, string telling)
    {
        BookChapter[] chapters = [new("08-test", new NotebookDocument(), folder), new(name, new NotebookDocument(), folder)];
        Assert.StartsWith(telling, Assert.Throws<BookException>(() => BookWriter.Write(chapters, Path.Combine(folder, "book"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_book_leaves_the_older_one()
    {
        Write(Prose("# One"));
        Assert.Throws<OperationCanceledException>(() =>
            BookWriter.Write([new BookChapter("09", new NotebookDocument(), folder)], Path.Combine(folder, "book"), new CancellationToken(canceled: true)));
        Assert.True(File.Exists(Path.Combine(folder, "book", "08-test.html")));
        Assert.Equal(["book"], Directory.GetFileSystemEntries(folder).Select(Path.GetFileName));
    }

    [Fact]
    public void The_contents_tell_what_ran_and_what_stopped()
    {
        NotebookCell failed = new(CellKind.Code, "code", "x"), foreseen = new(CellKind.Code, "code", "x"), fresh = new(CellKind.Code, "code", "x");
        failed.Outputs.Add(JsonNode.Parse("""{"output_type":"error","ename":"E","evalue":"v","traceback":[]}"""));
        foreseen.Outputs.Add(failed.Outputs[0]!.DeepClone());
        foreseen.Metadata["tags"] = new JsonArray("raises-exception");
        Assert.Contains("stopped at an error", Contents(failed), StringComparison.Ordinal);
        Assert.DoesNotContain("stopped at an error", Contents(foreseen), StringComparison.Ordinal);
        Assert.Contains("not executed yet", Contents(fresh), StringComparison.Ordinal);

        string Contents(NotebookCell cell)
        {
            Write(cell);
            return File.ReadAllText(Path.Combine(folder, "book", "index.html"));
        }
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

        NotebookCell tagged = new(CellKind.Code, "t", "int a = 1;"), closed = new(CellKind.Code, "c", "int a = 1;"), open = new(CellKind.Code, "o", "int a = 1;");
        tagged.Metadata["tags"] = new JsonArray("hide-input");
        closed.Metadata["jupyter"] = new JsonObject { ["source_hidden"] = true };
        Assert.Contains("<summary>Code</summary>", Page(tagged), StringComparison.Ordinal);
        Assert.Contains("<summary>Code</summary>", Page(closed), StringComparison.Ordinal);
        Assert.DoesNotContain("<summary>", Page(open), StringComparison.Ordinal);
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
