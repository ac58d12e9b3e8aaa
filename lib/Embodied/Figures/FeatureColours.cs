using Embodied.Evaluation;
using static TorchSharp.torch;

namespace Embodied.Figures;

/// <summary>
/// Features as colours: red, green and blue are the first three principal components over all patches of a set of pictures, so that patches of one colour have like
/// features, within a picture and across pictures.
/// </summary>
/// <remarks>Oquab et al., <i>DINOv2</i>, 2023, figure 1. Lecture: self-supervised learning.</remarks>
public static class FeatureColours
{
    private const double Cut = 0.02;

    /// <summary>The colours of a set of pictures, each component from its 2nd to its 98th percentile.</summary>
    /// <param name="features">[n, p, d] with d at least 3.</param>
    /// <param name="rows">Patches from top to bottom.</param>
    /// <param name="among">The patches that components are found among, Bool [n, p]; all others are black. All patches when null.</param>
    /// <returns>[n, 3, rows, columns], values from 0 to 1.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or there are fewer than two patches.</exception>
    public static Tensor Of(Tensor features, int rows, Tensor? among = null)
    {
        ShapeCheck.Require(features, nameof(features), -1, -1, -1);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        (long n, long p) = (features.shape[0], features.shape[1]);
        if (p % rows != 0)
        {
            throw new ArgumentException($"features has shape [{string.Join(", ", features.shape)}], wanted patches that fill {rows} rows.", nameof(features));
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor all = features.flatten(0, 1), chosen = all;
        if (among is not null)
        {
            ShapeCheck.Require(among, nameof(among), n, p);
            chosen = all.index_select(0, among.flatten().nonzero().squeeze(1));
        }
        using PrincipalComponents pca = PrincipalComponents.Fit(chosen, 3);
        Tensor range = pca.Encode(chosen).sort(0).Values;
        long last = range.shape[0] - 1;
        Tensor low = range[(long)(Cut * last)], high = range[(long)Math.Ceiling((1 - Cut) * last)];
        Tensor colours = ((pca.Encode(all) - low) / (high - low).clamp_min(1e-12)).clamp(0, 1); // [n · p, 3]
        if (among is not null)
        {
            colours *= among.flatten().unsqueeze(1);
        }
        return colours.view(n, rows, p / rows, 3).permute(0, 3, 1, 2).contiguous().MoveToOuterDisposeScope();
    }
}
