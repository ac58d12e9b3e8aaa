using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Embodied.Interactive.Running;

namespace Embodied.Course.Grading;

/// <summary>
/// Runs worker processes so that whatever their cells do touches nothing else: bubblewrap gives them namespaces of their own
/// (processes, network, mounts) in which little of the machine is to be seen and nothing but scratch folders in memory can be written.
/// </summary>
public sealed class Sandbox : IDisposable
{
    // What the launching shell may have inherited besides the pipes ends here. The pipes' numbers are the fourth and third argument from the end.
    private const string Launch = """
        for fd in /proc/self/fd/*; do
          fd=${fd##*/}
          case $fd in 0|1|2|"${@: -4:1}"|"${@: -3:1}") ;; *) [ -e /proc/self/fd/$fd ] && eval "exec $fd>&-" ;; esac
        done 2>/dev/null
        exec {filter}<"$0" && exec "$1" --seccomp $filter "${@:2}"
        """;

    private static readonly string[] Programs = ["bwrap", "bash", "prlimit", "setpriv"];
    private static readonly TimeSpan TrialLimit = TimeSpan.FromSeconds(10);

    private readonly string program;
    private readonly DirectoryInfo folder;
    private readonly string filter;

    private Sandbox(string program)
    {
        this.program = program;
        folder = Directory.CreateTempSubdirectory("course-sandbox-");
        filter = Path.Combine(folder.FullName, "filter");
        File.WriteAllBytes(filter, SandboxFilter.Program());
    }

    /// <summary>The sandbox of this machine.</summary>
    /// <param name="lack">Why there is none, as a sentence; null when there is one.</param>
    /// <returns>Null when there is none that works.</returns>
    public static Sandbox? Find(out string? lack)
    {
        lack = !OperatingSystem.IsLinux() ? "There is a sandbox on Linux alone."
            : !SandboxFilter.IsKnown ? "There is a sandbox for x64 and arm64 processors alone."
            : Programs.Where(name => Locate(name) is null).ToArray() is [_, ..] missing
                ? $"The sandbox needs {string.Join(", ", missing)}, which {(missing.Length == 1 ? "is" : "are")} not installed (packages bubblewrap, bash, util-linux)."
            : null;
        if (lack is not null)
        {
            return null;
        }
        Sandbox sandbox = new(Locate("bwrap")!);
        lack = sandbox.Try();
        if (lack is null)
        {
            return sandbox;
        }
        sandbox.Dispose();
        return null;
    }

    /// <summary>Changes how a worker starts: it will do so in the sandbox.</summary>
    /// <param name="options">
    /// How it would start. The working directory becomes an empty folder in memory; of the environment only what is set here arrives.
    /// </param>
    /// <param name="limits">What it may use.</param>
    /// <param name="readOnly">
    /// The files and folders that cells may read, besides the runtime, the system's programs and this program's own folder:
    /// <c>setup.csx</c> and <c>data</c>. Those that do not exist are left out.
    /// </param>
    public WorkerOptions Wrap(WorkerOptions options, SandboxLimits limits, params IEnumerable<string> readOnly)
    {
        string workingDirectory = Path.GetFullPath(options.WorkingDirectory);
        string[] seen = [.. readOnly.Select(Path.GetFullPath).Where(Path.Exists), .. Own()];
        Dictionary<string, string?> environment = new()
        {
            ["PATH"] = "/usr/local/bin:/usr/bin:/bin",
            ["LANG"] = "C.UTF-8",
            ["HOME"] = "/tmp",
            ["TMPDIR"] = "/tmp",
            ["OMP_WAIT_POLICY"] = "PASSIVE",
            ["DOTNET_EnableDiagnostics"] = "0",
            ["DOTNET_DbgEnableMiniDump"] = "0",
            // It would keep the code it compiles in a memory file, which the filter refuses.
            ["DOTNET_EnableWriteXorExecute"] = "0",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        };
        foreach ((string name, string? value) in options.Environment)
        {
            environment[name] = value;
        }
        return options with
        {
            Command = Command(workingDirectory, seen, limits, options.Command),
            // Where the launcher starts; bubblewrap changes into the working directory, which need not exist outside.
            WorkingDirectory = "/",
            Environment = environment,
            InheritEnvironment = false,
            Contained = true,
            MemoryLimit = (long)limits.Memory << 20,
            ProcessLimit = limits.Processes,
            MessageLimit = limits.MessageSize,
            OutputLimit = limits.OutputLimit,
        };
    }

    /// <summary>Removes the sandbox's own file; workers that have started are not affected.</summary>
    public void Dispose()
    {
        try
        {
            folder.Delete(recursive: true);
        }
        catch (IOException)
        {
        }
    }

    private static IEnumerable<string> Own() =>
        CourseProcess.Host() is { } host ? [AppContext.BaseDirectory.TrimEnd('/'), Path.GetDirectoryName(host)!] : [AppContext.BaseDirectory.TrimEnd('/')];

    private static string? Locate(string name) =>
        ((IEnumerable<string>)["/usr/bin", "/bin", "/usr/local/bin"]).Select(place => Path.Combine(place, name)).FirstOrDefault(File.Exists);

    private IReadOnlyList<string> Command(string workingDirectory, IEnumerable<string> seen, SandboxLimits limits, IEnumerable<string> command)
    {
        bool root = SandboxUser.IsRoot;
        List<string> all =
        [
            Locate("bash")!, "-c", Launch, filter, program,
            "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox",
            "--new-session", "--die-with-parent", "--cap-drop", "ALL",
        ];
        // Root reads the course wherever it lies, and then becomes somebody whose threads can be counted and whom no file belongs to.
        // In a user namespace it would stay root for every file and every setting of the kernel that can be seen.
        all.AddRange(root
            ? ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
            : ["--unshare-user", "--uid", "65534", "--gid", "65534"]);
        all.AddRange(SandboxView.Arguments(workingDirectory, seen, limits.Scratch));
        all.AddRange([
            Locate("prlimit")!, Text($"--nproc={limits.Threads}"), Text($"--fsize={limits.FileSize}"), "--core=0", "--nofile=1024", "--memlock=0",
            "--msgqueue=0", "--"]);
        if (root)
        {
            string user = Text($"{SandboxUser.Next()}");
            all.AddRange([
                Locate("setpriv")!, "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs",
                "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--"]);
        }
        all.AddRange(command);
        return all;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // Null when it works.
    private string? Try()
    {
        // The launcher looks for pipes among the last four arguments.
        IReadOnlyList<string> command = [.. Command("/tmp/work", Own(), new SandboxLimits(), ["/bin/true"]), "0", "1", "0", "0"];
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        try
        {
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> said = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(TrialLimit))
            {
                process.Kill(entireProcessTree: true);
                return "The sandbox does not work here: bubblewrap did not end in time.";
            }
            return process.ExitCode == 0 ? null
                : $"The sandbox does not work here: bubblewrap ended with code {process.ExitCode}. {said.GetAwaiter().GetResult().Trim()}";
        }
        catch (Win32Exception e)
        {
            return $"The sandbox does not work here: {e.Message}.";
        }
    }
}
