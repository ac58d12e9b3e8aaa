using System.Net;
using System.Text.Json.Nodes;
using Embodied.Figures;
using Embodied.Interactive.Session;
using Microsoft.DotNet.Interactive.Formatting;
using Plotly.NET;

namespace Embodied.Interactive.Display;

/// <summary>
/// Shows charts as <c>application/vnd.plotly.v1+json</c> for viewers that know it, as HTML that draws itself for those that do not,
/// and as their titles in plain text.
/// </summary>
internal static class ChartFormatter
{
    /// <summary>The MIME type of a Plotly figure.</summary>
    public const string Mime = "application/vnd.plotly.v1+json";

    private const string Library = "plotly-2.28.0.min.js";
    private static readonly Lazy<string> Source = new(ReadSource);
    private static int sentOutsideSessions;

    public static void Register()
    {
        Register<GenericChart>(chart => GenericChart.toJson(chart));
        Register<Animation>(animation => animation.ToJson().ToJsonString());
    }

    private static void Register<T>(Func<T, string> toJson)
    {
        Formatter.SetPreferredMimeTypesFor(typeof(T), Mime, "text/html", "text/plain");
        Formatter.Register<T>((chart, writer) => writer.Write(toJson(chart)), Mime);
        Formatter.Register<T>((chart, writer) => writer.Write(Html(toJson(chart))), "text/html");
        Formatter.Register<T>((chart, writer) => writer.Write($"Figure: {Title(toJson(chart))}"), "text/plain");
    }

    private static string Title(string json)
    {
        string title = JsonNode.Parse(json)?["layout"]?["title"] switch
        {
            JsonObject text => text["text"]?.ToString() ?? "",
            JsonValue text => text.ToString(),
            _ => "",
        };
        return title.Length == 0 ? "untitled" : HtmlText.ToPlain(title.Replace("<br>", " ", StringComparison.Ordinal));
    }

    private static string Html(string json)
    {
        JsonNode? layout = JsonNode.Parse(json)?["layout"];
        string width = layout?["width"]?.ToString() ?? "720", height = layout?["height"]?.ToString() ?? "420";
        string id = $"chart-{Guid.NewGuid():N}";
        string figure = json.Replace("</", "<\\/", StringComparison.Ordinal).Replace("<!--", "<\\!--", StringComparison.Ordinal);
        return $$"""
            <div id="{{id}}" style="max-width:{{width}}px;min-height:{{height}}px" role="img" aria-label="{{WebUtility.HtmlEncode(Title(json))}}"></div>
            {{Carried()}}<script>
            (function () {
              var figure = {{figure}};
              function draw() {
                Plotly.newPlot("{{id}}", figure.data, figure.layout, figure.config)
                  .then(function (chart) { if (figure.frames) Plotly.addFrames(chart, figure.frames); });
              }
              if (window.Plotly) { draw(); return; }
              var modules = window.define && window.define.amd && window.require && window.require.config;
              window.plotlyLoading = window.plotlyLoading || new Promise(function (loaded) {
                var source = "https://cdn.plot.ly/{{Library}}";
                if (modules) {
                  modules({ context: "plotly", waitSeconds: 60 })([source], function (plotly) { window.Plotly = plotly; loaded(); }, loaded);
                  return;
                }
                var script = document.createElement("script");
                script.src = source;
                script.onload = script.onerror = loaded;
                document.head.appendChild(script);
              });
              window.plotlyLoading.then(function () {
                if (window.Plotly) { draw(); return; }
                document.getElementById("{{id}}").textContent = "This chart needs plotly.js, which could not be loaded from cdn.plot.ly. "
                  + "Restart the kernel and run all cells: then the first chart brings it along.";
              });
            })();
            </script>
            """;
    }

    // Jupyter's pages have a module loader, which plotly.js prefers to the global name that the charts expect. From the library that a chart
    // carries it is hidden; the one from the net is asked of it, since the page's own parts load at the same time and need it too.
    private static string Carried()
    {
        bool take = CellContext.Current is { } cell ? cell.Session.TakePlotly() : Interlocked.Exchange(ref sentOutsideSessions, 1) == 0;
        return take
            ? $"<script>if (!window.Plotly) (function () {{ var define, module, exports;\n{Source.Value}\n}}).call(window);</script>\n"
            : "";
    }

    private static string ReadSource()
    {
        using Stream stream = typeof(GenericChart).Assembly.GetManifestResourceStream($"Plotly.NET.{Library}")
            ?? throw new InvalidOperationException($"Plotly.NET carries no {Library} any more; adapt {nameof(ChartFormatter)} to the version it has.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
