using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.Slots;

/// <summary>
/// A gated recurrent unit: how much of the memory h is kept, and how much replaced by what comes in, the unit decides for each number by itself,
/// <code>
/// r = σ(W_ir x + b_ir + W_hr h + b_hr),      z = σ(W_iz x + b_iz + W_hz h + b_hz),
/// n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn)),      h' = (1 − z) ⊙ n + z ⊙ h.
/// </code>
/// </summary>
/// <remarks>Cho et al., <i>Learning phrase representations using RNN encoder-decoder</i>, 2014, in the form that torch computes. Lecture: object-centric learning.</remarks>
public sealed class GruCell : Module<Tensor, Tensor, Tensor>
{
    private readonly Linear input, hidden;

    /// <summary>Length of x.</summary>
    public int InputWidth { get; }

    /// <summary>Length of h.</summary>
    public int Width { get; }

    /// <summary>A unit with random weights.</summary>
    /// <param name="inputWidth">Length of x.</param>
    /// <param name="width">Length of h.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    /// <exception cref="ArgumentOutOfRangeException">A length is not positive.</exception>
    public GruCell(int inputWidth, int width, Generator generator, ScalarType dtype = ScalarType.Float32) : base(nameof(GruCell))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        (InputWidth, Width) = (inputWidth, width);
        // The rows of r, z and n one after the other, as torch keeps them.
        input = Linear(inputWidth, 3 * width, dtype: dtype);
        hidden = Linear(width, 3 * width, dtype: dtype);
        RegisterComponents();
        SlotWeights.Draw(this, generator);
    }

    /// <summary>One step.</summary>
    /// <param name="x">What comes in, [n, inputs].</param>
    /// <param name="h">What is remembered, [n, width].</param>
    /// <returns>h', [n, width].</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public override Tensor forward(Tensor x, Tensor h)
    {
        ShapeCheck.Require(x, nameof(x), -1, InputWidth);
        ShapeCheck.Require(h, nameof(h), x.shape[0], Width);
        using var scope = NewDisposeScope();
        Tensor[] fromX = input.call(x).chunk(3, 1), fromH = hidden.call(h).chunk(3, 1);
        Tensor r = sigmoid(fromX[0] + fromH[0]), z = sigmoid(fromX[1] + fromH[1]);
        Tensor n = tanh(fromX[2] + r * fromH[2]);
        return (n + z * (h - n)).MoveToOuterDisposeScope();
    }
}
