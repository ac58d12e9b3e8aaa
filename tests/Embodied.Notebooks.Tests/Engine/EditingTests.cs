using Embodied.Interactive.Editing;
using Embodied.Interactive.Session;

namespace Embodied.Notebooks.Tests.Engine;

public sealed class EditingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("editing-").FullName;
    private readonly CSharpSession session;

    public EditingTests()
    {
        session = new CSharpSession(new SessionOptions { WorkingDirectory = folder });
        Run("#r \"Embodied.dll\"\nusing Embodied.Objects;");
        Run("int apple = 3; string Banana(int count, string s = \"x\") => s; class Own { public int Size; public static int Made; }");
    }

    public void Dispose()
    {
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("app|", "apple", "variable")]
    [InlineData("Ban|", "Banana", "method")]
    [InlineData("new Own().Si|", "Size", "field")]
    [InlineData("Own.Ma|", "Made", "field")]
    [InlineData("var q = apple.ToSt|", "ToString", "method")]
    [InlineData("\"abc\".Sub|", "Substring", "method")]
    [InlineData("new List<int>().Whe|", "Where", "method")]
    [InlineData("int local = 1; loc|", "local", "variable")]
    [InlineData("Func<int, int> f = number => num|", "number", "parameter")]
    [InlineData("using System.Coll|", "Collections", "namespace")]
    [InlineData("Norm|", "NormalizedCut", "class")]
    [InlineData("NC|", "NormalizedCut", "class")]
    [InlineData("DayOfWeek.Mon|", "Monday", "enum member")]
    [InlineData("fore|", "foreach", "keyword")]
    [InlineData("apple?.ToS|", "ToString", "method")]
    public void What_could_be_typed_is_offered(string marked, string text, string kind)
    {
        CompletionList list = Complete(marked);
        Assert.Contains(list.Items, item => item.Text == text && item.Kind == kind);
    }

    [Theory]
    [InlineData("// app|")]
    [InlineData("\"app|\"")]
    public void Nothing_is_offered_inside_comments_and_texts(string marked) => Assert.Empty(Complete(marked).Items);

    [Fact]
    public void Members_are_those_of_the_side_that_was_asked()
    {
        Assert.DoesNotContain(Complete("new Own().|").Items, item => item.Text == "Made");
        Assert.DoesNotContain(Complete("Own.|").Items, item => item.Text == "Size");
        Assert.DoesNotContain(Complete("new Own().|").Items, item => item.Kind == "keyword");
        Completion banana = Complete("Banan|").Items.Single();
        Assert.Equal("(int count, string s = \"x\") → string", banana.Signature);
    }

    [Fact]
    public void Paths_of_directives_are_completed_from_the_notebooks_folder()
    {
        Directory.CreateDirectory(Path.Combine(folder, "lib"));
        File.WriteAllText(Path.Combine(folder, "setup.csx"), "");
        File.WriteAllText(Path.Combine(folder, "lib", "a.dll"), "");
        Assert.Equal(["setup.csx"], Complete("#load \"s|").Items.Select(item => item.Text));
        Assert.Equal(["lib/"], Complete("#r \"|").Items.Select(item => item.Text));
        Assert.Equal(["a.dll"], Complete("#r \"lib/|").Items.Select(item => item.Text));
        Assert.Empty(Complete("#r \"absent/|").Items);
    }

    [Fact]
    public void Inspection_shows_signature_and_documentation_the_librarys_too()
    {
        Inspection cut = session.Inspect("NormalizedCut.Solve", 16)!;
        Assert.Contains("NormalizedCut.Solve(", cut.Signature, StringComparison.Ordinal);
        Assert.Contains("The relaxed problem's solutions", cut.Documentation, StringComparison.Ordinal);
        Assert.Contains("Throws ArgumentException:", cut.Documentation, StringComparison.Ordinal);
        Assert.Equal("string Banana(int count, string s = \"x\")", session.Inspect("Banana(1)", 2)!.Signature);
        Assert.Null(session.Inspect("", 0));
        Assert.Null(session.Inspect("1 + 2", 2));
    }

    private CompletionList Complete(string marked)
    {
        int position = marked.IndexOf('|', StringComparison.Ordinal);
        return session.Complete(marked.Remove(position, 1), position);
    }

    private void Run(string code)
    {
        CellResult result = session.ExecuteAsync(code, _ => { }).GetAwaiter().GetResult();
        Assert.True(result.Error is null, result.Error?.Message);
    }
}
