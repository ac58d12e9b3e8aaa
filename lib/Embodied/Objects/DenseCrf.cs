using Embodied.Evaluation;
using static TorchSharp.torch;

namespace Embodied.Objects;

/// <summary>How <see cref="DenseCrf"/> works. Distances are in pixels: the defaults suit images of 64 px; CutLER's, of 480 px, are w = (7, 10), σ = (3, 50) px and 5/255.</summary>
public sealed record DenseCrfOptions
{
    /// <summary>w₁: how strongly neighbours agree, whatever they look like.</summary>
    public double PositionWeight { get; init; } = 1;

    /// <summary>σ_γ: how far such neighbours are, in pixels.</summary>
    public double PositionSigma { get; init; } = 1;

    /// <summary>w₂: how strongly pixels of one colour agree.</summary>
    public double BilateralWeight { get; init; } = 4;

    /// <summary>σ_α: how far apart they may be, in pixels.</summary>
    public double BilateralSigma { get; init; } = 12;

    /// <summary>σ_β: how far their colours may be apart, of a range of 1.</summary>
    public double ColourSigma { get; init; } = 0.05;

    /// <summary>The probability, between 1/2 and 1, with which a coarse mask is believed: e/(1 + e), as in CutLER.</summary>
    public double Confidence { get; init; } = 0.731;

    /// <summary>Rounds of the mean field.</summary>
    public int Iterations { get; init; } = 10;

    /// <summary>Up to so many pixels the bilateral kernel is a matrix and exact, above a <see cref="PermutohedralLattice"/>.</summary>
    public int ExactPixels { get; init; } = 1024;
}

/// <summary>A mask after refinement.</summary>
/// <param name="Mask">The refined mask, Bool [H, W].</param>
/// <param name="Overlap">Its IoU with the coarse one.</param>
/// <param name="Kept">Whether that is enough to believe it.</param>
public sealed record RefinedMask(Tensor Mask, double Overlap, bool Kept);

/// <summary>
/// A fully connected conditional random field of two labels refines a coarse mask to the pixel: every pixel would like to be what the mask says, what pixels near
/// it are, and what pixels of its colour farther away are. For foreground probabilities Q the mean field's update is
/// <code>
/// Q_i = sigmoid( log p_i/(1 − p_i) + Σ_{j≠i} [w₁ k₁(i, j) + w₂ k₂(i, j)] (2 Q_j − 1) ),
/// k₁ = exp(−|x_i − x_j|²/2σ_γ²),     k₂ = exp(−|x_i − x_j|²/2σ_α² − |I_i − I_j|²/2σ_β²),
/// </code>
/// each kernel divided by √(d_i d_j), d_i = Σ_j k(i, j), so that a weight means the same in the middle and at the edge.
/// </summary>
/// <remarks>
/// Krähenbühl and Koltun, <i>Efficient inference in fully connected CRFs with Gaussian edge potentials</i>, 2011, and their code for the normalisation. For two labels
/// and Potts' compatibility all of it is in one number a pixel. k₁ is exact at any size, being a product of two matrices; k₂ is filtered. Lecture: object discovery.
/// </remarks>
public static class DenseCrf
{
    /// <summary>Foreground probabilities.</summary>
    /// <param name="image">RGB or grey, [channels, H, W], 0 to 1; at most 5 channels.</param>
    /// <param name="prior">p, the probability of foreground by itself, [H, W], strictly between 0 and 1.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>Q, float64 [H, W].</returns>
    /// <exception cref="ArgumentException">A shape does not fit, a probability is out of range, or an option is.</exception>
    public static Tensor MeanField(Tensor image, Tensor prior, DenseCrfOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new();
        ShapeCheck.Require(image, nameof(image), -1, -1, -1);
        int H = (int)image.shape[1], W = (int)image.shape[2];
        ShapeCheck.Require(prior, nameof(prior), H, W);
        Check(options);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor p = prior.detach().to(float64).cpu();
        if (!p.gt(0).logical_and(p.lt(1)).all().item<bool>())
        {
            throw new ArgumentException("A prior probability is not strictly between 0 and 1.", nameof(prior));
        }
        Func<Tensor, Tensor> near = Normalised(Position(H, W, options.PositionSigma), H, W);
        Func<Tensor, Tensor> alike = Normalised(Bilateral(image, options), H, W);
        Tensor unary = (p / (1 - p)).log(), Q = p;
        for (int round = 0; round < options.Iterations; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var one = NewDisposeScope();
            Tensor opinion = 2 * Q - 1;
            Q = (unary + options.PositionWeight * near(opinion) + options.BilateralWeight * alike(opinion)).sigmoid().MoveToOuterDisposeScope();
        }
        return Q.MoveToOuterDisposeScope();
    }

    /// <summary>Refines a coarse mask, and says whether to believe the result: CutLER drops a mask that the field has changed beyond recognition.</summary>
    /// <param name="image">[channels, H, W], 0 to 1.</param>
    /// <param name="coarse">Bool [h, w], stretched to H × W; h and w divide H and W.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="leastOverlap">The smallest IoU with the coarse mask at which the refined one is kept.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or an option is out of range.</exception>
    public static RefinedMask Refine(Tensor image, Tensor coarse, DenseCrfOptions? options = null, double leastOverlap = 0.5, CancellationToken cancellation = default)
    {
        options ??= new();
        ShapeCheck.Require(image, nameof(image), -1, -1, -1);
        ShapeCheck.Require(coarse, nameof(coarse), -1, -1);
        long H = image.shape[1], W = image.shape[2], h = coarse.shape[0], w = coarse.shape[1];
        if (H % h != 0 || W % w != 0)
        {
            throw new ArgumentException($"The mask has {h} × {w} places, the image {H} × {W} pixels; a divisor is wanted.", nameof(coarse));
        }
        Check(options);
        using var scope = NewDisposeScope();
        Tensor stretched = coarse.to(ScalarType.Bool).repeat_interleave(H / h, 0).repeat_interleave(W / w, 1);
        Tensor prior = where(stretched, tensor(options.Confidence, float64), tensor(1 - options.Confidence, float64));
        Tensor refined = MeanField(image, prior, options, cancellation) > 0.5;
        double overlap = RegionOverlap.OfMasks(stretched.unsqueeze(0), refined.unsqueeze(0))[0, 0];
        return new(refined.MoveToOuterDisposeScope(), overlap, overlap >= leastOverlap);
    }

    // exp(−|x_i − x_j|²/2σ²) over a grid is a product over its axes: G_y X G_x, each G small.
    private static Func<Tensor, Tensor> Position(int H, int W, double sigma)
    {
        Tensor Axis(int length)
        {
            Tensor at = arange(length, dtype: float64) / sigma;
            return (-(at.unsqueeze(1) - at.unsqueeze(0)).square() / 2).exp();
        }
        Tensor rows = Axis(H), columns = Axis(W);
        return x => rows.mm(x).mm(columns);
    }

    private static Func<Tensor, Tensor> Bilateral(Tensor image, DenseCrfOptions options)
    {
        int channels = (int)image.shape[0], H = (int)image.shape[1], W = (int)image.shape[2];
        Tensor y = arange(H, dtype: float64).unsqueeze(1).expand(H, W), x = arange(W, dtype: float64).unsqueeze(0).expand(H, W);
        Tensor f = cat([stack([y, x]) / options.BilateralSigma, image.detach().to(float64).cpu() / options.ColourSigma]).flatten(1).t().contiguous(); // [HW, 2 + channels]
        if (H * W <= options.ExactPixels)
        {
            Tensor square = f.square().sum(1, keepdim: true);
            Tensor kernel = (f.mm(f.t()) - (square + square.t()) / 2).clamp_max(0).exp();
            return v => kernel.mv(v.flatten()).view(H, W);
        }
        PermutohedralLattice lattice = new([.. f.data<double>().Select(v => (float)v)], 2 + channels);
        double[] sum = new double[lattice.Size];
        return v =>
        {
            lattice.Apply(v.contiguous().data<double>().ToArray(), sum);
            return tensor(sum, [H, W]);
        };
    }

    // k̃ x without each pixel's opinion of itself.
    private static Func<Tensor, Tensor> Normalised(Func<Tensor, Tensor> kernel, int H, int W)
    {
        Tensor degree = kernel(ones(H, W, dtype: float64)).clamp_min(1), root = degree.sqrt();
        return x => kernel(x / root) / root - x / degree;
    }

    private static void Check(DenseCrfOptions options)
    {
        string? complaint =
            !(options.PositionSigma > 0 && options.BilateralSigma > 0 && options.ColourSigma > 0) ? "A σ is not positive."
            : !(options.PositionWeight >= 0 && options.BilateralWeight >= 0) ? "A weight is negative."
            : !(options.Confidence > 0.5 && options.Confidence < 1) ? FormattableString.Invariant($"Confidence is {options.Confidence}, wanted more than 1/2 and less than 1.")
            : options.Iterations < 1 ? $"Iterations is {options.Iterations}, wanted at least 1."
            : null;
        if (complaint is not null)
        {
            throw new ArgumentException(complaint, nameof(options));
        }
    }
}
