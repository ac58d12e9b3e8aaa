using Embodied.Interactive.Display;
using Embodied.Interactive.Session;

namespace Embodied.Interactive.Running;

/// <summary>
/// Executes one cell: <see cref="CSharpSession.ExecuteAsync"/> of a session in this process, or
/// <see cref="WorkerProcess.ExecuteAsync"/> of one in its own.
/// </summary>
/// <param name="code">The cell's source.</param>
/// <param name="publish">Takes each output as it happens.</param>
/// <param name="cellName">What messages call the cell.</param>
/// <param name="cancellation">Asks the cell to stop.</param>
/// <exception cref="SessionLostException">The session's process is gone.</exception>
public delegate Task<CellResult> CellExecutor(
    string code, Action<CellOutput> publish, string? cellName = null, CancellationToken cancellation = default);
