using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.ComplexAutoencoders;

/// <summary>The size of a <see cref="ComplexAutoencoder"/>; the defaults are the paper's.</summary>
public sealed record ComplexAutoencoderOptions
{
    /// <summary>Side of the images in pixels, a multiple of 8.</summary>
    public int ImageSize { get; init; } = 32;

    /// <summary>Channels of the layers at half the images' side; further down there are twice as many.</summary>
    public int Width { get; init; } = 32;

    /// <summary>Complex numbers that an image is squeezed into.</summary>
    public int Bottleneck { get; init; } = 64;

    /// <summary>How inputs out of phase are weighed.</summary>
    public PhaseGate Gate { get; init; } = PhaseGate.Half;
}

/// <summary>What the network makes of images.</summary>
/// <param name="Reconstruction">x̂, [n, 1, H, W], 0 to 1.</param>
/// <param name="Z">The output's complex numbers, [n, 1, H, W]; their phases say which pixels belong together.</param>
public sealed record ComplexAutoencoderOutput(Tensor Reconstruction, ComplexTensor Z);

/// <summary>
/// An autoencoder of complex-valued layers. The image comes in as magnitudes with phase 0, goes down through five convolutions to H/8 and a linear bottleneck, and up again;
/// the image comes out of the magnitudes alone, x̂ = σ(a |z| + c). Nobody looks at the phases: they are free to carry what helps to
/// rebuild the image, and what helps is which parts vary together.
/// </summary>
/// <remarks>Löwe et al. 2022, § 3. Lecture: object-centric learning.</remarks>
public sealed class ComplexAutoencoder : Module<Tensor, ComplexAutoencoderOutput>
{
    private readonly ModuleList<ComplexLayer> encoder, decoder;
    private readonly Parameter output_scale, output_bias;

    /// <summary>The size.</summary>
    public ComplexAutoencoderOptions Options { get; }

    /// <summary>A network with random weights.</summary>
    /// <param name="options">The size.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentException">A size is not positive, or the images' side is no multiple of 8.</exception>
    public ComplexAutoencoder(ComplexAutoencoderOptions options, Generator generator, ScalarType dtype = ScalarType.Float32) : base(nameof(ComplexAutoencoder))
    {
        if (options.ImageSize < 8 || options.ImageSize % 8 != 0)
        {
            throw new ArgumentException($"ImageSize is {options.ImageSize}, wanted a multiple of 8.", nameof(options));
        }
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 1, nameof(options.Width));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Bottleneck, 1, nameof(options.Bottleneck));
        Options = options;
        long d = options.Width, side = options.ImageSize / 8, flat = 2 * d * side * side;
        encoder = ModuleList<ComplexLayer>(
            Down(1, d, 2), Down(d, d, 1), Down(d, 2 * d, 2), Down(2 * d, 2 * d, 1), Down(2 * d, 2 * d, 2),
            new ComplexLinear(flat, options.Bottleneck, generator, options.Gate, dtype));
        decoder = ModuleList<ComplexLayer>(
            new ComplexLinear(options.Bottleneck, flat, generator, options.Gate, dtype),
            Up(2 * d, 2 * d), Down(2 * d, 2 * d, 1), Up(2 * d, d), Down(d, d, 1), Up(d, 1));
        // With the paper's 1 and 0, nothing is darker than a half for the first thousands of updates. And the last ReLU has to begin open: where it is
        // shut there is no gradient, and a network that begins so draws one object and never hears of the other.
        output_scale = Parameter(full([1], 2.0, dtype: dtype));
        output_bias = Parameter(full([1], -4.0, dtype: dtype));
        using (no_grad())
        {
            decoder[^1].NormBias.fill_(1);
        }
        RegisterComponents();

        ComplexLayer Down(long from, long to, long stride) => new ComplexConv2d(from, to, generator, stride, options.Gate, dtype);
        ComplexLayer Up(long from, long to) => new ComplexConvTranspose2d(from, to, generator, options.Gate, dtype);
    }

    /// <summary>Rebuilds images whose phases are 0.</summary>
    /// <param name="input">x, [n, 1, H, W], 0 to 1.</param>
    /// <returns>x̂ and the complex numbers behind it.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override ComplexAutoencoderOutput forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        ComplexAutoencoderOutput output = Rebuild(ComplexTensor.OfReal(input));
        return new(output.Reconstruction.MoveToOuterDisposeScope(), output.Z.MoveToOuterDisposeScope());
    }

    /// <summary>Rebuilds images whose phases are given: rotating them all rotates the output's, and changes nothing else, as long as no part of an image is black (<see cref="ComplexLayer"/>).</summary>
    /// <param name="input">x e^{iφ}, [n, 1, H, W].</param>
    /// <returns>x̂ and the complex numbers behind it.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public ComplexAutoencoderOutput Rebuild(ComplexTensor input)
    {
        ShapeCheck.Require(input.Real, nameof(input), -1, 1, Options.ImageSize, Options.ImageSize);
        using var scope = NewDisposeScope();
        long n = input.Real.shape[0], side = Options.ImageSize / 8;
        ComplexTensor z = input;
        foreach (ComplexLayer layer in encoder)
        {
            z = layer.call(layer is ComplexLinear ? z.Reshaped(n, -1) : z);
        }
        foreach (ComplexLayer layer in decoder)
        {
            z = layer.call(z);
            z = layer is ComplexLinear ? z.Reshaped(n, 2 * Options.Width, side, side) : z;
        }
        Tensor x = (z.Magnitude * output_scale + output_bias).sigmoid();
        return new(x.MoveToOuterDisposeScope(), z.MoveToOuterDisposeScope());
    }
}
