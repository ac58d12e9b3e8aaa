using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Embodied.Interactive.Documents;
using Embodied.Notebooks.Tests.Commands;

namespace Embodied.Notebooks.Tests.Kernel;

/// <summary>A classic Jupyter notebook server that has the course's kernel, with all that it reads and writes in a temporary folder.</summary>
internal sealed class NotebookServer : IDisposable
{
    private readonly string folder;
    private readonly ConcurrentQueue<string> log = new();
    private readonly Process process;
    private readonly JsonNode info;

    public NotebookServer()
    {
        // Notebook 7, whose pages are JupyterLab's, has no such module.
        string python = RequiredTool.Python("notebook.notebookapp", "jupyter-notebook");
        folder = Directory.CreateTempSubdirectory("notebook-server-").FullName;
        ToolResult installed = CourseTool.Run("kernel", "install", "--prefix", folder);
        Assert.True(installed.ExitCode == 0, installed.Error);
        Directory.CreateDirectory(Notebooks);
        string setup = File.ReadAllText(Path.Combine(CourseTool.Root, "notebooks", "setup.csx"));
        File.WriteAllText(Path.Combine(Notebooks, "setup.csx"), setup.Replace("\"../", $"\"{CourseTool.Root}/", StringComparison.Ordinal));

        ProcessStartInfo start = new(python, ["-m", "notebook", "--no-browser", "--allow-root", "--ip=127.0.0.1", $"--notebook-dir={Notebooks}"])
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["HOME"] = folder;
        start.Environment["JUPYTER_CONFIG_DIR"] = Path.Combine(folder, "config");
        start.Environment["JUPYTER_DATA_DIR"] = Path.Combine(folder, "share", "jupyter");
        start.Environment["JUPYTER_RUNTIME_DIR"] = Path.Combine(folder, "runtime");
        start.Environment["EMBODIED_HISTORY"] = Path.Combine(folder, "history.jsonl");
        start.Environment["EMBODIED_SCALE"] = "quick";
        start.Environment["EMBODIED_DATA"] = Path.Combine(CourseTool.Root, "data");
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => log.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => log.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        // The server looks for a free port by itself and writes down which, once it listens.
        string file = Path.Combine(folder, "runtime", $"nbserver-{process.Id}.json");
        JsonNode? read = null;
        Browser.Until(() => process.HasExited || (read = TryRead(file)) is not null, seconds: 60);
        info = read ?? throw Stopped();
    }

    /// <summary>Where notebooks lie.</summary>
    public string Notebooks => Path.Combine(folder, "notebooks");

    /// <summary>The last lines that the server and its kernels wrote.</summary>
    public string LogTail => string.Join('\n', log.TakeLast(25));

    /// <summary>The page of a notebook.</summary>
    public Uri Page(string name) => new($"{info["url"]}notebooks/{name}?token={info["token"]}");

    /// <summary>Lays a notebook down for the server to show.</summary>
    public string Add(string name, NotebookDocument document)
    {
        document.Save(Path.Combine(Notebooks, name));
        return name;
    }

    public void Dispose()
    {
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private InvalidOperationException Stopped()
    {
        string told = process.HasExited ? $"ended with exit code {process.ExitCode}" : "did not answer within 60 s";
        string lines = LogTail;
        Dispose();
        return new InvalidOperationException($"The notebook server {told}:\n{lines}");
    }

    private static JsonNode? TryRead(string file)
    {
        try
        {
            return File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file)) : null;
        }
        catch (JsonException)
        {
            return null; // half written
        }
    }
}
