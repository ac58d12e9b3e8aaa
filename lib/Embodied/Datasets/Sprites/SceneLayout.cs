namespace Embodied.Datasets.Sprites;

/// <summary>Where an object stands in a scene.</summary>
/// <param name="Object">Its number in <see cref="SpriteObjects"/>.</param>
/// <param name="X">Its centre's column, as a share of the image's side (0 left, 1 right).</param>
/// <param name="Y">Its centre's row (0 top, 1 bottom).</param>
/// <param name="Scale">Its longer side, as a share of the image's side.</param>
/// <param name="Angle">Its rotation, in radians, clockwise as one sees it.</param>
/// <param name="Flipped">Whether left and right are exchanged.</param>
public readonly record struct Placement(int Object, double X, double Y, double Scale, double Angle = 0, bool Flipped = false);

/// <summary>Kinds of backgrounds.</summary>
public enum BackgroundKind
{
    /// <summary>A crop of one of the course's photographs.</summary>
    Photograph,

    /// <summary>From one colour to another.</summary>
    Gradient,

    /// <summary>Clouds: noise at several scales between two colours.</summary>
    Noise,

    /// <summary>Parallel stripes of two colours.</summary>
    Stripes,

    /// <summary>A chequerboard.</summary>
    Checks,

    /// <summary>Dots on a plain ground.</summary>
    Dots,

    /// <summary>One colour.</summary>
    Plain,
}

/// <summary>A background: everything that it looks like follows from its kind and seed.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Seed">Which one.</param>
/// <param name="ShiftX">How far it has moved to the right, as a share of the image's side.</param>
/// <param name="ShiftY">How far it has moved down.</param>
public readonly record struct Background(BackgroundKind Kind, int Seed, double ShiftX = 0, double ShiftY = 0);

/// <summary>A scene before it is drawn: a background, and objects from back to front.</summary>
/// <param name="Background">What is behind everything.</param>
/// <param name="Objects">The objects; each hides those before it.</param>
/// <param name="Shadow">How dark the objects' shadows are, 0 (none) to 1.</param>
public sealed record SceneLayout(Background Background, IReadOnlyList<Placement> Objects, double Shadow = 0.35);
