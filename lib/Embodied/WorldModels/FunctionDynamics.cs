using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>A system in continuous time whose f is a function at hand.</summary>
/// <param name="stateSize">n_x.</param>
/// <param name="controlSize">n_u.</param>
/// <param name="derivative">f of x [n, n_x], u [n, n_u] and t [n]; gives [n, n_x].</param>
public sealed class FunctionDynamics(int stateSize, int controlSize, Func<Tensor, Tensor, Tensor, Tensor> derivative) : IDynamics
{
    /// <inheritdoc/>
    public int StateSize => stateSize;

    /// <inheritdoc/>
    public int ControlSize => controlSize;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Derivative(Tensor x, Tensor u, Tensor t)
    {
        DynamicsCheck.Require(x, u, stateSize, controlSize);
        Tensor dx = derivative(x, u, t);
        ShapeCheck.Require(dx, nameof(derivative), x.shape[0], stateSize);
        return dx;
    }
}

/// <summary>A system in steps whose F is a function at hand, a learned network for instance.</summary>
/// <param name="stateSize">n_x.</param>
/// <param name="controlSize">n_u.</param>
/// <param name="interval">The time of one step in seconds.</param>
/// <param name="next">F of x [n, n_x], u [n, n_u] and t [n]; gives [n, n_x].</param>
public sealed class FunctionSteps(int stateSize, int controlSize, double interval, Func<Tensor, Tensor, Tensor, Tensor> next) : IDiscreteDynamics
{
    /// <inheritdoc/>
    public int StateSize => stateSize;

    /// <inheritdoc/>
    public int ControlSize => controlSize;

    /// <inheritdoc/>
    public double Interval => interval;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Next(Tensor x, Tensor u, Tensor t)
    {
        DynamicsCheck.Require(x, u, stateSize, controlSize);
        Tensor after = next(x, u, t);
        ShapeCheck.Require(after, nameof(next), x.shape[0], stateSize);
        return after;
    }
}

/// <summary>The shapes that every system checks.</summary>
internal static class DynamicsCheck
{
    internal static void Require(Tensor x, Tensor u, int stateSize, int controlSize)
    {
        ShapeCheck.Require(x, nameof(x), -1, stateSize);
        ShapeCheck.Require(u, nameof(u), x.shape[0], controlSize);
    }
}
