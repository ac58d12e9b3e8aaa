using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>A tensor that outlives the scope of the loss, until the update that follows it.</summary>
internal sealed class Remembered : IDisposable
{
    private Tensor? value;

    internal Tensor Value => value ?? throw new InvalidOperationException("No loss has been computed yet.");

    internal void Set(Tensor next)
    {
        value?.Dispose();
        value = next.detach().DetachFromDisposeScope();
    }

    public void Dispose() => value?.Dispose();
}
