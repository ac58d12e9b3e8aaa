using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.Slots;

/// <summary>What the attention's softmax runs over.</summary>
public enum SlotCompetition
{
    /// <summary>The slots: they compete for each input.</summary>
    OverSlots,

    /// <summary>The inputs, as in a transformer: every slot looks where it likes, and nothing keeps two from looking at the same.</summary>
    OverInputs,
}

/// <summary>Where slots begin.</summary>
public enum SlotStart
{
    /// <summary>Drawn for every image from one learned Gaussian, μ + σ ⊙ ε: slots are alike before they look, and there may be any number of them.</summary>
    Sampled,

    /// <summary>Each slot has a learned place to begin, the same for every image: their number is fixed.</summary>
    Learned,
}

/// <summary>The shape of a <see cref="SlotAttention"/>; the defaults are the paper's.</summary>
public sealed record SlotAttentionOptions
{
    /// <summary>Length of an input x_i.</summary>
    public int InputWidth { get; init; } = 64;

    /// <summary>D, length of a slot.</summary>
    public int Width { get; init; } = 64;

    /// <summary>K, slots, where nobody asks for another number.</summary>
    public int Slots { get; init; } = 7;

    /// <summary>T, rounds.</summary>
    public int Iterations { get; init; } = 3;

    /// <summary>Hidden units of the perceptron after the recurrent unit.</summary>
    public int Hidden { get; init; } = 128;

    /// <summary>What the softmax runs over.</summary>
    public SlotCompetition Competition { get; init; } = SlotCompetition.OverSlots;

    /// <summary>Where slots begin.</summary>
    public SlotStart Start { get; init; } = SlotStart.Sampled;

    /// <summary>ε, added to the attention before it is divided by its sum: a slot that gets nothing takes the mean of everything.</summary>
    public double Epsilon { get; init; } = 1e-8;
}

/// <summary>What slot attention found.</summary>
/// <param name="Slots">m_T, [n, K, D].</param>
/// <param name="Attention">a_t for t = 1 to T, [n, T, K, N]; over the slots it sums to 1 (with <see cref="SlotCompetition.OverInputs"/>: over the inputs).</param>
public sealed record SlotAttentionResult(Tensor Slots, Tensor Attention);

/// <summary>
/// Slots m_1, …, m_K that compete for the inputs x_1, …, x_N and end up holding a part each. In round t, with m̃ = LN(m_{t−1}) and x̃ = LN(x),
/// <code>
/// a_tij = softmax_j ((W_k x̃_i) · (W_q m̃_j) / √D),      u_tj = Σ_i a_tij W_v x̃_i / Σ_i a_tij,
/// m'_tj = GRU(u_tj, m_{t−1,j}),      m_tj = m'_tj + MLP(LN(m'_tj)).
/// </code>
/// The softmax over j makes slots compete: what one explains, the others need not. The order of the inputs changes nothing, and slots that begin in another
/// order end in that order.
/// </summary>
/// <remarks>Locatello et al., <i>Object-centric learning with slot attention</i>, 2020, algorithm 1. Lecture: object-centric learning.</remarks>
public sealed class SlotAttention : Module<Tensor, Tensor, Tensor>
{
    private readonly LayerNorm normInputs, normSlots, normMlp;
    private readonly Linear toKeys, toValues, toQueries, mlp1, mlp2;
    private readonly GruCell gru;
    private readonly Parameter? mu, logSigma, first;

    // Scalars that are made on the way may be collected while native code still reads them.
    private readonly Scalar scale, epsilon;

    /// <summary>The shape.</summary>
    public SlotAttentionOptions Options { get; }

    /// <summary>Attention with random weights.</summary>
    /// <param name="options">The shape.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public SlotAttention(SlotAttentionOptions options, Generator generator, ScalarType dtype = ScalarType.Float32) : base(nameof(SlotAttention))
    {
        foreach (int size in (int[])[options.InputWidth, options.Width, options.Slots, options.Iterations, options.Hidden])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, nameof(options));
        }
        Options = options;
        (scale, epsilon) = (1 / Math.Sqrt(options.Width), options.Epsilon);
        int D = options.Width;
        normInputs = LayerNorm(options.InputWidth, dtype: dtype);
        normSlots = LayerNorm(D, dtype: dtype);
        normMlp = LayerNorm(D, dtype: dtype);
        toKeys = Linear(options.InputWidth, D, hasBias: false, dtype: dtype);
        toValues = Linear(options.InputWidth, D, hasBias: false, dtype: dtype);
        toQueries = Linear(D, D, hasBias: false, dtype: dtype);
        gru = new GruCell(D, D, generator, dtype);
        mlp1 = Linear(D, options.Hidden, dtype: dtype);
        mlp2 = Linear(options.Hidden, D, dtype: dtype);
        if (options.Start == SlotStart.Sampled)
        {
            mu = Parameter(randn(1, 1, D, generator: generator, dtype: dtype).mul(0.5));
            logSigma = Parameter(zeros(1, 1, D, dtype: dtype));
        }
        else
        {
            first = Parameter(randn(1, options.Slots, D, generator: generator, dtype: dtype));
        }
        RegisterComponents();
        SlotWeights.Draw(this, generator);
    }

    /// <summary>m_0: slots before they have looked.</summary>
    /// <param name="images">n.</param>
    /// <param name="generator">Where ε comes from.</param>
    /// <param name="slots">K, if another number than in training is wanted.</param>
    /// <returns>[n, K, D].</returns>
    /// <exception cref="ArgumentException">Slots are learned, and another number is wanted.</exception>
    public Tensor Begin(long images, Generator generator, int? slots = null)
    {
        using var scope = NewDisposeScope();
        long K = slots ?? Options.Slots;
        if (first is null)
        {
            return (mu! + logSigma!.exp() * randn(images, K, Options.Width, generator: generator, dtype: mu!.dtype)).MoveToOuterDisposeScope();
        }
        return K == Options.Slots
            ? first.expand(images, K, Options.Width).MoveToOuterDisposeScope()
            : throw new ArgumentException($"{K} slots were asked for; this network has learned where {Options.Slots} begin.", nameof(slots));
    }

    /// <summary>The slots after all rounds.</summary>
    /// <param name="inputs">x, [n, N, inputs].</param>
    /// <param name="slots">m_0, [n, K, D].</param>
    /// <returns>m_T, [n, K, D].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public override Tensor forward(Tensor inputs, Tensor slots)
    {
        using var scope = NewDisposeScope();
        return Attend(inputs, slots).Slots.MoveToOuterDisposeScope();
    }

    /// <summary>The slots, and where each looked in every round.</summary>
    /// <param name="inputs">x, [n, N, inputs].</param>
    /// <param name="slots">m_0, [n, K, D].</param>
    /// <param name="iterations">T, if another number than in training is wanted.</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public SlotAttentionResult Attend(Tensor inputs, Tensor slots, int? iterations = null)
    {
        ShapeCheck.Require(inputs, nameof(inputs), -1, -1, Options.InputWidth);
        ShapeCheck.Require(slots, nameof(slots), inputs.shape[0], -1, Options.Width);
        using var scope = NewDisposeScope();
        Tensor x = normInputs.call(inputs);
        Tensor k = toKeys.call(x), v = toValues.call(x), m = slots;
        List<Tensor> attention = [];
        for (int t = 0; t < (iterations ?? Options.Iterations); t++)
        {
            (m, Tensor a) = Round(k, v, m);
            attention.Add(a);
        }
        return new(m.MoveToOuterDisposeScope(), stack(attention, 1).MoveToOuterDisposeScope());
    }

    /// <summary>The weights of the mean u_tj: attention that sums to 1 over the inputs.</summary>
    /// <param name="attention">a, [..., K, N].</param>
    public Tensor Weights(Tensor attention)
    {
        using var scope = NewDisposeScope();
        Tensor a = attention + epsilon;
        return (a / a.sum(-1, keepdim: true)).MoveToOuterDisposeScope();
    }

    private (Tensor Slots, Tensor Attention) Round(Tensor k, Tensor v, Tensor m)
    {
        using var scope = NewDisposeScope();
        Tensor q = toQueries.call(normSlots.call(m)) * scale;
        Tensor a = softmax(bmm(q, k.transpose(1, 2)), Options.Competition == SlotCompetition.OverSlots ? 1 : 2); // [n, K, N]
        Tensor u = bmm(Weights(a), v);
        Tensor kept = gru.call(u.reshape(-1, Options.Width), m.reshape(-1, Options.Width)).view_as(m);
        Tensor next = kept + mlp2.call(functional.relu(mlp1.call(normMlp.call(kept))));
        return (next.MoveToOuterDisposeScope(), a.MoveToOuterDisposeScope());
    }
}
