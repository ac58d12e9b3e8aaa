namespace Embodied.Evaluation;

/// <summary>Correct localisation: the share of images in which what was found lies on an object, IoU > 1/2 with at least one.</summary>
/// <remarks>Deselaers et al., <i>Localizing objects while learning their appearance</i>, 2010; TokenCut, Wang et al. 2022. Lecture: object discovery.</remarks>
public static class CorLoc
{
    /// <summary>The share of images.</summary>
    /// <param name="overlaps">For each image the IoU of its one finding with each of its objects, [1, objects]; [0, objects] where nothing was found.</param>
    /// <returns>From 0 to 1.</returns>
    /// <exception cref="ArgumentException">There are no images, or one has more than one finding.</exception>
    public static double Of(IReadOnlyCollection<double[,]> overlaps)
    {
        if (overlaps.Count == 0)
        {
            throw new ArgumentException("There are no images; at least one is wanted.", nameof(overlaps));
        }
        if (overlaps.FirstOrDefault(image => image.GetLength(0) > 1) is { } several)
        {
            throw new ArgumentException($"An image has {several.GetLength(0)} findings; one is wanted.", nameof(overlaps));
        }
        return overlaps.Average(image => image.Cast<double>().Any(iou => iou > 0.5) ? 1.0 : 0);
    }
}
