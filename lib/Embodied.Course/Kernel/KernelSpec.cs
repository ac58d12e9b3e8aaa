using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Embodied.Course.Commands;
using SkiaSharp;

namespace Embodied.Course.Kernel;

/// <summary>The files by which Jupyter knows the kernel.</summary>
/// <param name="Folder">Where Jupyter keeps its data, such as <c>~/.local/share/jupyter</c>.</param>
/// <param name="Name">The kernel's name in notebooks' metadata.</param>
public sealed record KernelSpec(string Folder, string Name)
{
    /// <summary>The name that the course's notebooks carry, which is .NET Interactive's too.</summary>
    public const string DefaultName = ".net-csharp";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The kernel's own folder.</summary>
    public string Path => System.IO.Path.Combine(Folder, "kernels", Name);

    /// <summary>Where Jupyter looks for this user's kernels.</summary>
    public static string UserFolder => Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR") is { Length: > 0 } named ? named
        : OperatingSystem.IsWindows() ? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "jupyter")
        : OperatingSystem.IsMacOS() ? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), "Library", "Jupyter")
        : System.IO.Path.Combine(
            Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data ? data
                : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share"),
            "jupyter");

    /// <summary>What Jupyter reads: how to start the kernel, what to call it, how to interrupt it.</summary>
    public static JsonObject Content(IEnumerable<string> command) => new()
    {
        ["argv"] = new JsonArray([.. command.Select(part => JsonValue.Create(part)), "start", "{connection_file}"]),
        ["display_name"] = ".NET (C#)",
        ["language"] = "C#",
        ["interrupt_mode"] = "message",
        // Threads that spin while they wait slow each other down; small first generations keep a session of many cells 10 MB smaller.
        ["env"] = new JsonObject { ["OMP_WAIT_POLICY"] = "PASSIVE", ["DOTNET_GCgen0size"] = "0x800000" },
        ["metadata"] = new JsonObject { ["debugger"] = false },
    };

    /// <summary>Writes the files; a folder that another program wrote is replaced only by <paramref name="force"/>.</summary>
    /// <exception cref="CommandException">A foreign kernel has the name.</exception>
    public void Install(bool force)
    {
        Check(force);
        Directory.CreateDirectory(Path);
        foreach (int size in (int[])[32, 64])
        {
            AtomicFile.Write(System.IO.Path.Combine(Path, $"logo-{size}x{size}.png"), stream => stream.Write(Logo(size)));
        }
        AtomicFile.Write(System.IO.Path.Combine(Path, "kernel.json"), Content(CourseProcess.Command("kernel")).ToJsonString(Readable) + "\n");
    }

    /// <summary>Removes the files.</summary>
    /// <exception cref="CommandException">There are none, or a foreign kernel has the name.</exception>
    public void Uninstall(bool force)
    {
        if (!Directory.Exists(Path))
        {
            throw CommandException.Misuse($"There is no kernel '{Name}' in '{Folder}'.");
        }
        Check(force);
        Directory.Delete(Path, recursive: true);
    }

    private void Check(bool force)
    {
        string file = System.IO.Path.Combine(Path, "kernel.json");
        if (!force && File.Exists(file) && !IsOurs(file))
        {
            throw CommandException.Misuse($"'{Path}' belongs to another kernel; --force replaces it, --name chooses another name.");
        }
    }

    private static bool IsOurs(string file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(file))?["argv"] is JsonArray argv
                && argv.Any(part => System.IO.Path.GetFileNameWithoutExtension(part?.ToString() ?? "") == "course");
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static byte[] Logo(int size)
    {
        using SKSurface surface = SKSurface.Create(new SKImageInfo(size, size));
        using SKPaint fill = new() { Color = new SKColor(0x00, 0x72, 0xb2), IsAntialias = true };
        using SKPaint ink = new() { Color = SKColors.White, IsAntialias = true, TextSize = size * 0.5f, TextAlign = SKTextAlign.Center, FakeBoldText = true };
        surface.Canvas.Clear(SKColors.Transparent);
        surface.Canvas.DrawRoundRect(0, 0, size, size, size / 6f, size / 6f, fill);
        surface.Canvas.DrawText("C#", size / 2f, size * 0.68f, ink);
        using SKImage image = surface.Snapshot();
        return image.Encode(SKEncodedImageFormat.Png, 100).ToArray();
    }
}
