using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.Slots;

/// <summary>First weights of the slot models' layers, from a generator.</summary>
internal static class SlotWeights
{
    /// <summary>Matrices after Glorot &amp; Bengio 2010, even within ±√(6/(in + out)); kernels after He et al. 2015; biases zero.</summary>
    internal static void Draw(Module network, Generator generator)
    {
        using var _ = no_grad();
        foreach (Module module in network.modules())
        {
            switch (module)
            {
                case Linear linear:
                    double bound = Math.Sqrt(6.0 / (linear.weight!.shape[0] + linear.weight.shape[1]));
                    linear.weight.uniform_(-bound, bound, generator);
                    linear.bias?.zero_();
                    break;
                case Conv2d kernel:
                    kernel.weight!.normal_(0, Math.Sqrt(2.0 / (kernel.weight.numel() / kernel.weight.shape[0])), generator);
                    kernel.bias?.zero_();
                    break;
                case ConvTranspose2d kernel:
                    // Of stride 2, one place sees a quarter of the kernel.
                    kernel.weight!.normal_(0, Math.Sqrt(2.0 / (kernel.weight.numel() / kernel.weight.shape[1] / 4)), generator);
                    kernel.bias?.zero_();
                    break;
            }
        }
    }
}
