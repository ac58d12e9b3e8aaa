using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Evaluation;

/// <summary>
/// Principal component analysis: x ≈ μ + Σᵢ zᵢ uᵢ with the directions uᵢ of greatest variance, uncorrelated and orthonormal.
/// The linear baseline that a learned representation has to beat, and, whitened, coordinates in which every direction has unit variance.
/// </summary>
public sealed class PrincipalComponents : IDisposable
{
    /// <summary>Mean μ, [d].</summary>
    public Tensor Mean { get; }

    /// <summary>Directions uᵢ, one a row, by falling variance, [components, d].</summary>
    public Tensor Directions { get; }

    /// <summary>Variance along each direction, [components].</summary>
    public Tensor Variances { get; }

    /// <summary>The share of the data's variance that the components hold, 0 to 1.</summary>
    public double Explained { get; }

    private PrincipalComponents(Tensor mean, Tensor directions, Tensor variances, double explained)
    {
        (Mean, Directions, Variances, Explained) = (mean, directions, variances, explained);
    }

    /// <summary>Fits by an eigendecomposition of the covariance, in float64.</summary>
    /// <param name="data">[n, d] with n at least 2.</param>
    /// <param name="components">How many, 1 to d.</param>
    /// <exception cref="ArgumentException">The data is no matrix of two rows or more.</exception>
    /// <exception cref="ArgumentOutOfRangeException">More components than dimensions, or none.</exception>
    public static PrincipalComponents Fit(Tensor data, int components)
    {
        ShapeCheck.Require(data, nameof(data), -1, -1);
        if (data.shape[0] < 2)
        {
            throw new ArgumentException($"data has {data.shape[0]} rows, wanted at least 2 for a variance.", nameof(data));
        }
        if (components < 1 || components > data.shape[1])
        {
            throw new ArgumentOutOfRangeException(nameof(components), components, $"The data has {data.shape[1]} dimensions; ask for 1 to as many components.");
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor mean = data.mean([0L]);
        Tensor centred = data - mean;
        Tensor covariance = centred.t().matmul(centred).to(ScalarType.Float64) / (data.shape[0] - 1);
        (Tensor values, Tensor vectors) = linalg.eigh(covariance);
        Tensor all = values.flip(0).clamp_min(0);
        Tensor kept = all.narrow(0, 0, components);
        Tensor directions = vectors.flip(1).narrow(1, 0, components).t().contiguous();
        double total = all.sum().ToDouble();
        return new(
            mean.DetachFromDisposeScope(),
            directions.to(data.dtype).DetachFromDisposeScope(),
            kept.to(data.dtype).clone().DetachFromDisposeScope(),
            total > 0 ? kept.sum().ToDouble() / total : 1);
    }

    /// <summary>zᵢ = uᵢᵀ(x − μ), divided by the standard deviation when whitened.</summary>
    /// <param name="x">[n, d].</param>
    /// <param name="whiten">Whether each coordinate gets unit variance.</param>
    /// <returns>[n, components].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor Encode(Tensor x, bool whiten = false)
    {
        ShapeCheck.Require(x, nameof(x), -1, Mean.shape[0]);
        using var scope = NewDisposeScope();
        Tensor z = (x - Mean).matmul(Directions.t());
        return (whiten ? z / Scale() : z).MoveToOuterDisposeScope();
    }

    /// <summary>x = μ + Σᵢ zᵢ uᵢ: the inverse of <see cref="Encode"/> up to what the left-out directions hold.</summary>
    /// <param name="z">[n, components].</param>
    /// <param name="whitened">Whether the coordinates are whitened.</param>
    /// <returns>[n, d].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor Decode(Tensor z, bool whitened = false)
    {
        ShapeCheck.Require(z, nameof(z), -1, Directions.shape[0]);
        using var scope = NewDisposeScope();
        return ((whitened ? z * Scale() : z).matmul(Directions) + Mean).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        Directions.Dispose();
        Variances.Dispose();
    }

    private Tensor Scale() => Variances.sqrt().clamp_min(1e-8);
}
