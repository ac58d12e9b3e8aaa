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
        Assert.True(browser.Number("return document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, "the page scrolls sideways");
        Assert.Equal(theme == "dark", (bool)browser.ExecuteScript("return getComputedStyle(document.body).backgroundColor === 'rgb(22, 24, 27)'")!);
        Assert.True(browser.Number("return document.querySelectorAll('math').length") >= 8);
        Assert.Equal(0, browser.Number("return document.querySelectorAll('merror').length"));
        Assert.Equal(8, browser.Number("return document.querySelectorAll('.book-plot')[3]._transitionData._frames.length"));
        Assert.Equal("", browser.ExecuteScript("return performance.getEntriesByType('resource').map(e => e.name).filter(n => !/^(file|data|blob):/.test(n)).join(' ')"));
        Assert.Empty(browser.Complaints());
    }

    [Theory]
    [InlineData("01-sample.html", 1300, "light")]
    [InlineData("01-sample.html", 1300, "dark")]
    [InlineData("01-sample.html", 390, "light")]
    [InlineData("01-sample.html", 390, "dark")]
    [InlineData("source", 1300, "light")]
    [InlineData("source", 390, "dark")]
    [InlineData("index.html", 1300, "light")]
    [InlineData("index.html", 390, "dark")]
    public void Axe_finds_nothing(string page, int width, string theme)
    {
        using ChromeDriver browser = Open(page == "source" ? book.Source : Path.Combine(book.Folder, page), width, 900, theme);
        DrawAll(browser);
        browser.ExecuteScript(new BundledAxeScriptProvider().GetScript());
        object? found = browser.ExecuteAsyncScript(
            """
            const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ["violations"] }).then(results => done(results.violations
              .map(v => v.impact + " " + v.id + ": " + v.help + " at " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | ")).join("\n")));
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
        Assert.Empty(browser.Complaints());
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

    [Fact]
    public void Paper_is_white_even_when_the_page_is_dark()
    {
        using ChromeDriver browser = Open(book.Page, 1300, 900, "dark");
        browser.FindElement(By.Id("theme")).Click();
        browser.FindElement(By.Id("theme")).Click();
        Assert.Equal("dark", browser.ExecuteScript("return document.documentElement.dataset.theme"));
        browser.ExecuteCdpCommand("Emulation.setEmulatedMedia", new Dictionary<string, object?>
        {
            ["media"] = "print",
            ["features"] = new object[] { new Dictionary<string, object> { ["name"] = "prefers-color-scheme", ["value"] = "dark" } },
        });
        Assert.Equal("rgb(255, 255, 255)", browser.ExecuteScript("return getComputedStyle(document.body).backgroundColor"));
        Assert.Equal("none", browser.ExecuteScript("return getComputedStyle(document.querySelector('.bar')).display"));
    }

    [Fact]
    public void An_animation_is_moved_by_the_keyboard_and_plays_to_its_end()
    {
        using ChromeDriver browser = Open(book.Page, 390, 844, "light");
        DrawAll(browser);
        IWebElement slider = browser.FindElement(By.CssSelector(".player input")), button = browser.FindElement(By.CssSelector(".player button"));
        string Drawn() => (string)browser.ExecuteScript("return document.querySelector('.player').closest('figure').querySelector('.scatterlayer .point').getAttribute('transform')")!;
        string first = Drawn();
        slider.SendKeys(Keys.ArrowRight);
        Assert.Equal("1", slider.GetDomProperty("value"));
        Assert.Equal("step 1", browser.FindElement(By.CssSelector(".moment")).Text);
        Assert.True(Browser.Until(() => Drawn() != first), "the points stay where they were");

        button.SendKeys(Keys.Enter);
        Assert.Equal("Pause", button.Text);
        Assert.True(Browser.Until(() => slider.GetDomProperty("value") == "7" && button.Text == "Play"), "it does not play to its end");
        Assert.Equal(0, browser.Number("const [a, b] = [...document.querySelectorAll('.player > *')].map(e => e.getBoundingClientRect()); return +(a.right > b.left && a.bottom > b.top)"));
        Assert.Empty(browser.Complaints());
    }

    [Fact]
    public void On_a_phone_figures_leave_no_gap_and_captions_stay_apart()
    {
        using ChromeDriver browser = Open(book.Page, 390, 844, "light");
        DrawAll(browser);
        // Below the lowest picture of the grid there is no more room than captions need, below the animation's plot its axis and legend.
        Assert.InRange(
            browser.Number("const p = document.querySelectorAll('.book-plot')[1]; return Math.round(p.getBoundingClientRect().bottom - Math.max(...[...p.querySelectorAll('image')].map(i => i.getBoundingClientRect().bottom)))"),
            0, 60);
        Assert.InRange(
            browser.Number("const p = document.querySelectorAll('.book-plot')[3]; return Math.round(p.getBoundingClientRect().bottom - p.querySelector('.plot').getBoundingClientRect().bottom)"),
            40, 170);
        Assert.Equal(3, browser.Number(
            """
            return [...document.querySelectorAll('.book-plot')].filter(p => {
              const legend = p.querySelector('g.legend'), title = p.querySelector('.xtitle');
              return legend && legend.getBoundingClientRect().top >= title.getBoundingClientRect().bottom
                && legend.getBoundingClientRect().bottom <= p.getBoundingClientRect().bottom + 1;
            }).length;
            """));
        Assert.Equal(0, browser.Number(
            """
            const boxes = [...document.querySelectorAll('g.annotation text, .legend text, .xtitle')].map(t => t.getBoundingClientRect());
            return boxes.filter((a, i) => boxes.slice(i + 1).some(b => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length;
            """));
    }

    [Fact]
    public void Charts_ink_has_the_contrast_of_text()
    {
        using ChromeDriver browser = Open(book.Page, 1300, 900, "light");
        DrawAll(browser);
        Assert.Equal("rgb(91, 96, 102)", browser.ExecuteScript("return getComputedStyle(document.querySelector('.book-plot .xtick text')).fill"));
    }

    private static ChromeDriver Open(string path, int width, int height, string theme) => Browser.Open(new Uri(path), width, height, theme);

    private static void DrawAll(ChromeDriver browser) =>
        browser.ExecuteAsyncScript("const done = arguments[arguments.length - 1]; drawAllCharts().then(() => setTimeout(done, 300), done);");
}
