using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>The layers of a <see cref="DinoHead"/>; the defaults are the paper's.</summary>
public sealed record DinoHeadOptions
{
    /// <summary>Units of both hidden layers.</summary>
    public int Hidden { get; init; } = 2048;

    /// <summary>Length of the L2-normalised bottleneck.</summary>
    public int Bottleneck { get; init; } = 256;

    /// <summary>Prototypes K.</summary>
    public int Prototypes { get; init; } = 65_536;

    /// <summary>What two cores can train.</summary>
    public static DinoHeadOptions Small { get; } = new() { Hidden = 512, Bottleneck = 128, Prototypes = 1024 };
}

/// <summary>
/// DINO's head: three linear layers with GELU to a bottleneck b, which is put on the unit sphere and compared with K unit vectors,
/// <code>
/// g_k(x) = ⟨v_k / ‖v_k‖, b / ‖b‖⟩,      b = MLP(x).
/// </code>
/// It is a linear layer with weight normalisation whose gains are held at one, so that all logits lie from −1 to 1 and the temperatures
/// alone decide how sharp a distribution is. No batch normalisation.
/// </summary>
/// <remarks>Caron et al. 2021, section 3.1 and appendix C. Lecture: self-supervised learning.</remarks>
public sealed class DinoHead : Module<Tensor, Tensor>
{
    private readonly Sequential mlp;
    private readonly Parameter prototypes;

    /// <summary>Length of the input.</summary>
    public int InputWidth { get; }

    /// <summary>The prototypes v_k, before normalisation, [K, bottleneck].</summary>
    public Parameter Prototypes => prototypes;

    /// <summary>A head with random weights.</summary>
    /// <param name="input">Length of the input.</param>
    /// <param name="options">The layers.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public DinoHead(int input, DinoHeadOptions options, Generator generator, ScalarType dtype = ScalarType.Float32) : base(nameof(DinoHead))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(input, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Hidden, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Bottleneck, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Prototypes, 2, nameof(options));
        InputWidth = input;
        mlp = Sequential(
            Linear(input, options.Hidden, dtype: dtype), GELU(), Linear(options.Hidden, options.Hidden, dtype: dtype), GELU(),
            Linear(options.Hidden, options.Bottleneck, dtype: dtype));
        prototypes = new Parameter(zeros(options.Prototypes, options.Bottleneck, dtype: dtype));
        RegisterComponents();
        Initialisation.Normal(this, generator);
        using var _ = no_grad();
        // Any scale will do for the values, since rows are normalised; it sets how fast their directions turn.
        prototypes.uniform_(-1 / Math.Sqrt(options.Bottleneck), 1 / Math.Sqrt(options.Bottleneck), generator);
    }

    /// <summary>g(x).</summary>
    /// <param name="input">[n, input].</param>
    /// <returns>Logits, [n, K], each from −1 to 1.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, InputWidth);
        using var scope = NewDisposeScope();
        Tensor b = functional.normalize(mlp.call(input), dim: 1);
        return functional.linear(b, functional.normalize(prototypes, dim: 1)).MoveToOuterDisposeScope();
    }
}
