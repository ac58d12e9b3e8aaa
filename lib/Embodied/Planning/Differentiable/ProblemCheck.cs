using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>The sentences that values which no solver can use are answered with.</summary>
internal static class ProblemCheck
{
    /// <summary>Throws where a value is NaN or infinite.</summary>
    /// <param name="x">[n, m, …].</param>
    /// <param name="name">The argument's name.</param>
    /// <param name="column">What the second index counts.</param>
    /// <param name="row">What the first counts.</param>
    internal static void Finite(Tensor x, string name, string column = "entry", string row = "problem")
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor wrong = x.isfinite().logical_not();
        if (LqrProblem.Place(wrong.dim() > 2 ? wrong.flatten(2).any(2) : wrong, column, row) is { } place)
        {
            throw new ArgumentException($"{name} holds a value that is not finite at {place}.", name);
        }
    }

    /// <summary>Throws unless the type is that of the others.</summary>
    internal static void Type(Tensor x, string name, Tensor like, string likeName)
    {
        if (x.dtype != like.dtype || x.dtype is not (ScalarType.Float32 or ScalarType.Float64))
        {
            throw new ArgumentException($"{name} is of type {x.dtype} and {likeName} of type {like.dtype}; wanted Float32 or Float64 for all.", name);
        }
    }
}
