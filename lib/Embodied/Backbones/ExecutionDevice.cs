using System.Collections.Concurrent;
using Microsoft.ML.OnnxRuntime;

namespace Embodied.Backbones;

/// <summary>Where ONNX models run. <c>EMBODIED_DEVICE</c> says: <c>auto</c> (the default: CUDA where there is one), <c>cpu</c> or <c>cuda</c>.</summary>
public static class ExecutionDevice
{
    /// <summary>The environment variable that chooses.</summary>
    public const string Variable = "EMBODIED_DEVICE";

    /// <summary>Where it is told what models run on, once in a process. The console by default; null for nowhere.</summary>
    public static Action<string>? Report { get; set; } = Console.WriteLine;

    private static readonly ConcurrentDictionary<string, bool> Told = new();

    private const string CudaProvider = "CUDAExecutionProvider";

    private static readonly Lazy<bool> Offered = new(() => OrtEnv.Instance().GetAvailableProviders().Contains(CudaProvider));

    internal static void Tell(string device)
    {
        if (Told.TryAdd(device, true))
        {
            Report?.Invoke($"ONNX models run on {device}.");
        }
    }

    /// <summary>Adds CUDA to what a session may use, if it shall and can.</summary>
    /// <param name="session">The options of a session that is about to be made.</param>
    /// <returns>What it will run on, in words.</returns>
    /// <exception cref="InvalidOperationException"><c>EMBODIED_DEVICE</c> is none of the three, or wants CUDA where there is none.</exception>
    public static string Choose(SessionOptions session) => Choose(session, Environment.GetEnvironmentVariable(Variable));

    /// <summary>As <see cref="Choose(SessionOptions)"/>, with the variable's value given.</summary>
    /// <param name="session">The options of a session that is about to be made.</param>
    /// <param name="wanted">auto, cpu or cuda; null or empty for auto.</param>
    /// <returns>What it will run on, in words.</returns>
    /// <exception cref="InvalidOperationException">It is none of the three, or wants CUDA where there is none.</exception>
    public static string Choose(SessionOptions session, string? wanted)
    {
        wanted = string.IsNullOrEmpty(wanted) ? "auto" : wanted.ToLowerInvariant();
        switch (wanted)
        {
            case "cpu":
                return "CPU";
            case "auto" when !Offered.Value:
                return "CPU (this build of ONNX Runtime has no CUDA; -p:Gpu=true builds one that has)";
            case "cuda" when !Offered.Value:
                throw new InvalidOperationException($"{Variable} is 'cuda', but this build of ONNX Runtime has no CUDA: build with -p:Gpu=true, or set it to 'cpu'.");
            case "auto" or "cuda":
                try
                {
                    session.AppendExecutionProvider_CUDA();
                    return "CUDA";
                }
                catch (OnnxRuntimeException) when (wanted == "auto")
                {
                    return "CPU (CUDA's libraries or its device are missing)";
                }
            default:
                throw new InvalidOperationException($"{Variable} is '{wanted}'; auto, cpu or cuda is wanted.");
        }
    }
}
