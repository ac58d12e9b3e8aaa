using Embodied.WorldModels;
using static TorchSharp.torch;

namespace Embodied.Worlds;

/// <summary>A mass that is pushed along a line without friction: x = (p, v), m dv/dt = u.</summary>
public static class DoubleIntegrator
{
    /// <summary>The system dp/dt = v, dv/dt = u/m.</summary>
    /// <param name="mass">m, kg.</param>
    /// <param name="type">Of the matrices.</param>
    public static LinearDynamics Of(double mass = 1, ScalarType type = ScalarType.Float64) =>
        new(tensor(new double[,] { { 0, 1 }, { 0, 0 } }).to(type), tensor(new double[,] { { 0 }, { 1 / mass } }).to(type));
}
