using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.SelfSupervised;

/// <summary>One batch: several views of the same n images.</summary>
/// <param name="Views">Each [n, c, H, W], row i of every one from the same image; the sizes of different views may differ.</param>
/// <param name="Indices">Which images of the data they are, int64, [n].</param>
public sealed record ViewBatch(IReadOnlyList<Tensor> Views, Tensor Indices);

/// <summary>
/// A method of self-supervised learning as <see cref="SelfSupervisedTraining"/> sees it: a loss on views, and what happens around an update. It is a
/// module, so that networks, queues and centres are saved together; parameters that ask for no gradient (a teacher's) are not trained.
/// </summary>
/// <param name="name">The module's name.</param>
public abstract class SelfSupervisedMethod(string name) : Module(name)
{
    /// <summary>f, whose output is the representation: what is kept after the training.</summary>
    public abstract Module<Tensor, Tensor> Encoder { get; }

    /// <summary>The share of the training that is done, 0 to 1; schedules follow it.</summary>
    protected double Done { get; private set; }

    /// <summary>Called before the loss of every update.</summary>
    /// <param name="step">The update, from 0.</param>
    /// <param name="steps">Updates in all.</param>
    public void Begin(int step, int steps) => Done = steps > 1 ? Math.Min(1, step / (steps - 1.0)) : 1;

    /// <summary>The loss of one batch. Differentiable in what is trained.</summary>
    /// <param name="batch">Views.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The number of views, or a shape, does not fit.</exception>
    public abstract Tensor Loss(ViewBatch batch);

    /// <summary>Called between the gradients and the optimiser's step.</summary>
    public virtual void BeforeUpdate()
    {
    }

    /// <summary>Called after the optimiser's step: moving averages, queues, centres.</summary>
    public virtual void AfterUpdate()
    {
    }
}
