using Embodied.Interactive.Documents;
using Embodied.Notebooks.Tests.Commands;

namespace Embodied.Notebooks.Tests.Kernel;

/// <summary>The kernel as a person meets it: in Jupyter's classic notebook server, in a browser.</summary>
public sealed class NotebookServerTests
{
    private const string Progress = """
        using (LiveProgress bar = LiveProgress.Start("Five steps"))
            for (int i = 1; i <= 5; i++)
            {
                bar.Report(new TrainingProgress(i, 5, 1.0 / i));
                await Task.Delay(100, Cell.CancellationToken);
            }
        """;

    private const string Chart = """Plot.Of("A line", "x", "y", Mark.Line("a", new double[] { 1, 2 }, new double[] { 2, 1 }))""";

    [Fact]
    public void A_course_notebook_shows_all_its_outputs_and_goes_on_after_an_interrupt()
    {
        // The notebook's charts and tables are its own; it has no picture and no bar whose end is known beforehand.
        NotebookDocument document = NotebookDocument.Load(Path.Combine(CourseTool.Root, "notebooks", "08-normalized-cuts.ipynb"));
        document.Cells.Add(new NotebookCell(CellKind.Code, "image", "var picture = new SkiaSharp.SKBitmap(64, 48);\npicture.Erase(SkiaSharp.SKColors.SteelBlue);\npicture"));
        document.Cells.Add(new NotebookCell(CellKind.Code, "progress", Progress));
        using NotebookServer server = new();
        using NotebookPage page = new(server, server.Add("08.ipynb", document));
        page.RunAll(seconds: 180);

        page.WaitFor("the text", 5, "cells.some(cell => cell.output_area.element.find('.output_stdout').text().includes('thresholding y₂ gives'))");
        page.WaitFor("the table", 5, "[...document.querySelectorAll('.output_html table')].some(table => [...table.querySelectorAll('th')].map(cell => cell.innerText).join() === 'cut off,nodes,cut,Ncut' && table.querySelectorAll('tbody tr').length === 3)");
        page.WaitFor("the picture", 5, "[...document.querySelectorAll('.output_png img')].some(image => image.naturalWidth === 64 && image.getBoundingClientRect().width === 64)");
        page.WaitFor("the progress bar at its end", 5, "[...document.querySelectorAll('.output_html .embodied-progress')].some(shown => shown.querySelector('progress')?.value === 5 && /^Five steps · 5\\/5 .* s$/.test(shown.innerText.trim()))");
        page.WaitFor("three claims that hold", 5, "[...document.querySelectorAll('.output_html .embodied-claim')].filter(claim => claim.innerText.includes('✓')).length === 3");
        page.WaitForCharts(atLeast: 12);

        page.Start("Console.WriteLine(\"It runs.\");\nwhile (true) { }");
        page.WaitFor("the cell is running", 10, "started.element.find('.input_prompt').text().includes('[*]') && started.output_area.element.text().includes('It runs.')");
        page.Press("jupyter-notebook:interrupt-kernel");
        page.WaitFor("the interrupted cell tells so", 10, "started.element.find('.output_error').text().includes('was stopped') && started.element.find('.input_prompt').text().match(/\\[\\d+\\]/)");
        page.Start("$\"{catW.Size} nodes\"");
        page.WaitFor("what was known before is known after", 10, "started.element.find('.output_result').text().includes('6144 nodes')");
    }

    [Fact]
    public void A_saved_notebook_draws_its_charts_when_it_is_opened_again()
    {
        using NotebookServer server = new();
        using NotebookPage page = new(server, server.Add("charts.ipynb", Engine.Notebooks.Of("#load \"setup.csx\"\nusing Embodied.Figures;", Chart, Chart, Chart)));
        page.RunAll(seconds: 60);
        page.WaitForCharts(atLeast: 3);
        page.Save();
        Assert.Equal(["cell-1", "cell-2", "cell-3", "cell-4"], NotebookDocument.Load(Path.Combine(server.Notebooks, "charts.ipynb")).Cells.Select(cell => cell.Id));
        page.Reload();
        page.WaitForCharts(atLeast: 3);

        // Run for the second time, no chart carries the library: then it comes from the net, for which a folder of the server stands in.
        page.RunAll(seconds: 60);
        page.WaitForCharts(atLeast: 3);
        page.Save();
        page.Reload();
        page.WaitFor("each chart tells that its library cannot be had", 20, "charts.filter(chart => chart.innerText.includes('plotly.js')).length === 3");
        CopyPlotly(server.Notebooks);
        page.Replace("https://cdn.plot.ly/", "/files/");
        page.Reload();
        page.WaitForCharts(atLeast: 3);
        page.WaitFor("the page's own module loader is as it was", 5, "window.define?.amd");
        Assert.DoesNotContain("anonymous define", page.Complaints(), StringComparison.Ordinal);
    }

    private static void CopyPlotly(string folder)
    {
        System.Reflection.Assembly assembly = typeof(Plotly.NET.GenericChart).Assembly;
        string name = assembly.GetManifestResourceNames().Single(name => name.EndsWith(".min.js", StringComparison.Ordinal));
        using Stream source = assembly.GetManifestResourceStream(name)!;
        using FileStream target = File.Create(Path.Combine(folder, name["Plotly.NET.".Length..]));
        source.CopyTo(target);
    }
}
