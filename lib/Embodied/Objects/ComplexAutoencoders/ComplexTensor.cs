using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Objects.ComplexAutoencoders;

/// <summary>
/// Complex activations z = m e^{iφ}, as their real and imaginary parts. The magnitude m says how strongly a feature is present, the phase φ which object
/// it belongs to.
/// </summary>
/// <remarks>Löwe, Lippe, Rudolph &amp; Welling, <i>Complex-valued autoencoders for object discovery</i>, TMLR 2022. Lecture: object-centric learning.</remarks>
public sealed record ComplexTensor
{
    // 1 / |z| is the slope of the phase. Below this magnitude there is none, and the phase is a constant.
    // Kept: a number that becomes a Scalar on the fly may be collected while the native code reads it.
    private static readonly Scalar Least = 1e-6, LeastSquared = 1e-12;

    /// <summary>m cos φ, of any shape.</summary>
    public Tensor Real { get; }

    /// <summary>m sin φ, of the same shape.</summary>
    public Tensor Imaginary { get; }

    /// <summary>m = |z|, of the same shape. Its gradient at z = 0 is 0.</summary>
    public Tensor Magnitude { get; }

    /// <summary>Complex numbers from their parts.</summary>
    /// <param name="real">Re z.</param>
    /// <param name="imaginary">Im z, of the same shape.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public ComplexTensor(Tensor real, Tensor imaginary)
    {
        ShapeCheck.Require(imaginary, nameof(imaginary), real.shape);
        (Real, Imaginary, Magnitude) = (real, imaginary, Length(real, imaginary));
    }

    private ComplexTensor(Tensor real, Tensor imaginary, Tensor magnitude) => (Real, Imaginary, Magnitude) = (real, imaginary, magnitude);

    /// <summary>m e^{iφ}.</summary>
    /// <param name="magnitude">m, not negative.</param>
    /// <param name="phase">φ in radians, of a shape that fits.</param>
    public static ComplexTensor Polar(Tensor magnitude, Tensor phase) => FromUnit(magnitude, phase.cos(), phase.sin());

    /// <summary>x e^{i0}: what an image is before the network.</summary>
    /// <param name="x">m, not negative.</param>
    public static ComplexTensor OfReal(Tensor x) => new(x, zeros_like(x), x);

    /// <summary>φ = arg z, from −π to π; 0 where z = 0.</summary>
    public Tensor Phase() => atan2(Imaginary, Real);

    /// <summary>z e^{iθ}.</summary>
    /// <param name="angle">θ in radians.</param>
    public ComplexTensor Rotated(double angle)
    {
        (double sin, double cos) = Math.SinCos(angle);
        return new(cos * Real - sin * Imaginary, sin * Real + cos * Imaginary, Magnitude);
    }

    /// <summary>The same numbers in another shape.</summary>
    /// <param name="shape">As of <see cref="Tensor.view(long[])"/>; −1 for what is left over.</param>
    public ComplexTensor Reshaped(params long[] shape) => new(Real.reshape(shape), Imaginary.reshape(shape), Magnitude.reshape(shape));

    /// <summary>The same numbers without their history.</summary>
    public ComplexTensor Detached() => new(Real.detach(), Imaginary.detach(), Magnitude.detach());

    /// <summary>Keeps the numbers beyond the innermost scope.</summary>
    public ComplexTensor MoveToOuterDisposeScope() =>
        new(Real.MoveToOuterDisposeScope(), Imaginary.MoveToOuterDisposeScope(), Magnitude.MoveToOuterDisposeScope());

    /// <summary>e^{iφ} as (cos φ, sin φ); (1, 0) where z = 0. No angle is computed, and the gradient is finite everywhere.</summary>
    internal (Tensor Cos, Tensor Sin) Unit()
    {
        Tensor some = Magnitude.gt(Least), length = Magnitude.clamp(min: Least);
        return (where(some, Real / length, ones_like(Real)), where(some, Imaginary / length, zeros_like(Imaginary)));
    }

    /// <summary>m (cos φ + i sin φ) for a magnitude that is known not to be negative.</summary>
    internal static ComplexTensor FromUnit(Tensor magnitude, Tensor cos, Tensor sin) => new(magnitude * cos, magnitude * sin, magnitude);

    // The square root's slope at 0 is infinite; where there is nothing, the root of a constant is taken, and thrown away.
    private static Tensor Length(Tensor real, Tensor imaginary)
    {
        Tensor squared = real * real + imaginary * imaginary;
        Tensor some = squared.gt(LeastSquared);
        return where(some, where(some, squared, ones_like(squared)).sqrt(), zeros_like(squared));
    }
}
