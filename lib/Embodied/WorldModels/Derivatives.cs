using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>First and second derivatives of functions that treat every row alone, by one backward pass for all rows and outputs.</summary>
internal static class Derivatives
{
    /// <summary>∂y/∂z for each row. Every row is repeated once per output, and the i-th copy asks for output i.</summary>
    /// <param name="function">Maps [m, d] and the index of each of its rows among the n to [m, outputs].</param>
    /// <param name="z">[n, d].</param>
    /// <param name="outputs">How many numbers a row gives.</param>
    /// <returns>Values [n, outputs] and Jacobians [n, outputs, d].</returns>
    internal static (Tensor Value, Tensor Jacobian) First(Func<Tensor, Tensor, Tensor> function, Tensor z, int outputs)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        long n = z.shape[0], d = z.shape[1];
        Tensor rows = arange(n, device: z.device).repeat_interleave(outputs);
        Tensor at = z.detach().repeat_interleave(outputs, 0).requires_grad_();
        Tensor y = Connected(function(at, rows), at);
        Tensor pick = eye(outputs, dtype: z.dtype, device: z.device).repeat(n, 1);
        Tensor J = autograd.grad([y], [at], [pick])[0].reshape(n, outputs, d);
        return (y.detach().reshape(n, outputs, -1)[.., 0].MoveToOuterDisposeScope(), J.MoveToOuterDisposeScope());
    }

    /// <summary>Value, gradient and Hessian of a function with one output per row.</summary>
    /// <param name="function">Maps [m, d] and the index of each of its rows among the n to [m].</param>
    /// <param name="z">[n, d].</param>
    /// <returns>[n], [n, d] and [n, d, d].</returns>
    internal static (Tensor Value, Tensor Gradient, Tensor Hessian) Second(Func<Tensor, Tensor, Tensor> function, Tensor z)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        long n = z.shape[0], d = z.shape[1];
        Tensor rows = arange(n, device: z.device).repeat_interleave(d);
        Tensor at = z.detach().repeat_interleave(d, 0).requires_grad_();
        Tensor y = Connected(function(at, rows).unsqueeze(1), at);
        Tensor g = autograd.grad([y.sum()], [at], retain_graph: true, create_graph: true)[0];
        Tensor pick = eye(d, dtype: z.dtype, device: z.device).repeat(n, 1);
        Tensor H = autograd.grad([Connected(g, at)], [at], [pick])[0].reshape(n, d, d);
        return (
            y.detach().reshape(n, d)[.., 0].MoveToOuterDisposeScope(),
            g.detach().reshape(n, d, d)[.., 0].MoveToOuterDisposeScope(),
            H.MoveToOuterDisposeScope());
    }

    /// <summary>∂²yᵢ/∂z² for each row and output.</summary>
    /// <param name="function">Maps [m, d] and the index of each of its rows among the n to [m, outputs].</param>
    /// <param name="z">[n, d].</param>
    /// <param name="outputs">How many numbers a row gives.</param>
    /// <returns>[n, outputs, d, d].</returns>
    internal static Tensor SecondOfEach(Func<Tensor, Tensor, Tensor> function, Tensor z, int outputs)
    {
        using var scope = NewDisposeScope();
        long n = z.shape[0], d = z.shape[1];
        // The i-th copy of a row is a function of its own with one output, yᵢ.
        Tensor copies = z.repeat_interleave(outputs, 0);
        Tensor pick = eye(outputs, dtype: z.dtype, device: z.device).repeat(n, 1);
        Tensor One(Tensor at, Tensor copy) =>
            (function(at, copy.div(outputs, RoundingMode.floor)) * pick.index_select(0, copy)).sum(1);
        return Second(One, copies).Hessian.reshape(n, outputs, d, d).MoveToOuterDisposeScope();
    }

    // What does not depend on z has gradient 0, where autograd would refuse to give any.
    private static Tensor Connected(Tensor y, Tensor at) => y + 0 * at.sum(1, keepdim: true);
}
