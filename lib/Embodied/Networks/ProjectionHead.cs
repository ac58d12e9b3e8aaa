using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>The layers of a <see cref="ProjectionHead"/>; the defaults are SimCLR's projector.</summary>
public sealed record ProjectionHeadOptions
{
    /// <summary>Units of every hidden layer.</summary>
    public int Hidden { get; init; } = 2048;

    /// <summary>Length of the output.</summary>
    public int Output { get; init; } = 128;

    /// <summary>Linear layers, the last included; 1 for a linear head.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Whether the output is batch-normalised too (without scale and shift, as in SimSiam's projector).</summary>
    public bool NormalisedOutput { get; init; }

    /// <summary>Whether the hidden layers are batch-normalised.</summary>
    public bool BatchNorm { get; init; } = true;

    /// <summary>SimCLR's and MoCo v2's projector: two layers to 128 numbers.</summary>
    public static ProjectionHeadOptions SimClr { get; } = new();

    /// <summary>BYOL's projector, and its predictor: one hidden layer of 4096, 256 out.</summary>
    public static ProjectionHeadOptions Byol { get; } = new() { Hidden = 4096, Output = 256 };

    /// <summary>SimSiam's projector: three layers of 2048, all batch-normalised.</summary>
    public static ProjectionHeadOptions SimSiam { get; } = new() { Output = 2048, Layers = 3, NormalisedOutput = true };

    /// <summary>SimSiam's predictor: a bottleneck of 512.</summary>
    public static ProjectionHeadOptions SimSiamPredictor { get; } = new() { Hidden = 512, Output = 2048 };

    /// <summary>VICReg's and Barlow Twins' expander: three layers of 8192.</summary>
    public static ProjectionHeadOptions VicReg { get; } = new() { Hidden = 8192, Output = 8192, Layers = 3 };
}

/// <summary>
/// The perceptron g that joint-embedding methods put after the encoder and drop after training: h = g(f(x)), layers of Linear, BatchNorm and
/// ReLU, the last one linear. The loss may discard what the views disagree on in g, so that f keeps it.
/// </summary>
/// <remarks>Chen et al. (SimCLR) 2020, section 4.2; Grill et al. (BYOL) 2020, section 3.3; Chen &amp; He (SimSiam) 2021, section 3.</remarks>
public sealed class ProjectionHead : Module<Tensor, Tensor>
{
    private readonly Sequential layers;

    /// <summary>Length of the input.</summary>
    public int InputWidth { get; }

    /// <summary>Length of the output.</summary>
    public int OutputWidth { get; }

    /// <summary>A head with random weights.</summary>
    /// <param name="input">Length of the input.</param>
    /// <param name="options">The layers.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public ProjectionHead(int input, ProjectionHeadOptions options, Generator generator, ScalarType dtype = ScalarType.Float32)
        : base(nameof(ProjectionHead))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(input, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Layers, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Hidden, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Output, 1, nameof(options));
        (InputWidth, OutputWidth) = (input, options.Output);
        List<Module<Tensor, Tensor>> all = [];
        int width = input;
        for (int layer = 1; layer < options.Layers; layer++)
        {
            // BatchNorm's shift takes the bias's place.
            all.Add(Linear(width, options.Hidden, hasBias: !options.BatchNorm, dtype: dtype));
            if (options.BatchNorm)
            {
                all.Add(BatchNorm1d(options.Hidden, dtype: dtype));
            }
            all.Add(ReLU(inplace: true));
            width = options.Hidden;
        }
        all.Add(Linear(width, options.Output, hasBias: !options.NormalisedOutput, dtype: dtype));
        if (options.NormalisedOutput)
        {
            all.Add(BatchNorm1d(options.Output, affine: false, dtype: dtype));
        }
        layers = Sequential(all);
        RegisterComponents();
        Initialisation.He(this, generator);
    }

    /// <summary>g(h).</summary>
    /// <param name="input">[n, input].</param>
    /// <returns>[n, output].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, InputWidth);
        return layers.call(input);
    }
}
