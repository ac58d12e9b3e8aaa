using TorchSharp;

namespace Embodied.Course.Doctor;

/// <summary>Tries one native library. In a process of its own, because a library that does not fit may abort it.</summary>
internal static class NativeProbe
{
    public const string Torch = "torch";
    public const string Onnx = "onnx";
    public const string Skia = "skia";

    /// <summary>Prints one line about the library and returns 0, or fails.</summary>
    public static int Run(string name)
    {
        try
        {
            Console.WriteLine(name switch
            {
                Torch => TryTorch(),
                Onnx => $"ONNX Runtime {Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString()}, providers: "
                    + string.Join(", ", Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetAvailableProviders()),
                Skia => $"Skia {SkiaSharp.SkiaSharpVersion.Native}",
                _ => throw new ArgumentException($"There is no native library '{name}' to try."),
            });
            return 0;
        }
        catch (Exception e)
        {
            Console.WriteLine((e.InnerException ?? e).Message.Split('\n')[0]);
            return 1;
        }
    }

    private static string TryTorch()
    {
        double sum = torch.ones(3, 3).matmul(torch.ones(3, 3)).sum().item<float>();
        return sum == 27 ? $"libtorch {torch.__version__}, CUDA {(torch.cuda_is_available() ? "available" : "not available")}"
            : throw new InvalidOperationException($"libtorch loads but multiplies wrongly: 27 expected, {sum} came out.");
    }
}
