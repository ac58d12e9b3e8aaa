using System.Text.Json.Nodes;
using Embodied.Interactive.Display;
using Embodied.Interactive.Session;
using TorchSharp;

namespace Embodied.Notebooks.Tests.Engine;

public sealed class DisplayTests : IDisposable
{
    private readonly TestSession session = new(embedPlotly: true);

    public void Dispose() => session.Dispose();

    [Theory]
    [InlineData("42", "42")]
    [InlineData("0.1f", "0.1")]
    [InlineData("1.0 / 3", "0.3333333333333333")]
    [InlineData("double.NaN", "NaN")]
    [InlineData("\"<b>\"", "<b>")]
    [InlineData("true", "True")]
    [InlineData("DayOfWeek.Monday", "Monday")]
    public async Task Scalars_are_plain_text_alone(string code, string shown)
    {
        Assert.Equal(shown, await session.ValueAsync(code));
        Assert.Equal(["text/plain"], session.Outputs.OfType<ExecuteResult>().Single().Bundle.Data.Select(entry => entry.Key));
    }

    [Fact]
    public async Task Objects_lists_and_html_come_as_html_with_plain_text_beside()
    {
        foreach (string code in (string[])["new { A = 1, B = \"x\" }", "new[] { 1, 2, 3 }", "new Dictionary<string, int> { [\"k\"] = 1 }", "HTML(\"<p>a &amp; <b>b</b></p>\")"])
        {
            await session.ValueAsync(code);
            JsonObject data = session.Outputs.OfType<ExecuteResult>().Single().Bundle.Data;
            Assert.Contains("<", data["text/html"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.DoesNotMatch("<[a-z/]", data["text/plain"]!.GetValue<string>());
        }
        Assert.Equal("a & b", session.Value);
    }

    [Fact]
    public void Tensors_show_type_shape_range_and_a_peek_but_never_a_wall_of_digits()
    {
        using torch.Tensor small = torch.tensor(new double[,] { { 1, 2 }, { 3, 4.5 } });
        MimeBundle bundle = Formatters.Bundle(small);
        Assert.Equal("float64 [2, 2] on cpu, from 1 to 4.5, mean 2.625\n  1    2\n  3  4.5", bundle.PlainText.Replace("\r", "", StringComparison.Ordinal));
        using torch.Tensor large = torch.zeros(64, 3, 224, 224);
        Assert.Equal("float32 [64, 3, 224, 224] on cpu, from 0 to 0, mean 0", Formatters.Bundle(large).PlainText);
        using torch.Tensor wide = torch.arange(100_000);
        Assert.True(Formatters.Bundle(wide).Data["text/html"]!.GetValue<string>().Length < 2000);
        using torch.Tensor flags = torch.tensor(new[] { true, false });
        Assert.EndsWith(" true  false", Formatters.Bundle(flags).PlainText, StringComparison.Ordinal);
        using torch.Tensor none = torch.zeros(0, 3);
        Assert.Equal("float32 [0, 3] on cpu", Formatters.Bundle(none).PlainText);
        small.Dispose();
        Assert.Equal("a disposed tensor", Formatters.Bundle(small).PlainText);
    }

    [Fact]
    public void Bitmaps_are_png_with_their_size()
    {
        using SkiaSharp.SKBitmap bitmap = new(5, 4);
        MimeBundle bundle = Formatters.Bundle(bitmap);
        byte[] png = Convert.FromBase64String(bundle.Data["image/png"]!.GetValue<string>());
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        Assert.Equal(5, bundle.Metadata["image/png"]!["width"]!.GetValue<int>());
        Assert.Equal("image, 5 × 4 pixels", bundle.PlainText);
    }

    [Fact]
    public async Task Charts_come_as_plotly_json_html_and_title_and_only_the_first_brings_plotly_along()
    {
        await session.ValueAsync("#r \"Embodied.dll\"\n#r \"Plotly.NET.dll\"\nusing Embodied.Figures;");
        const string Chart = "Plot.Of(\"Loss falls </script>\", \"step\", \"loss\", Mark.Line(\"a\", new double[] { 1, 2 }, new double[] { 2, 1 }))";
        await session.ValueAsync(Chart);
        JsonObject first = session.Outputs.OfType<ExecuteResult>().Single().Bundle.Data;
        await session.ValueAsync(Chart);
        JsonObject second = session.Outputs.OfType<ExecuteResult>().Single().Bundle.Data;

        Assert.Equal("lines", first["application/vnd.plotly.v1+json"]!["data"]![0]!["mode"]!.GetValue<string>());
        Assert.StartsWith("Figure: Loss falls", first["text/plain"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.True(first["text/html"]!.GetValue<string>().Length > 3_000_000);
        string html = second["text/html"]!.GetValue<string>();
        Assert.True(html.Length < 20_000);
        Assert.Equal(1, html.Split("</script>").Length - 1);
    }

    [Fact]
    public async Task A_displayed_value_is_updated_in_its_place()
    {
        await session.ValueAsync("var shown = display(1); 7.Display(); shown.Update(2);");
        DisplayData[] displays = [.. session.Outputs.OfType<DisplayData>()];
        Assert.Equal(["1", "7", "2"], displays.Select(display => display.Bundle.PlainText));
        Assert.Equal([false, false, true], displays.Select(display => display.IsUpdate));
        Assert.Equal(displays[0].DisplayId, displays[2].DisplayId);
        Assert.NotEqual(displays[0].DisplayId, displays[1].DisplayId);
        await session.ValueAsync("shown.Update(3); \"**b**\".DisplayAs(\"text/markdown\");");
        Assert.Equal(displays[0].DisplayId, session.Outputs.OfType<DisplayData>().First().DisplayId);
        Assert.Equal("**b**", session.Outputs.OfType<DisplayData>().Last().Bundle.Data["text/markdown"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_progress_bar_renews_one_display_and_ends_with_the_time_taken()
    {
        await session.ValueAsync(
            "#r \"Embodied.dll\"\nusing (var bar = Embodied.Interactive.LiveProgress.Start(\"Work\"))\nfor (int i = 1; i <= 8; i++) { bar.Report(new Embodied.TrainingProgress(i, 8, 1.0 / i)); await Task.Delay(60); }");
        DisplayData[] displays = [.. session.Outputs.OfType<DisplayData>()];
        Assert.Single(displays.Select(display => display.DisplayId).Distinct());
        Assert.InRange(displays.Length, 3, 9);
        Assert.Contains("left", displays[1].Bundle.PlainText, StringComparison.Ordinal);
        Assert.Matches(@"^Work · 8/8 · loss 0\.125 · \d+(\.\d)? s$", displays[^1].Bundle.PlainText);
    }

    [Fact]
    public async Task Tables_align_numbers_to_the_right()
    {
        await session.ValueAsync("Embodied.Interactive.Table.Show(new[] { new { Method = \"cut\", Value_of_cut = 1.5 }, new { Method = \"Ncut\", Value_of_cut = 12.25 } });");
        Assert.Equal("Method  Value of cut\ncut              1.5\nNcut           12.25", session.Outputs.OfType<DisplayData>().Single().Bundle.PlainText);
    }

    [Theory]
    [InlineData("Claims.AtLeast(\"a/b\", 0.9, 0.9)", true)]
    [InlineData("Claims.AtLeast(\"a/b\", 0.89, 0.9)", false)]
    [InlineData("Claims.AtMost(\"a/b\", 1e-7, 1e-6)", true)]
    [InlineData("Claims.AtMost(\"a/b\", double.NaN, 1e-6)", false)]
    [InlineData("Claims.AtLeast(\"a/b\", double.NaN, 0)", false)]
    [InlineData("Claims.Holds(\"a/b\", false, \"pigs fly\")", false)]
    public async Task A_claim_shows_a_tick_or_a_cross_and_leaves_its_numbers(string code, bool held)
    {
        await session.ValueAsync("using Embodied.Interactive;");
        await session.ValueAsync(code + ";");
        MimeBundle bundle = session.Outputs.OfType<DisplayData>().Single().Bundle;
        JsonNode claim = bundle.Data["application/vnd.embodied.claim+json"]!;
        Assert.Equal("a/b", claim["id"]!.GetValue<string>());
        Assert.Equal(held, claim["held"]!.GetValue<bool>());
        Assert.StartsWith(held ? "✓ a/b" : "✗ a/b", bundle.PlainText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_claims_name_serves_one_claim_yet_its_cell_may_run_again()
    {
        await session.ValueAsync("using Embodied.Interactive;");
        await session.ValueAsync("Claims.AtLeast(\"a/b\", 1, 0);");
        await session.ValueAsync("Claims.AtLeast(\"a/b\", 1, 0);");
        Assert.Equal(CellStatus.Failed, (await session.RunAsync("Claims.AtLeast(\"a/b\", 2, 0);")).Status);
        Assert.Equal(CellStatus.Failed, (await session.RunAsync("Claims.AtMost(\"c\", 1, 2); Claims.AtMost(\"c\", 1, 2);")).Status);
    }

    [Fact]
    public async Task Formatters_that_a_notebook_registers_are_used()
    {
        await session.ValueAsync("using Microsoft.DotNet.Interactive.Formatting; record Own(int X); Formatter.Register<Own>(o => $\"own {o.X}\", \"text/plain\"); Formatter.SetPreferredMimeTypesFor(typeof(Own), \"text/plain\");");
        Assert.Equal("own 3", await session.ValueAsync("new Own(3)"));
    }
}
