using Embodied.Interactive.Running;

namespace Embodied.Notebooks.Tests.Grading;

/// <summary>Cells that mean harm, and what becomes of them in the sandbox.</summary>
public sealed class SandboxTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    [Fact]
    public async Task A_sum_is_a_sum()
    {
        Outcome outcome = await sandbox.RunAsync("1+1");
        Assert.True(outcome.Value == "2", outcome.ToString());
    }

    [Fact]
    public async Task Torch_computes_after_the_course_is_loaded()
    {
        await using WorkerProcess worker = await sandbox.StartAsync();
        Outcome outcome = await SandboxFixture.RunAsync(worker, "#load \"setup.csx\"\nTorchSharp.torch.ones(3).sum().item<float>()");
        Assert.True(outcome.Value == "3", outcome.ToString());
    }
}
