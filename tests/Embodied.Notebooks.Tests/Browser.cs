using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;

namespace Embodied.Notebooks.Tests;

/// <summary>A headless Chromium, and what is asked of its pages.</summary>
internal static class Browser
{
    public static ChromeDriver Open(Uri address, int width, int height, string theme)
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
        browser.Navigate().GoToUrl(address);
        return browser;
    }

    /// <summary>Waits for a condition; false when <paramref name="seconds"/> were not enough.</summary>
    public static bool Until(Func<bool> condition, double seconds = 20) => SpinWait.SpinUntil(
        () =>
        {
            Thread.Sleep(50);
            return condition();
        },
        TimeSpan.FromSeconds(seconds));

    public static long Number(this ChromeDriver browser, string script) => (long)browser.ExecuteScript(script)!;

    /// <summary>The warnings and errors that the page has logged since the last call.</summary>
    public static IEnumerable<string> Complaints(this ChromeDriver browser) =>
        browser.Manage().Logs.GetLog(LogType.Browser).Where(entry => entry.Level >= LogLevel.Warning).Select(entry => entry.Message);
}
