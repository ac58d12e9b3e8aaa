using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.Slots;

/// <summary>
/// From an image to the set of inputs that slots compete for: three 3 × 3 convolutions, the first of stride 2, the places added, and a perceptron at each place.
/// </summary>
/// <remarks>Locatello et al. 2020, appendix E.2, at a quarter of its size. Lecture: object-centric learning.</remarks>
public sealed class SlotEncoder : Module<Tensor, Tensor>
{
    private readonly Sequential layers;
    private readonly SoftPositions positions;
    private readonly LayerNorm norm;
    private readonly Linear mlp1, mlp2;

    /// <summary>An encoder with random weights.</summary>
    /// <param name="channels">Channels of every layer and length of an input.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="positions">How loud places are at first beside what is there.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no channels.</exception>
    public SlotEncoder(int channels, Generator generator, ScalarType dtype = ScalarType.Float32, double positions = 1) : base(nameof(SlotEncoder))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        layers = Sequential(
            Conv2d(3, channels, 3, stride: 2, padding: 1, dtype: dtype), ReLU(),
            Conv2d(channels, channels, 3, padding: 1, dtype: dtype), ReLU(), Conv2d(channels, channels, 3, padding: 1, dtype: dtype), ReLU());
        this.positions = new SoftPositions(channels, generator, dtype);
        norm = LayerNorm(channels, dtype: dtype);
        mlp1 = Linear(channels, channels, dtype: dtype);
        mlp2 = Linear(channels, channels, dtype: dtype);
        RegisterComponents();
        SlotWeights.Draw(this, generator);
        this.positions.Scale(positions);
    }

    /// <summary>The inputs.</summary>
    /// <param name="input">Images, [n, 3, s, s].</param>
    /// <returns>[n, N, channels], N = (s/2)², row after row.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, 3, -1, -1);
        using var scope = NewDisposeScope();
        Tensor x = norm.call(positions.call(layers.call(input)).flatten(2).transpose(1, 2));
        return mlp2.call(functional.relu(mlp1.call(x))).MoveToOuterDisposeScope();
    }
}
