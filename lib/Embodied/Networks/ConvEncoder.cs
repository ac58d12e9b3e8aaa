using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>The size of a <see cref="ConvEncoder"/>; the defaults suit 64 px RGB on two cores.</summary>
public sealed record ConvEncoderOptions
{
    /// <summary>Channels of the image: 3 for RGB, 1 for grey.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Channels after the stem; every stage doubles them.</summary>
    public int Width { get; init; } = 32;

    /// <summary>Residual blocks, each of which halves the resolution.</summary>
    public int Stages { get; init; } = 3;
}

/// <summary>
/// A small residual network: a 3 × 3 stem of stride 2, residual blocks x ← ReLU(BN(W₂ ReLU(BN(W₁x))) + Sx) each of stride 2 and of twice
/// the channels (S the strided 1 × 1 shortcut), and the mean over all places. 64 px come out of three stages as a 4 × 4 map, 28 px as 2 × 2.
/// </summary>
/// <remarks>He et al., <i>Deep residual learning for image recognition</i>, 2016.</remarks>
public sealed class ConvEncoder : Module<Tensor, Tensor>
{
    private readonly Sequential stem;
    private readonly ModuleList<Residual> stages;

    /// <summary>The size.</summary>
    public ConvEncoderOptions Options { get; }

    /// <summary>Length d of a representation.</summary>
    public int OutputWidth => Options.Width << Options.Stages;

    /// <summary>A network with random weights.</summary>
    /// <param name="options">The size.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public ConvEncoder(ConvEncoderOptions options, Generator generator, ScalarType dtype = ScalarType.Float32) : base(nameof(ConvEncoder))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Channels, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Stages, 1, nameof(options));
        Options = options;
        stem = Sequential(
            Conv2d(options.Channels, options.Width, kernel_size: 3, stride: 2, padding: 1, bias: false, dtype: dtype),
            BatchNorm2d(options.Width, dtype: dtype), ReLU(inplace: true));
        stages = ModuleList(Enumerable.Range(0, options.Stages).Select(s => new Residual(options.Width << s, options.Width << (s + 1), dtype)).ToArray());
        RegisterComponents();
        Initialisation.He(this, generator);
    }

    /// <summary>The representation of the whole image.</summary>
    /// <param name="input">Images, [n, channels, H, W].</param>
    /// <returns>[n, d], each not negative.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Map(input).mean([2L, 3L]).MoveToOuterDisposeScope();
    }

    /// <summary>The last feature map, before the mean over its places.</summary>
    /// <param name="images">[n, channels, H, W].</param>
    /// <returns>[n, d, h, w].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor Map(Tensor images)
    {
        ShapeCheck.Require(images, nameof(images), -1, Options.Channels, -1, -1);
        using var scope = NewDisposeScope();
        Tensor x = stem.call(images);
        foreach (Residual stage in stages)
        {
            x = stage.call(x);
        }
        return x.MoveToOuterDisposeScope();
    }

    private sealed class Residual : Module<Tensor, Tensor>
    {
        private readonly Conv2d first, second, shortcut;
        private readonly BatchNorm2d firstNorm, secondNorm, shortcutNorm;

        internal Residual(int from, int to, ScalarType dtype) : base(nameof(Residual))
        {
            first = Conv2d(from, to, kernel_size: 3, stride: 2, padding: 1, bias: false, dtype: dtype);
            firstNorm = BatchNorm2d(to, dtype: dtype);
            second = Conv2d(to, to, kernel_size: 3, padding: 1, bias: false, dtype: dtype);
            secondNorm = BatchNorm2d(to, dtype: dtype);
            shortcut = Conv2d(from, to, kernel_size: 1, stride: 2, bias: false, dtype: dtype);
            shortcutNorm = BatchNorm2d(to, dtype: dtype);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            Tensor x = functional.relu(firstNorm.call(first.call(input)), inplace: true);
            x = secondNorm.call(second.call(x));
            return functional.relu(x.add_(shortcutNorm.call(shortcut.call(input))), inplace: true).MoveToOuterDisposeScope();
        }
    }
}
