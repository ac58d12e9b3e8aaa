using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>A system in continuous time, dx/dt = f(x, u, t), for many states at once.</summary>
/// <remarks>f is made of differentiable operations, row by row: a row's derivative depends on that row alone. Lecture: dynamics and LQR.</remarks>
public interface IDynamics
{
    /// <summary>n_x, the number of entries of a state.</summary>
    int StateSize { get; }

    /// <summary>n_u, the number of entries of a control.</summary>
    int ControlSize { get; }

    /// <summary>f(x, u, t).</summary>
    /// <param name="x">States, [n, n_x].</param>
    /// <param name="u">Controls, [n, n_u].</param>
    /// <param name="t">Times in seconds, [n].</param>
    /// <returns>dx/dt, [n, n_x], per second.</returns>
    Tensor Derivative(Tensor x, Tensor u, Tensor t);
}

/// <summary>A system in steps, x' = F(x, u, t), for many states at once.</summary>
/// <remarks>F is made of differentiable operations, row by row.</remarks>
public interface IDiscreteDynamics
{
    /// <summary>n_x, the number of entries of a state.</summary>
    int StateSize { get; }

    /// <summary>n_u, the number of entries of a control.</summary>
    int ControlSize { get; }

    /// <summary>The time of one step in seconds.</summary>
    double Interval { get; }

    /// <summary>F(x, u, t): the state one step later, the control being held.</summary>
    /// <param name="x">States, [n, n_x].</param>
    /// <param name="u">Controls, [n, n_u].</param>
    /// <param name="t">Times in seconds, [n].</param>
    /// <returns>[n, n_x].</returns>
    Tensor Next(Tensor x, Tensor u, Tensor t);
}
