using BenchmarkDotNet.Running;
using Embodied.Benchmarks;

switch (args)
{
    case ["ncut-vs-scipy", ..]:
        return NcutVersusSciPy.Run(args[1..]);
    case ["maskcut-vs-scipy", ..]:
        return MaskCutVersusSciPy.Run(args[1..]);
    case ["kernel-vs-ipykernel", ..]:
        return KernelVersusIpykernel.Run(args[1..]);
    case ["sprite-scenes"]:
        return SpriteScenesRate.Run();
    case ["grading"]:
        return GradingThroughput.Run();
    case ["dino-step", ..]:
        return DinoStep.Run();
    case ["planning"]:
        return PlanningSpeed.Run();
    default:
        BenchmarkSwitcher.FromAssembly(typeof(NcutBenchmark).Assembly).Run(args);
        return 0;
}
