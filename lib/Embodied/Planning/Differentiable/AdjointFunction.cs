using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>The gradients of a function's inputs, given what was saved and the gradients of its outputs; null for an input without one.</summary>
internal delegate Tensor?[] Adjoint(IReadOnlyList<Tensor> saved, IReadOnlyList<Tensor> gradients);

/// <summary>Ties outputs that were computed without a graph to their inputs by a backward pass of our own.</summary>
internal sealed class AdjointFunction : autograd.MultiTensorFunction<AdjointFunction>
{
    /// <inheritdoc/>
    public override string Name => nameof(AdjointFunction);

    /// <summary>Outputs with a graph, if any input asks for a gradient.</summary>
    /// <param name="inputs">What gradients go to.</param>
    /// <param name="outputs">The function's values, computed from the inputs.</param>
    /// <param name="saved">What the backward pass needs; it is freed with the graph.</param>
    /// <param name="adjoint">The backward pass. What it throws cannot cross native code: gradients are then NaN. So check before.</param>
    internal static Tensor[] Attach(Tensor[] inputs, Tensor[] outputs, Tensor[] saved, Adjoint adjoint) =>
        [.. apply([adjoint, outputs, saved, .. inputs])];

    /// <inheritdoc/>
    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.save_data("adjoint", vars[0]);
        ctx.save_data("shapes", vars[3..].Select(input => ((Tensor)input).shape).ToArray());
        ctx.save_for_backward([.. ((Tensor[])vars[2]).Select(each => each.detach())]);
        return [.. (Tensor[])vars[1]];
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        long[][] shapes = (long[][])ctx.get_data("shapes");
        Tensor?[] gradients;
        try
        {
            gradients = ((Adjoint)ctx.get_data("adjoint"))(ctx.get_saved_variables(), grad_outputs);
        }
#pragma warning disable CA1031 // An exception that leaves here ends the process.
        catch (Exception)
#pragma warning restore CA1031
        {
            Tensor like = grad_outputs[0];
            gradients = [.. shapes.Select(shape => full(shape, double.NaN, dtype: like.dtype, device: like.device))];
        }
        // The first three arguments are no tensors.
        return [null!, null!, null!, .. gradients.Select(each => each!)];
    }
}
