using static TorchSharp.torch;

namespace Embodied.SelfSupervised;

/// <summary>What the losses ask of their arguments.</summary>
internal static class ViewCheck
{
    /// <summary>Throws unless both are matrices of one shape, with at least so many rows.</summary>
    internal static void Pair(Tensor a, string aName, Tensor b, string bName, int rows = 1)
    {
        ShapeCheck.Require(a, aName, -1, -1);
        ShapeCheck.Require(b, bName, a.shape);
        if (a.shape[0] < rows)
        {
            throw new ArgumentException($"{aName} has {a.shape[0]} rows, wanted at least {rows}.", aName);
        }
    }

    /// <summary>Throws unless there are so many views.</summary>
    internal static void Count(IReadOnlyList<Tensor> views, int wanted)
    {
        if (views.Count != wanted)
        {
            throw new ArgumentException($"views holds {views.Count}, wanted {wanted}.", nameof(views));
        }
    }
}
