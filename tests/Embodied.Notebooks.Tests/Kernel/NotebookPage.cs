using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;

namespace Embodied.Notebooks.Tests.Kernel;

/// <summary>A notebook in the classic server's page, used by its menu and toolbar as a person would.</summary>
internal sealed class NotebookPage : IDisposable
{
    private const string CodeCells = "Jupyter.notebook.get_cells().filter(cell => cell.cell_type === 'code')";
    private readonly NotebookServer server;
    private readonly ChromeDriver chrome;

    public NotebookPage(NotebookServer server, string notebook)
    {
        this.server = server;
        chrome = Browser.Open(server.Page(notebook), 1300, 900, "light");
        try
        {
            WaitForKernel();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose() => chrome.Dispose();

    /// <summary>Opens the page again.</summary>
    public void Reload()
    {
        chrome.Navigate().Refresh();
        WaitForKernel();
    }

    public void Save()
    {
        Press("jupyter-notebook:save-notebook");
        WaitFor("the notebook is saved", 10, "Jupyter.notebook.dirty === false");
    }

    /// <summary>From the next opening on, scripts from one address come from another.</summary>
    public void Replace(string address, string by) => chrome.ExecuteCdpCommand("Page.addScriptToEvaluateOnNewDocument", new Dictionary<string, object?>
    {
        ["source"] = $$"""
            const source = Object.getOwnPropertyDescriptor(HTMLScriptElement.prototype, 'src');
            Object.defineProperty(HTMLScriptElement.prototype, 'src', { get: source.get, set(url) { source.set.call(this, String(url).replace('{{address}}', '{{by}}')); } });
            """,
    });

    /// <summary>What the page's console has complained about.</summary>
    public string Complaints() => string.Join('\n', chrome.Complaints());

    /// <summary>Runs all cells, all of which have to succeed.</summary>
    public void RunAll(double seconds)
    {
        chrome.FindElement(By.Id("celllink")).Click();
        chrome.FindElement(By.Id("run_all_cells")).Click();
        const string Succeeded = "cells.every(cell => typeof cell.input_prompt_number === 'number' && !cell.element.find('.output_error').length)";
        WaitFor("all cells have run", seconds, $"{Succeeded} || cells.some(cell => cell.element.find('.output_error').length)");
        WaitFor("no cell has failed", 0, Succeeded);
    }

    /// <summary>Appends a cell, <c>started</c> from now on, and presses Run.</summary>
    public void Start(string source)
    {
        chrome.ExecuteScript(
            "window.started = Jupyter.notebook.insert_cell_at_bottom('code'); started.set_text(arguments[0]); Jupyter.notebook.select(Jupyter.notebook.ncells() - 1); started.focus_cell();",
            source);
        Press("jupyter-notebook:run-cell-and-select-next");
    }

    /// <summary>Presses a button of the toolbar.</summary>
    public void Press(string action) => chrome.FindElement(By.CssSelector($"#maintoolbar [data-jupyter-action='{action}']")).Click();

    /// <summary>Waits until each output that is a Plotly figure has been drawn.</summary>
    public void WaitForCharts(int atLeast) => WaitFor(
        $"{atLeast} charts or more, all of them drawn",
        20,
        $$"""
        charts.length >= {{atLeast}}
          && charts.length === cells.flatMap(cell => cell.output_area.outputs).filter(output => output.data?.['application/vnd.plotly.v1+json']).length
          && charts.every(chart => chart.querySelector('svg.main-svg .plot')?.getBoundingClientRect().height > 50)
        """);

    /// <summary>
    /// Waits until an expression is true in the page, where <c>cells</c> are the code cells and <c>charts</c> the places of charts; else the
    /// test fails with all there is to see.
    /// </summary>
    public void WaitFor(string what, double seconds, string expression)
    {
        string script = $"const cells = window.Jupyter?.notebook ? {CodeCells} : [], charts = [...document.querySelectorAll('.output_html [id^=chart-]')]; return !!({expression});";
        if (!Browser.Until(() => chrome.ExecuteScript(script) is true, seconds))
        {
            Assert.Fail($"Not so within {seconds} s: {what}.\n\nThe cells:\n{Cells()}\n\nThe page's console:\n{Complaints()}\n\nThe server:\n{server.LogTail}");
        }
    }

    private void WaitForKernel() => WaitFor(
        "the kernel answers",
        60,
        "window.Jupyter?.notebook?._fully_loaded && Jupyter.notebook.kernel?.is_connected() && Jupyter.notebook.kernel.info_reply?.language_info?.name === 'C#'");

    private object? Cells() => chrome.ExecuteScript(
        $$"""
        if (!window.Jupyter?.notebook) { return document.title + ': ' + document.body.innerText.slice(0, 500); }
        const lines = (text, most) => text.trim().split('\n').slice(0, most).map(line => '\n    ' + line.slice(0, 160)).join('');
        return {{CodeCells}}.map(cell => 'In [' + (cell.input_prompt_number ?? ' ') + '] ' + cell.get_text().trim().split('\n')[0].slice(0, 80)
          + lines(cell.output_area.element[0].innerText, 8)).join('\n');
        """);
}
