using System.Text.Json.Nodes;

namespace Embodied.Notebooks.Tests.Commands;

public sealed class BuildTests
{
    [Theory]
    [InlineData("false", "Microsoft.ML.OnnxRuntime", "libtorch-cpu-")]
    [InlineData("true", "Microsoft.ML.OnnxRuntime.Gpu", "TorchSharp-cuda-")]
    public void The_property_Gpu_selects_the_packages(string gpu, string onnx, string torch)
    {
        ToolResult result = RequiredTool.Run(
            "dotnet", "msbuild", Path.Combine(CourseTool.Root, "lib", "Embodied", "Embodied.csproj"), $"-p:Gpu={gpu}", "-getItem:PackageReference");
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        string[] packages = [.. JsonNode.Parse(result.Output)!["Items"]!["PackageReference"]!.AsArray().Select(package => package!["Identity"]!.GetValue<string>())];
        Assert.Contains(onnx, packages);
        Assert.Contains(packages, package => package.StartsWith(torch, StringComparison.Ordinal));
        Assert.DoesNotContain(packages, package => package.StartsWith(gpu == "true" ? "libtorch-cpu-" : "TorchSharp-cuda-", StringComparison.Ordinal));
        Assert.Single(packages, package => package.StartsWith("Microsoft.ML.OnnxRuntime", StringComparison.Ordinal) && !package.EndsWith(".Managed", StringComparison.Ordinal));
    }
}
