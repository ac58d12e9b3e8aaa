using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>dx/dt = A x + B u + c.</summary>
public sealed class LinearDynamics : IDynamics
{
    /// <summary>Makes the system.</summary>
    /// <param name="A">[n_x, n_x], per second.</param>
    /// <param name="B">[n_x, n_u].</param>
    /// <param name="c">[n_x]; 0 when null.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public LinearDynamics(Tensor A, Tensor B, Tensor? c = null)
    {
        ShapeCheck.Require(A, nameof(A), -1, A.shape[^1]);
        ShapeCheck.Require(B, nameof(B), A.shape[0], -1);
        if (c is not null)
        {
            ShapeCheck.Require(c, nameof(c), A.shape[0]);
        }
        (this.A, this.B, this.c) = (A, B, c);
    }

    /// <summary>A, [n_x, n_x].</summary>
    public Tensor A { get; }

    /// <summary>B, [n_x, n_u].</summary>
    public Tensor B { get; }

    /// <summary>c, [n_x], or null.</summary>
    public Tensor? c { get; }

    /// <inheritdoc/>
    public int StateSize => (int)A.shape[0];

    /// <inheritdoc/>
    public int ControlSize => (int)B.shape[1];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor Derivative(Tensor x, Tensor u, Tensor t)
    {
        DynamicsCheck.Require(x, u, StateSize, ControlSize);
        Tensor dx = x.mm(A.t()) + u.mm(B.t());
        return c is null ? dx : dx + c;
    }
}
