using System.Numerics;
using static TorchSharp.torch;

namespace Embodied.Planning.Grids;

/// <summary>
/// <see cref="ValueIterationModule.Unrolled"/> and its gradient, fast: all sweeps in one pass over memory that stays in cache, several maps side by side in
/// the lanes of a vector register. A convolution with one channel in and ten out is too small for a library that is made for large ones, and the backward
/// pass of a maximum follows its winner alone.
/// </summary>
/// <remarks>With G = ∂L/∂Q: ∂L/∂W_a[δ] = Σ G_a[i] x[i + δ], ∂L/∂x[i + δ] = Σ_a G_a[i] W_a[δ] for x = R, V; and ∂L/∂V_k goes to the action that won there.</remarks>
public static class FusedValueIteration
{
    /// <summary>Q of V_K, and its gradient with respect to R and W.</summary>
    /// <param name="R">[n, 1, h, w], float32 or float64.</param>
    /// <param name="W">[s, A, 2, 3, 3] with s = 1 or K + 1.</param>
    /// <param name="K">Sweeps, from 0.</param>
    /// <returns>[n, A, h, w].</returns>
    /// <exception cref="ArgumentException">As <see cref="ValueIterationModule.Unrolled"/>, or a type that is neither.</exception>
    public static Tensor Apply(Tensor R, Tensor W, int K)
    {
        ValueIterationModule.Require(R, W, K);
        // Within a function of autograd gradients are always off: whether they are wanted has to be asked here.
        bool keep = is_grad_enabled() && (R.requires_grad || W.requires_grad);
        return R.dtype switch
        {
            ScalarType.Float32 => Function<float>.apply(R, W, K, keep),
            ScalarType.Float64 => Function<double>.apply(R, W, K, keep),
            _ => throw new ArgumentException($"R is {R.dtype}, wanted Float32 or Float64.", nameof(R)),
        };
    }

    /// <summary>V_K without Q: the map of values that a network believes in.</summary>
    /// <inheritdoc cref="Apply"/>
    /// <returns>[n, h, w].</returns>
    public static Tensor Values(Tensor R, Tensor W, int K)
    {
        // max of the last convolution is V_K+1 with tied kernels; the kernels of sweep K are the last but one where they are not.
        if (K == 0)
        {
            ValueIterationModule.Require(R, W, K);
            return zeros_like(R).squeeze(1);
        }
        using var scope = NewDisposeScope();
        return Apply(R, W.shape[0] == 1 ? W : W[..^1], K - 1).amax([1L]).MoveToOuterDisposeScope();
    }

    private sealed class Function<T> : autograd.SingleTensorFunction<Function<T>>
        where T : unmanaged, INumber<T>
    {
        private const string Kept = "sweeps";

        public override string Name => nameof(FusedValueIteration);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            (Tensor R, Tensor W) = ((Tensor)vars[0], (Tensor)vars[1]);
            FusedSweeps<T> sweeps = new(R, W, (int)vars[2]);
            Tensor Q = sweeps.Forward(R, W);
            if ((bool)vars[3])
            {
                ctx.save_data(Kept, sweeps);
            }
            else
            {
                sweeps.Free();
            }
            return Q;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var sweeps = (FusedSweeps<T>)ctx.get_data(Kept);
            (Tensor dR, Tensor dW) = sweeps.Backward(grad_output);
            sweeps.Free();
            return [dR, dW, null!, null!];
        }
    }
}
