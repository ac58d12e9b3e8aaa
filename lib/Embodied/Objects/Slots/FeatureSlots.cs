using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.Slots;

/// <summary>The size of <see cref="FeatureSlots"/>.</summary>
public sealed record FeatureSlotsOptions
{
    /// <summary>P, patches of an image.</summary>
    public int Patches { get; init; } = 64;

    /// <summary>d, length of a feature.</summary>
    public int Features { get; init; } = 128;

    /// <summary>D, length of a slot.</summary>
    public int Width { get; init; } = 48;

    /// <summary>K.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>Hidden units of the perceptrons.</summary>
    public int Hidden { get; init; } = 96;
}

/// <summary>Features taken apart.</summary>
/// <param name="Reconstruction">f̂, [n, P, d].</param>
/// <param name="Masks">Each slot's share of each patch, [n, K, P], 1 in sum over the slots.</param>
/// <param name="Attention">Where each slot looked, [n, T, K, P].</param>
public sealed record FeatureDecomposition(Tensor Reconstruction, Tensor Masks, Tensor Attention);

/// <summary>
/// Slots that rebuild what a frozen network says of each patch, in place of the pixels. Inputs are x_p = MLP(LN(f_p)) + s_p, with a learned vector s_p of each
/// patch, for features may not tell where they stand. Every slot is copied to every patch, told by another learned vector which one it is, and a perceptron
/// draws d features and a logit there:
/// <code>
/// (f_jp, α_jp) = MLP(m_j + e_p),      f̂_p = Σ_j softmax_j(α_jp) f_jp,      L = mean (f̂ − f)².
/// </code>
/// Pixels reward whoever paints a photograph's texture; features have little texture and much of what belongs together.
/// </summary>
/// <remarks>Seitzer et al., <i>Bridging the gap to real-world object-centric learning</i> (DINOSAUR), 2023, the decoder of section 3.2. Lecture: object-centric learning.</remarks>
public sealed class FeatureSlots : Module<Tensor, Tensor>
{
    private readonly LayerNorm norm;
    private readonly Linear in1, in2, out1, out2, out3;
    private readonly SlotAttention attention;
    private readonly Parameter seen, places;

    /// <summary>The size.</summary>
    public FeatureSlotsOptions Options { get; }

    /// <summary>A network with random weights.</summary>
    /// <param name="options">The size.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public FeatureSlots(FeatureSlotsOptions options, Generator generator, ScalarType dtype = ScalarType.Float32) : base(nameof(FeatureSlots))
    {
        foreach (int size in (int[])[options.Patches, options.Features, options.Width, options.Slots, options.Hidden])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, nameof(options));
        }
        Options = options;
        norm = LayerNorm(options.Features, dtype: dtype);
        in1 = Linear(options.Features, options.Hidden, dtype: dtype);
        in2 = Linear(options.Hidden, options.Width, dtype: dtype);
        attention = new SlotAttention(
            new() { InputWidth = options.Width, Width = options.Width, Slots = options.Slots, Hidden = 2 * options.Width }, generator, dtype);
        out1 = Linear(options.Width, options.Hidden, dtype: dtype);
        out2 = Linear(options.Hidden, options.Hidden, dtype: dtype);
        out3 = Linear(options.Hidden, options.Features + 1, dtype: dtype);
        seen = Parameter(randn(options.Patches, options.Width, generator: generator, dtype: dtype).mul(0.3));
        places = Parameter(randn(options.Patches, options.Width, generator: generator, dtype: dtype).mul(0.3));
        RegisterComponents();
        SlotWeights.Draw(this, generator);
    }

    /// <summary>The inputs that slots compete for.</summary>
    /// <param name="input">f, [n, P, d].</param>
    /// <returns>[n, P, D].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, Options.Patches, Options.Features);
        using var scope = NewDisposeScope();
        return (in2.call(functional.relu(in1.call(norm.call(input)))) + seen).MoveToOuterDisposeScope();
    }

    /// <summary>Takes features apart.</summary>
    /// <param name="features">f, [n, P, d].</param>
    /// <param name="generator">Where slots begin.</param>
    /// <param name="slots">K, if another number than in training is wanted.</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public FeatureDecomposition Decompose(Tensor features, Generator generator, int? slots = null)
    {
        using var scope = NewDisposeScope();
        SlotAttentionResult found = attention.Attend(call(features), attention.Begin(features.shape[0], generator, slots));
        Tensor x = found.Slots.unsqueeze(2) + places;                                             // [n, K, P, D]
        Tensor drawn = out3.call(functional.relu(out2.call(functional.relu(out1.call(x)))));
        Tensor masks = softmax(drawn.narrow(3, Options.Features, 1), 1);
        Tensor rebuilt = (drawn.narrow(3, 0, Options.Features) * masks).sum(1);
        return new(rebuilt.MoveToOuterDisposeScope(), masks.squeeze(3).MoveToOuterDisposeScope(), found.Attention.MoveToOuterDisposeScope());
    }

    /// <summary>Trains on features that are at hand, with Adam.</summary>
    /// <param name="features">f of all images, [N, P, d].</param>
    /// <param name="updates">Updates.</param>
    /// <param name="batchSize">Images of an update, drawn with replacement.</param>
    /// <param name="learningRate">Highest learning rate; it rises over the first tenth and falls along half a cosine.</param>
    /// <param name="generator">Where batches and slots come from.</param>
    /// <param name="progress">Told every update and its loss.</param>
    /// <param name="cancellation">Stops the training between two updates.</param>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    /// <exception cref="InvalidOperationException">The loss turned NaN or infinite; the message names the update.</exception>
    public void Train(
        Tensor features, int updates, int batchSize, double learningRate, Generator generator, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ShapeCheck.Require(features, nameof(features), -1, Options.Patches, Options.Features);
        ArgumentOutOfRangeException.ThrowIfLessThan(updates, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        using OptimizerHelper optimizer = optim.Adam(parameters(), learningRate);
        Networks.CosineSchedule schedule = new(learningRate, 0, updates, updates / 10);
        for (int step = 0; step < updates; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Tensor batch = features.index_select(0, randint(features.shape[0], [batchSize], generator: generator, dtype: ScalarType.Int64));
            optimizer.zero_grad();
            Tensor loss = functional.mse_loss(Decompose(batch, generator).Reconstruction, batch);
            double value = loss.ToDouble();
            if (!double.IsFinite(value))
            {
                throw new InvalidOperationException($"The loss of the slots is {value} at update {step + 1}: take a smaller learning rate.");
            }
            loss.backward();
            nn.utils.clip_grad_norm_(parameters(), 1);
            foreach (ParamGroup group in optimizer.ParamGroups)
            {
                group.LearningRate = schedule.At(step);
            }
            optimizer.step();
            progress?.Report(new(step + 1, updates, value));
        }
    }
}
