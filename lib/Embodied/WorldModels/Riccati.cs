using static TorchSharp.torch;

namespace Embodied.WorldModels;

/// <summary>One step of the Riccati recursion, which LQR and iLQR share; all of a batch, [n, …], vectors as columns.</summary>
internal static class Riccati
{
    /// <summary>[Q Sᵀ; S R].</summary>
    internal static Tensor Joined(Tensor Q, Tensor S, Tensor R) => cat([cat([Q, S.mT], -1), cat([S, R], -1)], -2);

    /// <summary>The cost of state and control followed by the best: W = C + FᵀVF and w = l + Fᵀ(v + Vc).</summary>
    /// <param name="C">[n, n_x + n_u, n_x + n_u].</param>
    /// <param name="l">[n, n_x + n_u, 1].</param>
    /// <param name="F">[A B], [n, n_x, n_x + n_u].</param>
    /// <param name="c">[n, n_x, 1]; 0 when null.</param>
    /// <param name="V">[n, n_x, n_x].</param>
    /// <param name="v">[n, n_x, 1].</param>
    internal static (Tensor W, Tensor w) Action(Tensor C, Tensor l, Tensor F, Tensor? c, Tensor V, Tensor v)
    {
        Tensor Ft = F.mT;
        Tensor next = c is null ? v : v + V.bmm(c);
        return (C + Ft.bmm(V.bmm(F)), l + Ft.bmm(next));
    }

    /// <summary>The cost to go under u = Kx + k, whatever K and k: V = MᵀWM and v = Mᵀ(w + W_{·u}k) with M = [I; K].</summary>
    /// <param name="W">[n, n_x + n_u, n_x + n_u].</param>
    /// <param name="w">[n, n_x + n_u, 1].</param>
    /// <param name="M">[n, n_x + n_u, n_x].</param>
    /// <param name="k">[n, n_u, 1].</param>
    internal static (Tensor V, Tensor v) Value(Tensor W, Tensor w, Tensor M, Tensor k)
    {
        Tensor Mt = M.mT;
        Tensor V = Mt.bmm(W.bmm(M));
        Tensor v = Mt.bmm(w + W.narrow(2, M.shape[2], k.shape[1]).bmm(k));
        return ((V + V.mT) / 2, v);
    }
}
