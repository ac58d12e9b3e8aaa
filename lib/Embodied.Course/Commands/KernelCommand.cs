using System.CommandLine;
using System.Diagnostics;
using Embodied.Course.Kernel;

namespace Embodied.Course.Commands;

/// <summary><c>course kernel</c>: makes the course a kernel of Jupyter, VS Code and whatever else speaks their protocol.</summary>
internal static class KernelCommand
{
    public static Command Create() => new("kernel", "Make the course a kernel for Jupyter and VS Code, or no longer.")
    {
        Subcommand("install", "Write the files by which Jupyter finds the kernel.", (spec, force) =>
        {
            spec.Install(force);
            Console.WriteLine($"Installed the kernel '{spec.Name}' in {spec.Path}");
        }),
        Subcommand("uninstall", "Remove the files by which Jupyter finds the kernel.", (spec, force) =>
        {
            spec.Uninstall(force);
            Console.WriteLine($"Removed the kernel '{spec.Name}' from {spec.Path}");
        }),
    };

    private static Command Subcommand(string name, string description, Action<KernelSpec, bool> act)
    {
        Option<bool> user = new("--user") { Description = "For this user (the default)." };
        Option<bool> sysPrefix = new("--sys-prefix") { Description = "For the Python that runs now, such as a virtual environment." };
        Option<string?> prefix = Values.FilePath("--prefix", "DIR", "For the installation in a folder, such as /usr/local.");
        Option<string?> kernel = new("--name") { Description = $"The kernel's name; by default {KernelSpec.DefaultName}.", HelpName = "NAME" };
        Option<bool> force = new("--force") { Description = "Also when another kernel has the name." };
        Command command = new(name, description) { user, sysPrefix, prefix, kernel, force };
        command.SetAction(parsed =>
        {
            string? folder = parsed.GetValue(prefix);
            if (new[] { parsed.GetValue(user), parsed.GetValue(sysPrefix), folder is not null }.Count(chosen => chosen) > 1)
            {
                throw CommandException.Misuse("Only one of '--user', '--sys-prefix' and '--prefix' can be meant.");
            }
            string chosen = parsed.GetValue(kernel) ?? KernelSpec.DefaultName;
            if (chosen.Length == 0 || !chosen.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'))
            {
                throw CommandException.Misuse($"'{chosen}' is no kernel name; letters, digits, dots, hyphens and underscores are wanted.");
            }
            string data = folder is not null ? Path.Combine(Path.GetFullPath(folder), "share", "jupyter")
                : parsed.GetValue(sysPrefix) ? Path.Combine(SysPrefix(), "share", "jupyter")
                : KernelSpec.UserFolder;
            act(new KernelSpec(data, chosen), parsed.GetValue(force));
            return 0;
        });
        return command;
    }

    private static string SysPrefix()
    {
        foreach (string python in (string[])["python3", "python"])
        {
            try
            {
                using Process process = Process.Start(new ProcessStartInfo(python, ["-c", "import sys; print(sys.prefix)"]) { RedirectStandardOutput = true })!;
                string answer = process.StandardOutput.ReadToEnd().Trim();
                process.WaitForExit();
                if (process.ExitCode == 0 && answer.Length > 0)
                {
                    return answer;
                }
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // Not this name, perhaps the next.
            }
        }
        throw CommandException.Misuse("'--sys-prefix' needs a Python, and there is none on the PATH.");
    }
}
