using static TorchSharp.torch;

namespace Embodied.Networks;

/// <summary>
/// Where in the picture a token's content comes from. The last layer's attention says which tokens [CLS] takes from, but these are not patches of the picture any more:
/// each has taken from others in the layers before. Following attention back through them,
/// <code>
/// r_L = a_L,      r_l = ½ r_{l+1} + ½ r_{l+1} Ā_l,      l = L − 1, …, 1,
/// </code>
/// with Ā_l the attention between patches, averaged over the heads of layer l, and its rows made to sum to 1; one half stands for the residual connection, by which a token stays what it is.
/// </summary>
/// <remarks>
/// Abnar and Zuidema, <i>Quantifying attention flow in transformers</i>, 2020. There all heads are averaged; here the last layer's are kept apart, as DINO's figures show them. What
/// goes to and comes from [CLS] in the layers before is left out. Lecture: self-supervised learning.
/// </remarks>
public static class AttentionRollout
{
    /// <summary>The last layer's heads, followed back to the picture's patches.</summary>
    /// <param name="layers">The maps of all layers, the first layer's first.</param>
    /// <returns>What [CLS] takes from each patch of the picture, [n, h, p]; a row sums to what the last layer's [CLS] gives to patches.</returns>
    /// <exception cref="ArgumentException">There are no layers, or they differ in images or patches.</exception>
    /// <exception cref="InvalidOperationException">[CLS] has not joined the patches in the last layer.</exception>
    public static Tensor OfClass(IReadOnlyList<AttentionMaps> layers)
    {
        if (layers.Count == 0)
        {
            throw new ArgumentException("There are no layers; wanted those of a whole network.", nameof(layers));
        }
        using var scope = NewDisposeScope();
        Tensor r = layers[^1].OfClass(); // [n, h, p]
        long n = r.shape[0], p = r.shape[2];
        foreach (AttentionMaps layer in layers.SkipLast(1).Reverse())
        {
            Tensor A = layer.BetweenPatches().mean([1L]); // [n, p, p]
            ShapeCheck.Require(A, nameof(layers), n, p, p);
            r = (r + r.bmm(A / A.sum(-1, keepdim: true))) / 2;
        }
        return r.MoveToOuterDisposeScope();
    }
}
