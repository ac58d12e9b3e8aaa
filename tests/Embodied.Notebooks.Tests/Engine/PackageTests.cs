using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Embodied.Notebooks.Tests.Engine;

/// <summary><c>#r "nuget: …"</c>, on packages made here: no test needs the network.</summary>
public sealed class PackageTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("packages-").FullName;
    private readonly TestSession session;

    public PackageTests()
    {
        Directory.CreateDirectory(Path.Combine(folder, "feed"));
        Sources("feed");
        string inner = Pack("Made.Inner", "1.2.0", "namespace Made.Inner; public static class Source { public static int Value => 21; }");
        Pack("Made.Outer", "2.0.0", "namespace Made.Outer; public static class Twice { public static int Value => 2 * Made.Inner.Source.Value; }", inner, "Made.Inner", "1.0.0");
        session = new TestSession(folder, graceSeconds: 10);
    }

    public void Dispose()
    {
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_package_is_restored_with_what_it_needs_and_stays_for_later_cells()
    {
        Assert.Equal("42", await session.ValueAsync("#r \"nuget: Made.Outer, 2.0.0\"\nusing Made.Outer;\nTwice.Value"));
        Assert.Contains(session.Outputs.OfType<DisplayData>(), shown => shown.Bundle.PlainText.StartsWith("Restoring Made.Outer 2.0.0", StringComparison.Ordinal));
        Assert.Equal("63", await session.ValueAsync("Twice.Value + Made.Inner.Source.Value"));
        Assert.Equal("42", await session.ValueAsync("#r \"nuget:Made.Outer,2.0.0\"\nTwice.Value"));
        Assert.Empty(session.Outputs.OfType<DisplayData>());
        string message = (await session.RunAsync("#r \"nuget: Made.Outer, 3.0.0\"")).Error!.Message;
        Assert.StartsWith("Made.Outer 2.0.0 is loaded; to use Made.Outer 3.0.0, restart", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#r \"nuget: Made.Inner\"")]
    [InlineData("#r \"nuget: Made.Inner, 1.*\"")]
    [InlineData("#r \"nuget: made.inner, [1.0.0, 2.0.0)\"")]
    public async Task A_version_may_be_left_out_or_be_a_range(string request) =>
        Assert.Equal("21", await session.ValueAsync($"{request}\nMade.Inner.Source.Value"));

    [Theory]
    [InlineData("#r \"nuget: Made.Nowhere, 1.0.0\"", "Made.Nowhere 1.0.0 cannot be restored: Unable to find package Made.Nowhere")]
    [InlineData("#r \"nuget: Made.Inner, 9.0.0\"", "Made.Inner 9.0.0 cannot be restored: Unable to find package Made.Inner with version (>= 9.0.0)")]
    [InlineData("#r \"nuget:\"", "'#r \"nuget:\"' names no package; it is written #r \"nuget: Package, Version\".")]
    [InlineData("#r \"nuget: Made<Outer>, 2.0.0\"", "'#r \"nuget: Made<Outer>, 2.0.0\"' names no package")]
    public async Task A_package_that_cannot_be_had_is_a_clear_error_and_the_session_goes_on(string request, string telling)
    {
        CellError error = (await session.RunAsync($"int before = 1;\n{request}")).Error!;
        Assert.StartsWith(telling, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".csproj", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("cell 1: ", Assert.Single(error.Traceback), StringComparison.Ordinal);
        Assert.Equal("2", await session.ValueAsync("1 + 1"));
    }

    [Fact]
    public async Task Lines_and_columns_of_errors_are_the_persons_own()
    {
        CellError error = (await session.RunAsync("  #r \"nuget: Made.Inner, 1.2.0\"\nint x = Made.Inner.Source.Missing;")).Error!;
        Assert.StartsWith("cell 1(2,27): error CS0117", error.Traceback[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_courses_own_libraries_are_used_instead_of_a_second_copy()
    {
        Assert.Equal(typeof(TorchSharp.torch).Assembly.Location, await session.ValueAsync("#r \"nuget: TorchSharp, 0.100.0\"\ntypeof(TorchSharp.torch).Assembly.Location"));
        Assert.Contains(session.Outputs.OfType<DisplayData>(), shown => shown.Bundle.PlainText.Contains("own copy is used", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_request_in_a_loaded_file_says_where_it_belongs()
    {
        File.WriteAllText(Path.Combine(folder, "helper.csx"), "#r \"nuget: Made.Inner, 1.2.0\"");
        Assert.Contains("move the line from the file into a cell", string.Concat((await session.RunAsync("#load \"helper.csx\"")).Error!.Traceback), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_that_waits_for_a_silent_server_can_be_stopped()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        Sources($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/v3/index.json");
        using CancellationTokenSource stop = new();
        Task<CellResult> run = session.RunUntilAsync("#r \"nuget: Made.Far, 1.0.0\"", stop.Token);
        using Socket asked = await silent.AcceptSocketAsync(TestContext.Current.CancellationToken);
        Stopwatch clock = Stopwatch.StartNew();
        await stop.CancelAsync();
        Assert.Equal(CellStatus.Cancelled, (await run).Status);
        Assert.True(clock.ElapsedMilliseconds < 2000, $"took {clock.ElapsedMilliseconds} ms");
    }

    private void Sources(string source) => File.WriteAllText(Path.Combine(folder, "NuGet.config"), $"""
        <configuration>
          <config><add key="globalPackagesFolder" value="cache" /></config>
          <packageSources><clear /><add key="here" value="{source}" allowInsecureConnections="true" /></packageSources>
        </configuration>
        """);

    // Returns the path of the library.
    private string Pack(string id, string version, string code, string? reference = null, string? dependency = null, string? dependencyVersion = null)
    {
        string library = Path.Combine(folder, id + ".dll");
        IEnumerable<string> references = ((string?[])[typeof(object).Assembly.Location, reference]).OfType<string>();
        Assert.True(CSharpCompilation.Create(
            id, [CSharpSyntaxTree.ParseText(code)], references.Select(path => MetadataReference.CreateFromFile(path)), new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)).Emit(library).Success);
        string needs = dependency is null ? "" : $"<dependency id=\"{dependency}\" version=\"{dependencyVersion}\" />";
        using ZipArchive package = ZipFile.Open(Path.Combine(folder, "feed", $"{id}.{version}.nupkg"), ZipArchiveMode.Create);
        using (StreamWriter manifest = new(package.CreateEntry($"{id}.nuspec").Open()))
        {
            manifest.Write($"""
                <package><metadata><id>{id}</id><version>{version}</version><authors>tests</authors><description>made by a test</description>
                <dependencies><group targetFramework="net8.0">{needs}</group></dependencies></metadata></package>
                """);
        }
        package.CreateEntryFromFile(library, $"lib/net8.0/{id}.dll");
        return library;
    }
}
