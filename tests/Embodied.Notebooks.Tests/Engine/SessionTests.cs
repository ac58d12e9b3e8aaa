using System.Diagnostics;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Embodied.Notebooks.Tests.Engine;

public sealed class SessionTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("session-").FullName;
    private readonly TestSession session;

    public SessionTests() => session = new TestSession(folder, graceSeconds: 0.5);

    public void Dispose()
    {
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_last_expression_without_semicolon_is_shown_and_one_with_it_is_not()
    {
        Assert.Equal("3", await session.ValueAsync("1 + 2"));
        Assert.Null(await session.ValueAsync("int a = 1 + 2;"));
        Assert.Null(await session.ValueAsync("Console.Write(a)"));
        Assert.Equal("null", await session.ValueAsync("(string)null"));
    }

    [Fact]
    public async Task What_a_cell_declares_is_there_for_the_next()
    {
        await session.ValueAsync("using System.Globalization; int a = 2; record Point(int X, int Y); static int Twice(this int x) => 2 * x;");
        Assert.Equal("42", await session.ValueAsync("new Point(21, 0).X.Twice()"));
        await session.ValueAsync("class Shadow { public string Name => \"first\"; }");
        await session.ValueAsync("class Shadow { public string Name => \"second\"; } a = 5;");
        Assert.Equal("second5", await session.ValueAsync("new Shadow().Name + a"));
        Assert.Equal("1.5", await session.ValueAsync("1.5.ToString(CultureInfo.InvariantCulture)"));
    }

    [Fact]
    public async Task A_cell_may_await()
    {
        Assert.Equal("7", await session.ValueAsync("await Task.Delay(5); int later = await Task.FromResult(7); later"));
        Assert.Equal("7", await session.ValueAsync("later"));
    }

    [Fact]
    public async Task What_a_cell_set_before_it_threw_is_kept()
    {
        CellResult result = await session.RunAsync("int kept = 1; kept = 9; throw new InvalidOperationException(\"oh\"); kept = 10;");
        Assert.Equal(CellStatus.Failed, result.Status);
        Assert.Equal("9", await session.ValueAsync("kept"));
    }

    [Fact]
    public async Task A_cell_that_does_not_compile_leaves_nothing_behind()
    {
        Assert.Equal(CellStatus.Failed, (await session.RunAsync("int half = 1; int other = \"text\";")).Status);
        Assert.Contains("CS0103", (await session.RunAsync("half")).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_compile_error_shows_cell_line_column_and_the_offending_source()
    {
        CellResult result = await session.RunAsync("int a = 1;\nint b = missing + 1;\n");
        Assert.Equal("CompilationError", result.Error!.Name);
        Assert.StartsWith("(2,9): error CS0103", result.Error.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["cell 1(2,9): error CS0103: The name 'missing' does not exist in the current context", "    int b = missing + 1;", "            ^^^^^^^"],
            result.Error.Traceback);
        Assert.Contains(session.Outputs, output => output == result.Error);
    }

    [Fact]
    public async Task An_exception_shows_its_type_the_cells_lines_and_no_frame_of_the_engine()
    {
        await session.ValueAsync("int Divide(int x)\n{\n    return 1 / x;\n}");
        CellResult result = await session.RunAsync("int zero = 0;\nDivide(zero)");
        Assert.Equal("DivideByZeroException", result.Error!.Name);
        Assert.Equal(
            ["System.DivideByZeroException: Attempted to divide by zero.", "   at Divide(Int32), cell 1, line 3: return 1 / x;", "   at cell 2, line 2: Divide(zero)"],
            result.Error.Traceback);
    }

    [Fact]
    public async Task Console_output_is_captured_in_order_with_displays()
    {
        await session.ValueAsync("Console.Write(\"a\"); Console.WriteLine(\"b\"); display(\"shown\"); Console.Error.Write(\"e\"); Console.Write(\"c\");");
        Assert.Equal(
            ["stdout:ab\n", "display:shown", "stderr:e", "stdout:c"],
            session.Outputs.Select(output => output switch
            {
                StreamText text => $"{text.Name}:{text.Text}",
                DisplayData display => $"display:{display.Bundle.PlainText}",
                _ => output.ToString(),
            }));
    }

    [Fact]
    public async Task Text_of_threads_that_a_cell_started_belongs_to_that_cell_and_two_sessions_do_not_mix()
    {
        using TestSession other = new();
        Task first = session.ValueAsync("for (int i = 0; i < 50; i++) { await Task.Run(() => Console.Write(\"x\")); await Task.Delay(1); }");
        Task second = other.ValueAsync("for (int i = 0; i < 50; i++) { await Task.Run(() => Console.Write(\"o\")); await Task.Delay(1); }");
        await Task.WhenAll(first, second);
        Assert.Equal(new string('x', 50), session.Text);
        Assert.Equal(new string('o', 50), other.Text);
    }

    [Fact]
    public async Task Loaded_files_declare_for_the_cell_and_their_errors_name_the_file()
    {
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        File.WriteAllText(Path.Combine(folder, "sub", "inner.csx"), "int inner = 4;");
        File.WriteAllText(Path.Combine(folder, "helper.csx"), "#load \"sub/inner.csx\"\nint Helper() => inner + 1;\nint Fail(int x)\n{\n  return 1 / x;\n}");
        Assert.Equal("5", await session.ValueAsync("#load \"helper.csx\"\nHelper()"));
        CellResult thrown = await session.RunAsync("Fail(0)");
        Assert.Contains("   at Fail(Int32), helper.csx, line 5: return 1 / x;", thrown.Error!.Traceback);
        File.WriteAllText(Path.Combine(folder, "bad.csx"), "int x = ;");
        Assert.Contains("bad.csx(1,9)", (await session.RunAsync("#load \"bad.csx\"")).Error!.Traceback[0], StringComparison.Ordinal);
        Assert.Contains("absent.csx", (await session.RunAsync("#load \"absent.csx\"")).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task References_give_the_hosts_own_copy_even_of_a_file_that_is_not_there()
    {
        await session.ValueAsync("#r \"not/built/yet/TorchSharp.dll\"\n#r \"not/built/yet/Embodied.dll\"");
        await session.ValueAsync("var probe = TorchSharp.torch.ones(2, 2); object shared = probe;");
        Assert.Equal("4", await session.ValueAsync("probe.sum().item<float>()"));
        Assert.Equal("True", await session.ValueAsync($"shared.GetType().Assembly.Location == @\"{typeof(TorchSharp.torch).Assembly.Location}\""));
    }

    [Fact]
    public async Task A_reference_to_a_dll_of_ones_own_loads_it_with_its_neighbours()
    {
        string library = Path.Combine(AppContext.BaseDirectory, "CsCheck.dll");
        File.Copy(library, Path.Combine(folder, "Own.CsCheck.dll"));
        // The copy's simple name is CsCheck, which the host has; a name of its own shows in how it is found.
        await session.ValueAsync("#r \"Own.CsCheck.dll\"");
        Assert.Equal("CsCheck", await session.ValueAsync("typeof(CsCheck.Check).Assembly.GetName().Name"));
    }

    [Fact]
    public async Task A_reference_that_cannot_be_had_is_a_clear_error() =>
        Assert.Contains("absent.dll", string.Concat((await session.RunAsync("#r \"absent.dll\"")).Error!.Traceback), StringComparison.Ordinal);

    [Fact]
    public async Task Cancelling_stops_a_cell_that_observes_its_token_at_once()
    {
        using TestSession patient = new(graceSeconds: 30);
        await patient.ValueAsync("using Embodied.Interactive; int before = 3;");
        using CancellationTokenSource stop = new();
        Task<CellResult> run = patient.RunUntilAsync("Console.Write(\"on\"); await Task.Delay(60_000, Cell.CancellationToken);", stop.Token);
        await UntilAsync(() => patient.Text == "on");
        Stopwatch clock = Stopwatch.StartNew();
        await stop.CancelAsync();
        CellResult result = await run;
        Assert.Equal(CellStatus.Cancelled, result.Status);
        Assert.True(clock.ElapsedMilliseconds < 1000, $"took {clock.ElapsedMilliseconds} ms");
        Assert.Equal("3", await patient.ValueAsync("before"));
    }

    // It runs in this process, and nothing can end it: it has to end by itself, or all later tests share their processors with it.
    [Fact]
    public async Task A_cell_that_ignores_its_token_is_reported_after_the_grace_period_and_the_session_says_so()
    {
        using CancellationTokenSource stop = new();
        Task<CellResult> run = session.RunUntilAsync(
            "DateTime end = DateTime.UtcNow.AddSeconds(10); Console.Write(\"on\"); Enumerable.Repeat(0, int.MaxValue).SelectMany(_ => Enumerable.Range(0, 1000)).TakeWhile(_ => DateTime.UtcNow < end).LongCount()",
            stop.Token);
        await UntilAsync(() => session.Text == "on");
        Stopwatch clock = Stopwatch.StartNew();
        await stop.CancelAsync();
        CellResult result = await run;
        Assert.Equal(CellStatus.Unresponsive, result.Status);
        Assert.InRange(clock.ElapsedMilliseconds, 400, 4500);
        Assert.Contains("does not observe Cell.CancellationToken", result.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("cell 1 did not stop", (await session.RunAsync("1")).Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("for (int i = 0; ; i++) { kept = i; }")]
    [InlineData("int Spin() { int n = 0; do n++; while (n >= 0 || true); return n; }\nSpin()")]
    [InlineData("System.Threading.Thread.Sleep(60_000);")]
    [InlineData("await Task.Delay(60_000);")]
    [InlineData("new System.Threading.SemaphoreSlim(0).Wait();")]
    public async Task Stop_ends_tight_loops_sleeps_and_waits_and_variables_survive(string code)
    {
        using TestSession patient = new(graceSeconds: 30);
        await patient.ValueAsync("int kept = 7;");
        using CancellationTokenSource stop = new();
        Task<CellResult> run = patient.RunUntilAsync("Console.Write(\"on\");\n" + code, stop.Token);
        await UntilAsync(() => patient.Text == "on");
        Stopwatch clock = Stopwatch.StartNew();
        await stop.CancelAsync();
        Assert.Equal(CellStatus.Cancelled, (await run).Status);
        Assert.True(clock.ElapsedMilliseconds < 2000, $"took {clock.ElapsedMilliseconds} ms");
        Assert.NotNull(await patient.ValueAsync("kept"));
    }

    [Fact]
    public async Task Checks_for_stop_leave_lines_and_columns_where_they_were()
    {
        CellResult thrown = await session.RunAsync("for (int i = 0; i < 3; i++)\n{\n    if (i == 2) throw new Exception(\"two\");\n}");
        Assert.Contains("   at cell 1, line 3: if (i == 2) throw new Exception(\"two\");", thrown.Error!.Traceback);
        Assert.StartsWith("(1,31): error CS0103", (await session.RunAsync("for (int i = 0; i < 3; i++) { x = missing; }")).Error!.Message, StringComparison.Ordinal);
        Assert.Equal("10", await session.ValueAsync("int sum = 0; foreach (int i in new[] { 1, 2, 3, 4 }) sum += i; sum"));
    }

    [Fact]
    public async Task A_session_refuses_two_cells_at_a_time()
    {
        Task<CellResult> first = session.RunAsync("Console.Write(\"on\"); await Task.Delay(300);");
        await UntilAsync(() => session.Text == "on");
        await Assert.ThrowsAsync<InvalidOperationException>(() => session.RunAsync("1"));
        Assert.Equal(CellStatus.Succeeded, (await first).Status);
    }

    [Fact]
    public async Task Deep_recursion_has_room() =>
        Assert.Equal("60000", await session.ValueAsync("int Down(int n) => n == 0 ? 0 : 1 + Down(n - 1); Down(60_000)"));

    private static async Task UntilAsync(Func<bool> condition)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "waited in vain");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Sessions_that_begin_at_once_agree_on_the_types_of_a_library()
    {
        for (int round = 0; round < 3; round++)
        {
            string library = Path.Combine(folder, $"Things{round}.dll");
            CSharpCompilation.Create(
                $"Things{round}",
                [CSharpSyntaxTree.ParseText($"namespace Things{round}; public class Thing {{ public static Thing New() => new(); }} public static class Uses {{ public static int Of(Thing thing) => 1; }}")],
                [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)],
                new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)).Emit(library);
            int number = round;
            await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
            {
                using TestSession one = new(folder);
                await one.ValueAsync($"#r \"{library}\"\nusing Things{number}; using static Things{number}.Thing; Thing first = New();");
                for (int i = 0; i < 3; i++)
                {
                    Assert.Equal("2", await one.ValueAsync("Uses.Of(New()) + Uses.Of(first)"));
                }
            })));
        }
    }
}
