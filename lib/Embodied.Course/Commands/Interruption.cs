using System.Runtime.InteropServices;

namespace Embodied.Course.Commands;

/// <summary>Turns Ctrl-C and its kin into a cancellation; a second one ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations = [];

    public Interruption()
    {
        Register(PosixSignal.SIGINT, 130);
        Register(PosixSignal.SIGTERM, 143);
        Register(PosixSignal.SIGHUP, 129);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>The exit code that shells expect after the signal that came; 130 before any came.</summary>
    public int ExitCode { get; private set; } = 130;

    /// <inheritdoc/>
    public void Dispose()
    {
        registrations.ForEach(registration => registration.Dispose());
        source.Dispose();
    }

    private void Register(PosixSignal signal, int exitCode) =>
        registrations.Add(PosixSignalRegistration.Create(signal, context =>
        {
            if (!source.IsCancellationRequested)
            {
                context.Cancel = true;
                ExitCode = exitCode;
                _ = source.CancelAsync();
            }
        }));
}
