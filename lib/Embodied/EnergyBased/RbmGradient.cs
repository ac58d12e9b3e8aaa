using static TorchSharp.torch;

namespace Embodied.EnergyBased;

/// <summary>A gradient of an RBM's mean log-likelihood: the direction to climb.</summary>
/// <param name="W">∂/∂W, [visible, hidden].</param>
/// <param name="b">∂/∂b, [visible].</param>
/// <param name="c">∂/∂c, [hidden].</param>
public sealed record RbmGradient(Tensor W, Tensor b, Tensor c) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        W.Dispose();
        b.Dispose();
        c.Dispose();
    }

    /// <summary>All entries in one row: W row by row, then b, then c.</summary>
    /// <returns>[visible · hidden + visible + hidden].</returns>
    public Tensor Flat()
    {
        using var scope = NewDisposeScope();
        return cat([W.flatten(), b, c]).MoveToOuterDisposeScope();
    }
}
