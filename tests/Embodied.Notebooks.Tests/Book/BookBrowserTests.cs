using Deque.AxeCore.Commons;
using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;

namespace Embodied.Notebooks.Tests.Book;

/// <summary>The book as a browser shows it, opened from the file system.</summary>
public sealed class BookBrowserTests(SampleBook book) : IClassFixture<SampleBook>
{
    [Theory]
    [InlineData(1300, 900, "light")]
    [InlineData(1300, 900, "dark")]
    [InlineData(390, 844, "light")]
    public void A_page_draws_every_chart_without_an_error_and_fits_the_window(int width, int height, string theme)
    {
        using ChromeDriver browser = Open(book.Page, width, height, theme);
        DrawAll(browser);
        IReadOnlyList<IWebElement> plots = browser.FindElements(By.CssSelector(".book-plot"));
        Assert.Equal(4, plots.Count);
        Assert.All(plots, plot => Assert.NotEmpty(plot.FindElements(By.CssSelector("svg.main-svg, canvas"))));
        Assert.True(Number(browser, "return document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, "the page scrolls sideways");
        Assert.Equal(theme == "dark", (bool)browser.ExecuteScript("return getComputedStyle(document.body).backgroundColor === 'rgb(22, 24, 27)'")!);
        Assert.True(Number(browser, "return document.querySelectorAll('math').length") >= 8);
        Assert.Equal(0, Number(browser, "return document.querySelectorAll('merror').length"));
        Assert.Equal(8, Number(browser, "return document.querySelectorAll('.book-plot')[3]._transitionData._frames.length"));
        Assert.Empty(Complaints(browser));
    }

    [Theory]
    [InlineData("01-sample.html", 1300, "light")]
    [InlineData("01-sample.html", 1300, "dark")]
    [InlineData("01-sample.html", 390, "light")]
    [InlineData("index.html", 1300, "light")]
    [InlineData("index.html", 390, "dark")]
    public void Axe_finds_nothing_serious(string page, int width, string theme)
    {
        using ChromeDriver browser = Open(Path.Combine(book.Folder, page), width, 900, theme);
        DrawAll(browser);
        browser.ExecuteScript(new BundledAxeScriptProvider().GetScript());
        object? found = browser.ExecuteAsyncScript(
            """
            const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ["violations"] }).then(results => done(results.violations
              .filter(v => v.impact === "serious" || v.impact === "critical")
              .map(v => v.id + ": " + v.help + " at " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | ")).join("\n")));
            """);
        Assert.Equal("", found);
    }

    [Fact]
    public void The_contents_lead_to_the_chapters_and_chapters_to_each_other()
    {
        using ChromeDriver browser = Open(Path.Combine(book.Folder, "index.html"), 1300, 900, "light");
        Assert.Contains("2 of 2 claims hold", browser.FindElement(By.CssSelector(".chapters li")).Text, StringComparison.Ordinal);
        browser.FindElement(By.CssSelector(".chapters a")).Click();
        Assert.EndsWith("01-sample.html", browser.Url, StringComparison.Ordinal);
        Assert.Equal(["Formulas", "Code", "Figures", "Values", "Claims"], browser.FindElements(By.CssSelector(".toc li")).Select(entry => entry.Text));
        browser.ExecuteScript("document.querySelector('a[rel=next]').click()");
        Assert.EndsWith("02-next.html", browser.Url, StringComparison.Ordinal);
        Assert.Empty(Complaints(browser));
    }

    [Fact]
    public void The_button_changes_between_light_and_dark()
    {
        using ChromeDriver browser = Open(book.Page, 1300, 900, "light");
        string before = browser.FindElement(By.TagName("body")).GetCssValue("background-color");
        browser.FindElement(By.Id("theme")).Click();
        Assert.NotEqual(before, browser.FindElement(By.TagName("body")).GetCssValue("background-color"));
        Assert.Equal("Use light colours", browser.FindElement(By.Id("theme")).GetAttribute("aria-label"));
    }

    private static ChromeDriver Open(string path, int width, int height, string theme)
    {
        string chromium = RequiredTool.Find("chromium", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "chromium", "google-chrome");
        string driver = RequiredTool.Find("chromium-driver", "/usr/bin/chromedriver", "chromedriver");
        ChromeOptions options = new() { BinaryLocation = chromium };
        options.AddArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars");
        options.SetLoggingPreference(LogType.Browser, LogLevel.All);
        ChromeDriverService service = ChromeDriverService.CreateDefaultService(driver);
        service.SuppressInitialDiagnosticInformation = true;
        ChromeDriver browser = new(service, options);
        // Windows have a least width, so a phone's is set as a device would.
        browser.ExecuteCdpCommand("Emulation.setDeviceMetricsOverride", new Dictionary<string, object?>
        {
            ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 600,
        });
        browser.ExecuteCdpCommand("Emulation.setEmulatedMedia", new Dictionary<string, object?>
        {
            ["features"] = new object[] { new Dictionary<string, object> { ["name"] = "prefers-color-scheme", ["value"] = theme } },
        });
        browser.Manage().Timeouts().AsynchronousJavaScript = TimeSpan.FromSeconds(60);
        browser.Navigate().GoToUrl(new Uri(path));
        return browser;
    }

    private static void DrawAll(ChromeDriver browser) =>
        browser.ExecuteAsyncScript("const done = arguments[arguments.length - 1]; drawAllCharts().then(() => setTimeout(done, 300), done);");

    private static long Number(ChromeDriver browser, string script) => (long)browser.ExecuteScript(script)!;

    private static IEnumerable<string> Complaints(ChromeDriver browser) =>
        browser.Manage().Logs.GetLog(LogType.Browser).Where(entry => entry.Level >= LogLevel.Warning).Select(entry => entry.Message);
}
