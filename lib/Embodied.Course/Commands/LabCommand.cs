using System.CommandLine;
using System.Diagnostics;
using Embodied.Course.Kernel;

namespace Embodied.Course.Commands;

/// <summary><c>course lab</c>: installs the kernel, starts Jupyter and opens the course.</summary>
internal static class LabCommand
{
    public static Command Create(CancellationToken cancellation)
    {
        Command command = new("lab", "Install the kernel, start Jupyter and open the course.");
        command.SetAction(async (_, _) =>
        {
            CourseFolder course = CourseFolder.Find();
            string[] arguments = Installed("jupyter", "lab") ? ["lab"] : Installed("jupyter", "notebook") ? ["notebook"]
                : throw CommandException.Failure("Jupyter is not installed: 'pip install jupyterlab' installs it. VS Code with its Jupyter extension needs only 'course kernel install'.");
            KernelSpec spec = new(KernelSpec.UserFolder, KernelSpec.DefaultName);
            spec.Install(force: false);
            using Process jupyter = Process.Start(new ProcessStartInfo("jupyter", [.. arguments, course.Notebooks]) { WorkingDirectory = course.Root })!;
            using CancellationTokenRegistration stop = cancellation.Register(() => jupyter.Kill(entireProcessTree: true));
            await jupyter.WaitForExitAsync(CancellationToken.None);
            return jupyter.ExitCode;
        });
        return command;
    }

    private static bool Installed(string program, string part)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, [part, "--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
