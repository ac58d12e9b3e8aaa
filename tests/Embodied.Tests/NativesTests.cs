using System.Runtime.InteropServices;
using TorchSharp;

namespace Embodied.Tests;

public class NativesTests
{
    [Fact]
    public void TorchSharp_loads_and_computes_on_this_machine()
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64, "libtorch has no build for this processor");
        Assert.Equal(3.0, torch.ones(3).sum().item<float>(), 6);
    }
}
