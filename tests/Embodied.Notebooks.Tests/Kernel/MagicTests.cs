using Embodied.Course.Kernel.Magics;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Notebooks.Tests.Kernel;

public sealed class MagicTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("magic-").FullName;
    private readonly CSharpSession session;
    private readonly CellRunner cells;
    private readonly List<CellOutput> shown = [];

    public MagicTests()
    {
        session = new CSharpSession(new SessionOptions { WorkingDirectory = folder });
        cells = new CellRunner(session, folder);
    }

    public void Dispose()
    {
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("#!html\n<b>x</b>", "text/html")]
    [InlineData("#!markdown\n# x", "text/markdown")]
    [InlineData("#!mermaid\ngraph TD; A-->B", "text/vnd.mermaid")]
    [InlineData("#!javascript\nconsole.log(1)", "application/javascript")]
    public async Task The_lines_that_follow_are_shown_as_what_they_are(string code, string mime)
    {
        Assert.Null((await RunAsync(code)).Error);
        MimeBundle bundle = shown.OfType<DisplayData>().Single().Bundle;
        Assert.Equal(code.Split('\n', 2)[1], bundle.Data[mime]!.GetValue<string>());
        Assert.True(bundle.Data.ContainsKey("text/plain"));
    }

    [Fact]
    public async Task Languages_may_change_within_a_cell_and_errors_name_the_cells_own_lines()
    {
        CellResult result = await RunAsync("int a = 2;\n#!markdown\nprose\n#!csharp\na *= 3;\nmissing");
        Assert.Contains("cell 1(6,1): error CS0103", result.Error!.Traceback[0], StringComparison.Ordinal);
        Assert.Equal("prose", shown.OfType<DisplayData>().Single().Bundle.PlainText);
        await RunAsync("#!c#\na");
        Assert.Equal("2", shown.OfType<ExecuteResult>().Last().Bundle.PlainText);
    }

    [Fact]
    public async Task Time_is_shown_in_milliseconds()
    {
        await RunAsync("#!time\nawait Task.Delay(30); 5");
        Assert.Matches(@"^Wall time: \d+\.\d ms$", shown.OfType<DisplayData>().Single().Bundle.PlainText);
        Assert.Equal("5", shown.OfType<ExecuteResult>().Single().Bundle.PlainText);
    }

    [Fact]
    public async Task Who_and_whos_list_the_variables_and_the_last_of_a_name_counts()
    {
        await RunAsync("#!who");
        Assert.Equal("The session has no variables.", shown.OfType<DisplayData>().Single().Bundle.PlainText);
        await RunAsync("int n = 1; var list = new List<string> { \"a\" };");
        await RunAsync("double n = 2.5; int[,] grid = new int[2, 2]; int? none = null;");
        await RunAsync("#!who");
        Assert.Equal("grid  list  n  none", shown.OfType<DisplayData>().Single().Bundle.PlainText);
        await RunAsync("#!whos");
        string text = shown.OfType<DisplayData>().Single().Bundle.PlainText;
        Assert.Contains("double n = 2.5", text, StringComparison.Ordinal);
        Assert.Contains("List<string> list = ", text, StringComparison.Ordinal);
        Assert.Contains("int[,] grid", text, StringComparison.Ordinal);
        Assert.Contains("int? none = null", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Imports_run_a_notebook_or_a_file_here()
    {
        Engine.Notebooks.Of("int fromNotebook = 4;", "fromNotebook++;").Save(Path.Combine(folder, "other.ipynb"));
        File.WriteAllText(Path.Combine(folder, "helper.csx"), "int fromFile = 6;");
        Assert.Null((await RunAsync("#!import other.ipynb\n#!import \"helper.csx\"\nfromNotebook * fromFile")).Error);
        Assert.Equal("30", shown.OfType<ExecuteResult>().Single().Bundle.PlainText);
        Assert.Contains("finds no file 'absent.csx'", (await RunAsync("#!import absent.csx")).Error!.Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "broken.ipynb"), "{");
        Assert.Contains("broken.ipynb", (await RunAsync("#!import broken.ipynb")).Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1\n#!tme\n2", "Line 2: there is no magic '#!tme'; did you mean '#!time'? #!lsmagic lists them.")]
    [InlineData("#!fsharp", "Line 1: there is no magic '#!fsharp'")]
    [InlineData("#!import", "Line 1: #!import needs the path")]
    [InlineData("#!share --from fsharp x", "Line 1: #!share moves values between languages")]
    public async Task A_magic_that_cannot_be_done_is_a_clear_error_and_nothing_runs(string code, string telling)
    {
        CellResult result = await RunAsync(code);
        Assert.StartsWith(telling, result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal([result.Error], shown);
    }

    [Fact]
    public async Task Lsmagic_lists_every_magic()
    {
        await RunAsync("#!lsmagic");
        Assert.All(MagicParser.All.Keys, magic => Assert.Contains(magic, shown.OfType<DisplayData>().Single().Bundle.PlainText, StringComparison.Ordinal));
    }

    private Task<CellResult> RunAsync(string code)
    {
        shown.Clear();
        return cells.RunAsync(code, shown.Add, $"cell {session.ExecutionCount + 1}", CancellationToken.None);
    }
}
