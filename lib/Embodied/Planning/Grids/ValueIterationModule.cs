using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Planning.Grids;

/// <summary>
/// The VI module: value iteration written as a convolutional network. A sweep is a convolution of reward and value with 3 × 3 kernels, one channel per
/// action, and a maximum over channels:
/// <code>
/// Q_k[a, i, j] = Σ_δ W^R_a[δ] R[i + δ_i, j + δ_j] + W^V_a[δ] V_k−1[i + δ_i, j + δ_j],     V_k[i, j] = max_a Q_k[a, i, j],     V₀ = 0.
/// </code>
/// After K sweeps one more convolution gives Q of V_K, which the policy reads. Beyond the edge R and V are 0.
/// </summary>
/// <remarks>
/// Tamar, Wu, Thomas, Levine &amp; Abbeel, <i>Value iteration networks</i>, 2016, section 4. Tied: every sweep has the same kernels, as value iteration has.
/// Untied: each its own, an ordinary network of the same shape. Lecture: value iteration networks.
/// </remarks>
public static class ValueIterationModule
{
    /// <summary>Q of V_K, by torch's own convolutions: readable, and what <see cref="FusedValueIteration"/> is tested against.</summary>
    /// <param name="R">Reward maps, [n, 1, h, w].</param>
    /// <param name="W">Kernels, [s, A, 2, 3, 3], those of R first: s = 1 for kernels that all sweeps share, s = K + 1 for kernels of their own.</param>
    /// <param name="K">Sweeps, from 0.</param>
    /// <param name="onSweep">Told each V_k, [n, h, w], from V₀; it is freed after.</param>
    /// <returns>[n, A, h, w].</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or there are more or fewer kernels than sweeps.</exception>
    public static Tensor Unrolled(Tensor R, Tensor W, int K, Action<int, Tensor>? onSweep = null)
    {
        Require(R, W, K);
        using var scope = NewDisposeScope();
        Tensor V = zeros_like(R);
        onSweep?.Invoke(0, V.squeeze(1));
        for (int k = 0; k < K; k++)
        {
            V = Sweep(R, V, W[W.shape[0] == 1 ? 0 : k]).amax([1L], keepdim: true);
            onSweep?.Invoke(k + 1, V.squeeze(1));
        }
        return Sweep(R, V, W[^1]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Kernels with which the module is exact value iteration on a <see cref="GridMap"/>. Its reward R is −1 in free cells, 0 at the goal and minus a
    /// large number in walls, charged where a move begins: W^R_a is the move's length in the middle, W^V_a is 1 where the move leads. A ninth action
    /// stays, so that V is 0 at the goal and the rest of the map measures its distance to it.
    /// </summary>
    /// <param name="dtype">float32 or float64.</param>
    /// <returns>[1, 9, 2, 3, 3].</returns>
    public static Tensor ExactKernels(ScalarType dtype = ScalarType.Float64)
    {
        var W = new double[9 * 18];
        for (int a = 0; a < 9; a++)
        {
            W[a * 18 + 4] = a < GridMoves.Count ? GridMoves.Length[a] : 1;
            W[a * 18 + 9 + (a < GridMoves.Count ? GridMoves.Tap(a) : 4)] = 1;
        }
        return tensor(W, [1, 9, 2, 3, 3], dtype);
    }

    /// <summary>The reward that goes with <see cref="ExactKernels"/>.</summary>
    /// <param name="images">[n, 2, h, w], as <see cref="GridMap.Images"/> gives them.</param>
    /// <param name="wall">What leaving a wall costs: more than any path.</param>
    /// <returns>[n, 1, h, w], of the images' type.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public static Tensor ExactReward(Tensor images, double wall = 1_000)
    {
        ShapeCheck.Require(images, nameof(images), -1, 2, -1, -1);
        using var scope = NewDisposeScope();
        return (images[.., 1..] - 1 - (wall - 1) * images[.., ..1]).MoveToOuterDisposeScope();
    }

    internal static void Require(Tensor R, Tensor W, int K)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(K);
        ShapeCheck.Require(R, nameof(R), -1, 1, -1, -1);
        ShapeCheck.Require(W, nameof(W), -1, -1, 2, 3, 3);
        if (W.shape[0] != 1 && W.shape[0] != K + 1)
        {
            throw new ArgumentException($"W has kernels for {W.shape[0]} sweeps, wanted 1, for all, or K + 1 = {K + 1}.", nameof(W));
        }
        if (W.shape[1] == 0 || R.dtype != W.dtype)
        {
            throw new ArgumentException($"W has {W.shape[1]} actions and is {W.dtype}, wanted at least one, and {R.dtype} as R is.", nameof(W));
        }
    }

    // One convolution over both: [n, A, h, w].
    private static Tensor Sweep(Tensor R, Tensor V, Tensor W) => functional.conv2d(cat([R, V], 1), W, padding: [1L, 1L]);
}
