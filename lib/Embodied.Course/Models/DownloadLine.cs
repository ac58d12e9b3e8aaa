using System.Globalization;

namespace Embodied.Course.Models;

/// <summary>Shows how far a download is: a line that changes on a screen, one for every tenth in a pipe.</summary>
/// <param name="name">What is downloaded.</param>
/// <param name="output">Where to.</param>
/// <param name="plain">Whether that is no screen.</param>
internal sealed class DownloadLine(string name, TextWriter output, bool plain)
{
    private long shown = long.MinValue;
    private bool open;

    /// <summary>Shows it, if enough has changed.</summary>
    public void Show(long have, long? total)
    {
        long step = total is > 0 ? have * (plain ? 10 : 100) / total.Value : have >> (plain ? 23 : 20);
        if (step == shown)
        {
            return;
        }
        shown = step;
        string share = total is > 0 ? string.Create(CultureInfo.InvariantCulture, $" of {ModelDownload.Size(total.Value)}, {100 * have / total.Value} %") : "";
        string text = $"{name}: {ModelDownload.Size(have)}{share}";
        output.Write(plain ? text + "\n" : $"\r{text,-60}");
        open = !plain;
    }

    /// <summary>Leaves the line.</summary>
    public void End()
    {
        if (open)
        {
            output.WriteLine();
            open = false;
        }
    }
}
