using static TorchSharp.torch;

namespace Embodied.Planning.Differentiable;

/// <summary>The gradients of a function's inputs, given what was saved and the gradients of its outputs; null for an input without one.</summary>
internal delegate Tensor?[] Adjoint(IReadOnlyList<Tensor> saved, IReadOnlyList<Tensor> gradients);

/// <summary>Ties outputs that were computed without a graph to their inputs by a backward pass of our own.</summary>
internal sealed class AdjointFunction : autograd.SingleTensorFunction<AdjointFunction>
{
    /// <inheritdoc/>
    public override string Name => nameof(AdjointFunction);

    /// <summary>Outputs with a graph, if any input asks for a gradient.</summary>
    /// <param name="inputs">What gradients go to.</param>
    /// <param name="outputs">The function's values, computed from the inputs, [n, …] each.</param>
    /// <param name="saved">What the backward pass needs; it is freed with the graph.</param>
    /// <param name="adjoint">The backward pass. What it throws cannot cross native code: gradients are then NaN. So check before.</param>
    internal static Tensor[] Attach(Tensor[] inputs, Tensor[] outputs, Tensor[] saved, Adjoint adjoint)
    {
        using var scope = NewDisposeScope();
        long[][] shapes = [.. outputs.Select(each => each.shape)];
        // One output, cut up by autograd: where a loss uses a part alone, TorchSharp cannot fill in the gradients of the rest.
        Tensor joined = apply([adjoint, cat([.. outputs.Select(each => each.flatten(1))], 1), saved, shapes, .. inputs]);
        return [.. Cut(joined, shapes).Select(each => each.MoveToOuterDisposeScope())];
    }

    /// <summary>A point that was found by any means, as a function of θ.</summary>
    /// <param name="point">z*, [n, d]; its own graph, if any, is not followed.</param>
    /// <param name="name">What the caller's argument is called.</param>
    /// <param name="parameters">θ.</param>
    /// <param name="gradient">dℓ/dθ from z*, θ and ∂ℓ/∂z*.</param>
    /// <exception cref="ArgumentException">The shape does not fit, or z* is not finite.</exception>
    internal static Tensor AttachPoint(Tensor point, string name, IReadOnlyList<Tensor> parameters, Func<Tensor, Tensor[], Tensor, Tensor[]> gradient)
    {
        ShapeCheck.Require(point, name, -1, -1);
        ProblemCheck.Finite(point, name);
        using var scope = NewDisposeScope();
        Tensor z = point.detach();
        Tensor[] theta = [.. parameters];
        return Attach(theta, [z.clone()], [z, .. theta], (saved, gradients) => gradient(saved[0], [.. saved.Skip(1)], gradients[0]))[0].MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.save_data("adjoint", vars[0]);
        ctx.save_data("shapes", vars[3]);
        ctx.save_data("inputs", vars[4..].Select(input => ((Tensor)input).shape).ToArray());
        ctx.save_for_backward([.. ((Tensor[])vars[2]).Select(each => each.detach())]);
        return ((Tensor)vars[1]).clone();
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        Tensor?[] gradients;
        try
        {
            gradients = ((Adjoint)ctx.get_data("adjoint"))(ctx.get_saved_variables(), Cut(grad_output, (long[][])ctx.get_data("shapes")));
        }
#pragma warning disable CA1031 // An exception that leaves here ends the process.
        catch (Exception)
#pragma warning restore CA1031
        {
            long[][] inputs = (long[][])ctx.get_data("inputs");
            gradients = [.. inputs.Select(shape => full(shape, double.NaN, dtype: grad_output.dtype, device: grad_output.device))];
        }
        // The gradients of what is no input, and of a tensor that asks for none, are null.
        return [null!, null!, null!, null!, .. gradients.Select(each => each!)];
    }

    private static Tensor[] Cut(Tensor joined, long[][] shapes)
    {
        var parts = new Tensor[shapes.Length];
        long offset = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            long size = shapes[i].Skip(1).Aggregate(1L, (product, extent) => product * extent);
            parts[i] = joined.narrow(1, offset, size).reshape(shapes[i]);
            offset += size;
        }
        return parts;
    }
}
