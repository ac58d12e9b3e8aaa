using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Embodied.Interactive.Display;

namespace Embodied.Interactive;

/// <summary>
/// A live bar for long work, with its loss and the time left. Give it to what takes an <see cref="IProgress{T}"/>; dispose of it when
/// the work is done.
/// </summary>
public sealed class LiveProgress : IProgress<TrainingProgress>, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Lock gate = new();
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly string title;
    private readonly DisplayedValue shown;
    private TrainingProgress latest;
    private TimeSpan next = Interval;
    private bool ended;

    private LiveProgress(string title)
    {
        this.title = title;
        latest = new TrainingProgress(0, 0, double.NaN);
        shown = DisplayedValue.Show(State(done: false));
    }

    /// <summary>Shows a bar.</summary>
    /// <param name="title">What is being done, such as <c>"Training the RBM"</c>.</param>
    public static LiveProgress Start(string title) => new(title);

    /// <summary>Takes in how far the work is; the display is renewed five times a second at most.</summary>
    public void Report(TrainingProgress value)
    {
        lock (gate)
        {
            latest = value;
            if (!ended && clock.Elapsed >= next)
            {
                next = clock.Elapsed + Interval;
                shown.Update(State(done: false));
            }
        }
    }

    /// <summary>Shows the end state.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (!ended)
            {
                ended = true;
                shown.Update(State(done: true));
            }
        }
    }

    private MimeBundle State(bool done)
    {
        bool complete = done && (latest.Steps == 0 || latest.Step >= latest.Steps);
        string steps = latest.Steps > 0 ? $"{latest.Step:N0}/{latest.Steps:N0}" : latest.Step > 0 ? $"{latest.Step:N0}" : "";
        string loss = double.IsNaN(latest.Loss) ? "" : $"loss {latest.Loss.ToString("G4", CultureInfo.InvariantCulture)}";
        string time = done ? $"{Seconds(clock.Elapsed)}{(complete ? "" : ", stopped early")}"
            : latest is { Step: > 0, Steps: > 0 } ? $"{Seconds(clock.Elapsed / latest.Step * (latest.Steps - latest.Step))} left"
            : latest.Step == 0 && clock.Elapsed.TotalSeconds >= 1 ? Seconds(clock.Elapsed) : "";
        string text = string.Join(" · ", ((string[])[title, steps, loss, time]).Where(part => part.Length > 0));
        string bar = latest.Steps > 0
            ? FormattableString.Invariant($"<progress value=\"{latest.Step}\" max=\"{latest.Steps}\" aria-label=\"{WebUtility.HtmlEncode(title)}\"></progress> ")
            : done ? "" : $"<progress aria-label=\"{WebUtility.HtmlEncode(title)}\"></progress> ";
        return new MimeBundle(new JsonObject
        {
            ["text/html"] = $"<div class=\"embodied-progress\">{bar}<span>{WebUtility.HtmlEncode(text)}</span></div>",
            ["text/plain"] = text,
        });
    }

    private static string Seconds(TimeSpan span) => span.TotalSeconds switch
    {
        < 9.95 => FormattableString.Invariant($"{span.TotalSeconds:0.0} s"),
        < 120 => FormattableString.Invariant($"{span.TotalSeconds:0} s"),
        _ => FormattableString.Invariant($"{span.TotalMinutes:0} min"),
    };
}
