using System.Globalization;
using static TorchSharp.torch;

namespace Embodied;

/// <summary>The one sentence that a tensor of the wrong shape is answered with.</summary>
internal static class ShapeCheck
{
    /// <summary>Throws unless the tensor has the wanted shape; an extent of -1 fits any.</summary>
    /// <param name="x">The tensor.</param>
    /// <param name="name">The argument's name.</param>
    /// <param name="wanted">The wanted extents.</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    internal static void Require(Tensor x, string name, params ReadOnlySpan<long> wanted)
    {
        ReadOnlySpan<long> had = x.shape;
        bool fits = had.Length == wanted.Length;
        for (int i = 0; fits && i < had.Length; i++)
        {
            fits = wanted[i] < 0 || wanted[i] == had[i];
        }
        if (!fits)
        {
            throw new ArgumentException($"{name} has shape {Text(had)}, wanted {Text(wanted)}.", name);
        }
    }

    private static string Text(ReadOnlySpan<long> shape)
    {
        var extents = new string[shape.Length];
        for (int i = 0; i < shape.Length; i++)
        {
            extents[i] = shape[i] < 0 ? "any" : shape[i].ToString(CultureInfo.InvariantCulture);
        }
        return $"[{string.Join(", ", extents)}]";
    }
}
