namespace Embodied.Course.Commands;

/// <summary>The person interrupted, and there is more to say than that nothing was left half-written.</summary>
/// <param name="message">The one sentence on stderr.</param>
/// <param name="inner">What was thrown where it stopped.</param>
public sealed class InterruptedException(string message, OperationCanceledException inner) : OperationCanceledException(message, inner, inner.CancellationToken);
