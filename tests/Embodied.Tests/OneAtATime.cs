using System.Runtime.CompilerServices;
using TorchSharp;

// A number handed to TorchSharp becomes an object that no one holds while native code reads it. A collection that another test sets off in that moment
// frees it, and the operation fails with "Expected false to be true".
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace Embodied.Tests;

/// <summary>These tests run beside those of notebooks, which want a core for themselves.</summary>
internal static class OneAtATime
{
    [ModuleInitializer]
    internal static void Set() => torch.set_num_threads(1);
}
