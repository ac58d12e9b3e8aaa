using BenchmarkDotNet.Running;
using Embodied.Benchmarks;

if (args is ["ncut-vs-scipy", ..])
{
    return NcutVersusSciPy.Run(args[1..]);
}
BenchmarkSwitcher.FromAssembly(typeof(NcutBenchmark).Assembly).Run(args);
return 0;
