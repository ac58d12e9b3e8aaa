using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.Slots;

/// <summary>
/// Tells every place of a map where it is: x ← x + W (r, c, 1 − r, 1 − c) + b, with row and column from 0 to 1. Slot attention sees a set of inputs,
/// which has no places of its own; what stands where it learns from this alone.
/// </summary>
/// <remarks>Locatello et al. 2020, appendix E.2. Lecture: object-centric learning.</remarks>
public sealed class SoftPositions : Module<Tensor, Tensor>
{
    private readonly Linear project;

    /// <summary>An embedding with random weights.</summary>
    /// <param name="width">Channels of the map.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <param name="dtype">Element type.</param>
    public SoftPositions(int width, Generator generator, ScalarType dtype = ScalarType.Float32) : base(nameof(SoftPositions))
    {
        project = Linear(4, width, dtype: dtype);
        RegisterComponents();
        SlotWeights.Draw(this, generator);
    }

    // How loud places are before anything is learned.
    internal void Scale(double factor)
    {
        using var _ = no_grad();
        project.weight!.mul_(factor);
    }

    /// <summary>Adds the places to a map.</summary>
    /// <param name="input">[n, d, h, w].</param>
    /// <returns>[n, d, h, w].</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override Tensor forward(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, project.weight!.shape[0], -1, -1);
        using var scope = NewDisposeScope();
        return (input + Map(input.shape[2], input.shape[3])).MoveToOuterDisposeScope();
    }

    /// <summary>What is added.</summary>
    /// <param name="rows">h.</param>
    /// <param name="columns">w.</param>
    /// <returns>[1, d, h, w].</returns>
    public Tensor Map(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        return project.call(Grid(rows, columns, project.weight!.dtype)).permute(2, 0, 1).unsqueeze(0).MoveToOuterDisposeScope();
    }

    // [h, w, 4]
    private static Tensor Grid(long rows, long columns, ScalarType dtype)
    {
        Tensor r = linspace(0, 1, rows, dtype: dtype).unsqueeze(1).expand(rows, columns), c = linspace(0, 1, columns, dtype: dtype).unsqueeze(0).expand(rows, columns);
        return stack([r, c, ones_like(r) - r, ones_like(c) - c], -1);
    }
}
