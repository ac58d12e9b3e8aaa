using System.Globalization;
using System.Runtime.InteropServices;
using Embodied.Course.Commands;
using Embodied.Interactive.Running;
using Embodied.Interactive.Session;

namespace Embodied.Course.Kernel;

/// <summary><c>course kernel start FILE</c>, which Jupyter calls: this process as a kernel.</summary>
internal static class KernelProcess
{
    /// <summary>The variable in which Jupyter names the process that a kernel belongs to.</summary>
    private const string Parent = "JPY_PARENT_PID";

    /// <summary>Serves until it is told to end, or its parent has.</summary>
    /// <param name="connectionFile">The path of the connection file.</param>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(string connectionFile)
    {
        // Sockets report on the thread pool, which a cell's parallel loop may have to itself; told so, .NET on Linux takes its own thread.
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        try
        {
            ConnectionFile connection = ConnectionFile.Load(connectionFile);
            CSharpSession.WarmUp();
            TextWriter log = Console.Error;
            using KernelHost kernel = new(connection, Environment.CurrentDirectory, new KernelHistory(KernelHistory.DefaultFile), log);
            // Terminals send Ctrl-C to every process of a group; to a kernel it means Stop.
            using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
            {
                signal.Cancel = true;
                kernel.Interrupt();
            });
            using PosixSignalRegistration end = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
            {
                signal.Cancel = true;
                kernel.Shutdown();
            });
            if (int.TryParse(Environment.GetEnvironmentVariable(Parent), CultureInfo.InvariantCulture, out int parent) && parent > 1)
            {
                ParentWatch.EndWith(parent);
            }
            await kernel.RunAsync();
        }
        catch (CommandException e)
        {
            Console.Error.WriteLine(e.Message);
            return e.ExitCode;
        }
        catch (NetMQ.NetMQException e)
        {
            Console.Error.WriteLine($"The kernel cannot listen where '{connectionFile}' says: {e.Message.TrimEnd('.')}.");
            return CommandException.Failed;
        }
        return 0;
    }
}
