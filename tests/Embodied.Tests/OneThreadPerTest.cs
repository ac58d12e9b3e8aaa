using System.Runtime.CompilerServices;
using TorchSharp;

namespace Embodied.Tests;

/// <summary>Test classes run side by side; were each to use every core for its small tensors, they would mostly wait for each other.</summary>
internal static class OneThreadPerTest
{
    [ModuleInitializer]
    internal static void Set() => torch.set_num_threads(1);
}
