using Embodied.Interactive.Running;

namespace Embodied.Notebooks.Tests.Grading;

/// <summary>The attacks on the process that runs students' code. <c>SECRET</c>, <c>PORT</c>, <c>PARENT</c> and <c>COURSE</c> stand for what the test has put there.</summary>
internal static class Attacks
{
    // Tries something, and tells what came of it: an exception is what is wanted.
    private const string Tools = """
        using System.Diagnostics; using System.IO; using System.Net; using System.Net.Sockets; using System.Reflection; using System.Runtime.InteropServices; using System.Threading;
        string Refused(Action attack) { try { attack(); return "it worked"; } catch (Exception e) when (e is not OutOfMemoryException) { return "contained"; } }
        (int Code, string Said) Shell(string line, int seconds = 5)
        {
            var start = new ProcessStartInfo("/bin/bash", ["-c", line]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var said = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(TimeSpan.FromSeconds(seconds))) { process.Kill(true); return (-1, ""); }
            return (process.ExitCode, said.Result + error.Result);
        }
        IEnumerable<string> Files(string root, string pattern) => Directory.EnumerateFiles(root, pattern, new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, MaxRecursionDepth = 12, AttributesToSkip = FileAttributes.ReparsePoint });

        """;

    public static IReadOnlyList<Attack> All { get; } =
    [
        new("an endless loop", Contained.Stopped, "while (true) { }"),
        new("an endless loop that swallows its interruption", Contained.Stopped, "while (true) { try { while (true) { } } catch { } }"),
        new("native code that never returns", Contained.Ended, "[System.Runtime.InteropServices.DllImport(\"libc\")] static extern int pause();\nwhile (true) { pause(); }"),
        new("recursion without end", Contained.Lost, "int F(int x) => F(x + 1) + 1;\nF(0)"),
        new("a stack overflow past every guard", Contained.Lost, "unsafe static void F(byte* p) { byte* q = stackalloc byte[1 << 16]; q[0] = *p; F(q); p[0] = q[0]; }\nunsafe { byte b = 0; F(&b); }"),
        new("a fork bomb", Contained.Lost, Tools + "Shell(\"bomb() { bomb | bomb & }; bomb; sleep 30\", 20); \"it lives\"", LossReason.TooManyProcesses),
        new("ten thousand threads", Contained.Nothing, Tools + """
            var end = new ManualResetEventSlim(); string result = "it worked";
            try { for (int i = 0; i < 10_000; i++) new Thread(() => end.Wait(), 1 << 16) { IsBackground = true }.Start(); } catch (OutOfMemoryException) { result = "contained"; }
            end.Set();
            result
            """),
        new("a memory bomb of objects", Contained.Nothing, "var all = new List<byte[]>();\ntry { while (true) { var b = new byte[1 << 20]; Array.Fill(b, (byte)1); all.Add(b); } } catch (OutOfMemoryException) { all = null; }\n\"contained\""),
        new("a memory bomb of native memory", Contained.Lost, "unsafe { while (true) { byte* p = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc(1 << 24); for (int i = 0; i < 1 << 24; i += 4096) p[i] = 1; } }", LossReason.OutOfMemory),
        new("filling the disk", Contained.Nothing, Tools + """
            string F(string folder)
            {
                long written = 0;
                try { for (int i = 0; i < 64; i++) { using var file = File.Create(Path.Combine(folder, "fill" + i)); for (int k = 0; k < 32; k++) { file.Write(new byte[1 << 20]); written += 1 << 20; } } return "it worked"; }
                catch (IOException) { foreach (string file in Directory.GetFiles(folder, "fill*")) File.Delete(file); return written <= 128L << 20 ? "contained" : $"{written} bytes"; }
            }
            var results = new[] { F("/tmp"), F("."), F("/dev/shm") }.Distinct().ToArray();
            string.Join(", ", results)
            """),
        new("a file beyond all bounds", Contained.Lost, "var file = System.IO.File.Create(\"/tmp/large\");\nfile.SetLength(1L << 40);\n\"it worked\""),
        new("a flood of output", Contained.Lost, "while (true) Console.WriteLine(new string('x', 10_000));", LossReason.TooMuchOutput),
        new("a flood past the session, by a program", Contained.Lost, "System.Diagnostics.Process.Start(\"/usr/bin/yes\")!.WaitForExit();\n\"it lives\"", LossReason.TooMuchOutput),
        new("one message without end", Contained.Lost, Tools + Forge + "Say(\"{\\\"a\\\":\\\"\" + new string('x', 60_000_000)); Thread.Sleep(5000); \"it lives\"", LossReason.TooMuchOutput),
        new("a message of a million parts", Contained.Lost, Tools + Forge + "Say(\"{\\\"a\\\":[\" + string.Join(',', Enumerable.Repeat(\"1\", 2_000_000)) + \"]}\"); Thread.Sleep(5000); \"it lives\"", LossReason.Senseless),
        new("senseless messages to the process that grades", Contained.Lost, Tools + Forge + "Say(\"{\\\"event\\\":\"); Thread.Sleep(5000); \"it lives\"", LossReason.Senseless),
        new("deleting every file", Contained.Nothing, Tools + """
            foreach (string root in new[] { "COURSE", "/usr", "/home", "/root", "/etc" })
                foreach (string file in Directory.Exists(root) ? Files(root, "*").Take(200).ToArray() : [])
                    try { File.Delete(file); } catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
            Shell("rm -rf COURSE /usr /var /home 2>/dev/null");
            File.Exists("/usr/bin/bash") && File.Exists("COURSE/data/README.md") ? "contained" : "files are gone"
            """),
        new("overwriting the course", Contained.Nothing, Tools + "Refused(() => File.AppendAllText(\"COURSE/notebooks/setup.csx\", \"// mine\"))"),
        new("reading the instructor's notebooks", Contained.Nothing, Tools + "var found = Directory.GetDirectories(\"/\").Where(root => root is not (\"/usr\" or \"/proc\" or \"/sys\")).SelectMany(root => Files(root, \"*.ipynb\")).Where(file => File.ReadAllText(file).Contains(\"MyNcut\")).ToArray();\nfound.Length == 0 ? \"contained\" : string.Join(\" \", found)"),
        new("searching all that can be read for the hidden checks", Contained.Nothing, Tools + """
            var found = new[] { "COURSE", "/tmp", "/home", "/root", "/var", "/mnt", "/srv", "/opt" }.Where(Directory.Exists).SelectMany(root => Files(root, "*"))
                .Where(file => { try { return new FileInfo(file).Length < 20_000_000 && File.ReadAllText(file).Contains("nothing is cut that " + "must not be"); } catch { return false; } }).Take(3).ToArray();
            found.Length == 0 ? "contained" : string.Join(" ", found)
            """),
        new("reading other submissions", Contained.Nothing, Tools + "Directory.Exists(\"OTHERS\") || File.Exists(\"OTHERS/secret.txt\") || Shell(\"grep -rl SECRET OTHERS\").Code == 0 ? \"it worked\" : \"contained\""),
        new("reading home folders and passwords", Contained.Nothing, Tools + """
            string[] homes = [.. new[] { "/root", "/home" }.Where(Directory.Exists).SelectMany(root => Files(root, "*")).Where(file => !file.StartsWith("COURSE"))];
            homes.Length > 0 || File.Exists("/etc/shadow") ? "it worked" : "contained"
            """),
        new("reading the environment", Contained.Nothing, "Environment.GetEnvironmentVariables().Values.Cast<object>().Any(value => value.ToString()!.Contains(\"SECRET\")) ? \"it worked\" : \"contained\""),
        new("reading the environment and memory of others in /proc", Contained.Nothing, Tools + """
            var tries = Directory.GetDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)).SelectMany(folder => new[] { "environ", "cmdline" }.Select(name =>
            { try { return File.ReadAllText(Path.Combine(folder, name)); } catch { return ""; } })).ToArray();
            tries.Any(text => text.Contains("SECRET") || text.Contains("OTHERS")) || Directory.Exists("/proc/PARENT") && PARENT > 100 ? "it worked" : "contained"
            """),
        new("leaving by /proc/1/root", Contained.Nothing, Tools + "File.Exists(\"/proc/1/rootOTHERS/secret.txt\") || File.Exists(\"/proc/self/rootOTHERS/secret.txt\") || File.Exists(\"/proc/self/cwd/../../../../../../..OTHERS/secret.txt\") ? \"it worked\" : \"contained\""),
        new("leaving by a symbolic link", Contained.Nothing, Tools + "File.CreateSymbolicLink(\"/tmp/way\" + Environment.TickCount64, \"OTHERS\").Name is var way && File.Exists(\"/tmp/\" + way + \"/secret.txt\") ? \"it worked\" : \"contained\""),
        new("changing the kernel's settings", Contained.Nothing, Tools + "var refused = new[] { \"/proc/sys/kernel/core_pattern\", \"/proc/sysrq-trigger\", \"/proc/self/oom_score_adj\", \"/sys/power/state\" }.Select(file => Refused(() => File.WriteAllText(file, \"-1000\"))).Distinct();\nstring.Join(\" \", refused)"),
        new("calling a server on this machine", Contained.Nothing, Tools + "Refused(() => { using var client = new TcpClient(); if (!client.ConnectAsync(IPAddress.Loopback, PORT).Wait(3000)) throw new IOException(); })"),
        new("calling the internet", Contained.Nothing, Tools + "Refused(() => { using var client = new TcpClient(); if (!client.ConnectAsync(IPAddress.Parse(\"1.1.1.1\"), 443).Wait(3000)) throw new IOException(); }) is var direct && Refused(() => Dns.GetHostAddresses(\"example.org\")) is var name && direct == name ? direct : \"it worked\""),
        new("speaking to the host by other kinds of sockets", Contained.Nothing, Tools + """
            [DllImport("libc", SetLastError = true)] static extern int socket(int family, int type, int protocol);
            var open = new[] { 16, 17, 38, 40 }.Where(family => socket(family, 3, 0) >= 0 || socket(family, 1, 0) >= 0).ToArray();
            open.Length == 0 ? "contained" : string.Join(" ", open)
            """),
        new("ending with success", Contained.Lost, "Environment.Exit(0);"),
        new("ending it the native way, in the middle of a call", Contained.Lost, "[System.Runtime.InteropServices.DllImport(\"libc\")] static extern void _exit(int code);\n_exit(0);"),
        new("crashing the runtime", Contained.Lost, "Environment.FailFast(\"gone\");"),
        new("killing every process", Contained.Lost, Tools + """
            foreach (int id in new[] { PARENT, 1, 2 }) { try { Process.GetProcessById(id).Kill(); } catch { } }
            [DllImport("libc", SetLastError = true)] static extern int kill(int process, int signal);
            kill(PARENT, 9) == 0 && PARENT > 100 ? "it worked" : "contained"
            """),
        new("tracing and reading other processes' memory", Contained.Nothing, Tools + """
            [DllImport("libc", SetLastError = true)] static extern long ptrace(long request, int process, IntPtr address, IntPtr data);
            [DllImport("libc", SetLastError = true)] static extern long syscall(long number, long a, long b, long c, long d, long e, long f);
            var own = Shell("cat /proc/$PPID/mem").Code != 0;
            ptrace(16, 1, 0, 0) != 0 && ptrace(0, 0, 0, 0) != 0 && syscall(310, 1, 0, 0, 0, 0, 0) < 0 && own ? "contained" : "it worked"
            """),
        new("becoming root, mounting, making namespaces", Contained.Nothing, Tools + """
            [DllImport("libc", SetLastError = true)] static extern int setuid(int user);
            [DllImport("libc", SetLastError = true)] static extern int unshare(int flags);
            [DllImport("libc", SetLastError = true)] static extern int mount(string source, string target, string type, ulong flags, string? data);
            [DllImport("libc", SetLastError = true)] static extern int chroot(string path);
            setuid(0) != 0 && unshare(0x10000000) != 0 && mount("none", "/tmp", "tmpfs", 0, null) != 0 && chroot("/tmp") != 0 && Shell("unshare -r true || su -c true || mount -o remount,rw /").Code != 0 ? "contained" : "it worked"
            """),
        new("typing into the teacher's terminal", Contained.Nothing, Tools + """
            [DllImport("libc", SetLastError = true)] static extern int ioctl(int file, ulong request, ref byte character);
            byte letter = (byte)'x';
            Refused(() => File.Open("/dev/tty", FileMode.Open, FileAccess.ReadWrite).Dispose()) == "contained" && ioctl(0, 0x5412, ref letter) != 0 && ioctl(2, 0x5412, ref letter) != 0 ? "contained" : "it worked"
            """),
        new("raising its own limits", Contained.Nothing, Tools + "Shell(\"ulimit -u 100000 || ulimit -f unlimited || prlimit --nproc=100000 --pid $PPID\").Code != 0 ? \"contained\" : \"it worked\""),
        new("setting the clock and the machine's name", Contained.Nothing, Tools + "Shell(\"date -s '2001-01-01' || hostname mine\").Code != 0 ? \"contained\" : \"it worked\""),
        new("a program in memory that no disk holds", Contained.Nothing, Tools + "[DllImport(\"libc\", SetLastError = true)] static extern int memfd_create(string name, uint flags);\nmemfd_create(\"mine\", 0) < 0 ? \"contained\" : \"it worked\""),
    ];

    // The pipe to the process that grades is a file of this process, which its command line tells.
    private const string Forge = """
        void Say(string line)
        {
            [DllImport("libc", SetLastError = true)] static extern nint write(int file, byte[] bytes, nint count);
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(line + "\n");
            int pipe = int.Parse(File.ReadAllText("/proc/self/cmdline").Split('\0')[^4]);
            for (nint done = 0, wrote; done < bytes.Length && (wrote = write(pipe, bytes[(int)done..], bytes.Length - done)) > 0; done += wrote) { }
        }

        """;
}
