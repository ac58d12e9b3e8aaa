using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests;

/// <summary>Gradients held against central differences, in float64.</summary>
internal static class FiniteDifferences
{
    /// <summary>The largest difference between the gradient of a loss and its central differences, relative to the largest gradient (at least 1).</summary>
    public static double Worst(Func<Tensor[], Tensor> loss, params Tensor[] at)
    {
        Tensor[] inputs = [.. at.Select(x => x.detach().clone().requires_grad_())];
        Tensor[] gradients = autograd.grad([loss(inputs)], inputs).ToArray()!;
        double worst = 0, largest = 1;
        using var _ = no_grad();
        foreach ((Tensor x, Tensor gradient) in inputs.Zip(gradients))
        {
            Tensor flat = x.view(-1), g = gradient.reshape(-1);
            for (long i = 0; i < flat.shape[0]; i++)
            {
                double value = flat[i].ToDouble();
                const double step = 1e-5;
                flat[i] = value + step;
                double above = loss(inputs).ToDouble();
                flat[i] = value - step;
                double below = loss(inputs).ToDouble();
                flat[i] = value;
                worst = Math.Max(worst, Math.Abs((above - below) / (2 * step) - g[i].ToDouble()));
                largest = Math.Max(largest, Math.Abs(g[i].ToDouble()));
            }
        }
        return worst / largest;
    }

    /// <summary>Whether a loss sends no gradient into an input that asks for one.</summary>
    public static bool IsConstantIn(Func<Tensor, Tensor, Tensor> loss, Tensor trained, Tensor target)
    {
        Tensor x = trained.detach().clone().requires_grad_(), y = target.detach().clone().requires_grad_();
        loss(x, y).backward();
        return x.grad!.abs().max().ToDouble() > 0 && (y.grad is null || y.grad.abs().max().ToDouble() == 0);
    }
}
