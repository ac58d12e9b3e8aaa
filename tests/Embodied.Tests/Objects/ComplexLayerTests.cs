using System.Numerics;
using Embodied.Objects.ComplexAutoencoders;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public sealed class ComplexLayerTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public enum Kind { Linear, Conv, StridedConv, ConvTranspose }

    public static TheoryData<Kind, PhaseGate> Layers
    {
        get
        {
            TheoryData<Kind, PhaseGate> all = [];
            foreach (Kind kind in Enum.GetValues<Kind>())
            {
                all.Add(kind, PhaseGate.Half);
                all.Add(kind, PhaseGate.None);
            }
            return all;
        }
    }

    public void Dispose() => scope.Dispose();

    // A layer in float64 whose biases are none of them zero, and an input for it.
    private static (ComplexLayer Layer, ComplexTensor Input) Make(Kind kind, PhaseGate gate, bool phaseBias = true)
    {
        var generator = new Generator(4);
        ComplexLayer layer = kind switch
        {
            Kind.Linear => new ComplexLinear(5, 4, generator, gate, float64),
            Kind.Conv => new ComplexConv2d(2, 3, generator, 1, gate, float64),
            Kind.StridedConv => new ComplexConv2d(2, 3, generator, 2, gate, float64),
            _ => new ComplexConvTranspose2d(2, 3, generator, gate, float64),
        };
        using (no_grad())
        {
            double most = phaseBias ? 2 : 0;
            layer.PhaseBias.uniform_(-most, most, generator);
        }
        long[] shape = kind == Kind.Linear ? [3, 5] : [3, 2, 4, 4];
        return (layer, new(randn(shape, float64, generator: generator), randn(shape, float64, generator: generator)));
    }

    private static double Worst(Tensor a, Tensor b) => (a - b).abs().max().ToDouble();

    [Theory]
    [MemberData(nameof(Layers))]
    public void Rotating_all_phases_of_the_input_rotates_the_output(Kind kind, PhaseGate gate)
    {
        (ComplexLayer layer, ComplexTensor z) = Make(kind, gate);
        ComplexTensor output = layer.call(z);
        Assert.True(output.Magnitude.max().ToDouble() > 0.5);
        foreach (double angle in (double[])[0.3, 1.7, Math.PI, -2.9])
        {
            ComplexTensor rotated = layer.call(z.Rotated(angle)), wanted = output.Rotated(angle);
            Assert.True(Worst(rotated.Real, wanted.Real) < 1e-10);
            Assert.True(Worst(rotated.Imaginary, wanted.Imaginary) < 1e-10);
            Assert.True(Worst(rotated.Magnitude, wanted.Magnitude) < 1e-10);
        }
    }

    [Fact]
    public void What_is_black_cannot_be_rotated_and_a_bias_that_opens_it_shows()
    {
        (ComplexLayer layer, ComplexTensor z) = Make(Kind.Conv, PhaseGate.Half);
        using (no_grad())
        {
            layer.NormBias.fill_(3);
        }
        Tensor lit = ones_like(z.Real);
        lit[.., .., .., ..3] = 0;
        ComplexTensor half = new(z.Real * lit, z.Imaginary * lit), output = layer.call(half);
        Tensor turned = (output.Rotated(1).Real - layer.call(half.Rotated(1)).Real).abs();
        Assert.True(turned[.., .., .., 2..].max().ToDouble() < 1e-10); // Some input of these is not 0.
        Assert.True(turned[.., .., .., ..2].max().ToDouble() > 0.1);
    }

    [Fact]
    public void Rotating_all_phases_of_an_autoencoders_input_leaves_the_image_and_rotates_its_phases()
    {
        using var network = new ComplexAutoencoder(new() { ImageSize = 16, Width = 4, Bottleneck = 6 }, new Generator(1), float64);
        using (no_grad())
        {
            // Two of three channels open at every pixel: where ReLU shuts all that a unit sees, ψ is 0 and cannot be rotated (above).
            foreach (ComplexLayer layer in network.modules().OfType<ComplexLayer>())
            {
                layer.NormBias.copy_(3 - 6 * arange(layer.NormBias.shape[0]).remainder(3).eq(1).to(float64));
            }
        }
        var generator = new Generator(2);
        ComplexTensor z = ComplexTensor.Polar(rand([3, 1, 16, 16], float64, generator: generator), randn([3, 1, 16, 16], float64, generator: generator));
        ComplexAutoencoderOutput plain = network.Rebuild(z), rotated = network.Rebuild(z.Rotated(1.1));
        Assert.True(plain.Reconstruction.std().ToDouble() > 0.05);
        // Rounding turns a sum of arrows by 1e-16 / |ψ|; some ψ are short, and later layers pass that on. Hence not 1e-10, as for one layer.
        Assert.InRange(Worst(plain.Reconstruction, rotated.Reconstruction), 0, 1e-8);
        Assert.InRange(Worst(plain.Z.Rotated(1.1).Real, rotated.Z.Real), 0, 1e-8);
        Assert.InRange(Worst(plain.Z.Rotated(1.1).Imaginary, rotated.Z.Imaginary), 0, 1e-8);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void Without_imaginary_parts_and_phase_biases_a_layer_is_a_real_one(Kind kind, PhaseGate gate)
    {
        (ComplexLayer layer, ComplexTensor z) = Make(kind, gate, phaseBias: false);
        Tensor x = z.Real.abs();
        ComplexTensor output = layer.call(ComplexTensor.OfReal(x));

        // |Wx| / 2 + Wx / 2 is Wx where that is positive, and nothing where it is not.
        Tensor bias = kind == Kind.Linear ? layer.MagnitudeBias : layer.MagnitudeBias.view(1, -1, 1, 1);
        Tensor applied = Real(kind, x, layer.Weight);
        Tensor m = (gate == PhaseGate.Half ? applied.relu() : applied.abs()) + bias;
        long[] over = kind == Kind.Linear ? [1] : [0, 2, 3];
        Tensor normal = (m - m.mean(over, keepdim: true)) / (m.var(over, unbiased: false, keepdim: true) + 1e-5).sqrt();
        Assert.True(Worst(normal.relu(), output.Magnitude) < 1e-10);
        Assert.True(Worst(normal.relu() * applied.sign(), output.Real) < 1e-10);
        Assert.Equal(0, output.Imaginary.abs().max().ToDouble());
    }

    // f_w written out: a matrix, and convolutions as sums over the nine places of the kernel.
    private static Tensor Real(Kind kind, Tensor x, Tensor w)
    {
        if (kind == Kind.Linear)
        {
            return x.mm(w.t());
        }
        int n = (int)x.shape[0], into = 3, from = 2, side = (int)x.shape[2];
        int stride = kind == Kind.Conv ? 1 : 2, size = kind == Kind.ConvTranspose ? 2 * side : side / stride;
        Tensor y = zeros([n, into, size, size], float64);
        for (int dy = 0; dy < 3; dy++)
        {
            for (int dx = 0; dx < 3; dx++)
            {
                for (int row = 0; row < (kind == Kind.ConvTranspose ? side : size); row++)
                {
                    for (int column = 0; column < (kind == Kind.ConvTranspose ? side : size); column++)
                    {
                        int farRow = stride * row + dy - 1, farColumn = stride * column + dx - 1;
                        int limit = kind == Kind.ConvTranspose ? size : side;
                        if (farRow < 0 || farRow >= limit || farColumn < 0 || farColumn >= limit)
                        {
                            continue;
                        }
                        if (kind == Kind.ConvTranspose)
                        {
                            y[.., .., farRow, farColumn] += x[.., .., row, column].mm(w[.., .., dy, dx]);
                        }
                        else
                        {
                            y[.., .., row, column] += x[.., .., farRow, farColumn].mm(w[.., .., dy, dx].t());
                        }
                    }
                }
            }
        }
        Assert.Equal(from, x.shape[1]);
        return y;
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void A_layer_is_the_papers_equations_written_out_with_complex_numbers(Kind kind, PhaseGate gate)
    {
        (ComplexLayer layer, ComplexTensor z) = Make(kind, gate);
        ComplexTensor output = layer.call(z);
        double[] re = Flat(Real(kind, z.Real, layer.Weight)), im = Flat(Real(kind, z.Imaginary, layer.Weight));
        double[] chi = Flat(Real(kind, (z.Real.square() + z.Imaginary.square()).sqrt(), layer.Weight));
        double[] magnitudeBias = Flat(layer.MagnitudeBias), phaseBias = Flat(layer.PhaseBias);
        int channels = magnitudeBias.Length, places = re.Length / channels / 3; // Three examples.
        double[] m = new double[re.Length];
        for (int i = 0; i < re.Length; i++)
        {
            double b = magnitudeBias[i / places % channels], psi = new Complex(re[i], im[i]).Magnitude + b;
            m[i] = gate == PhaseGate.None ? psi : psi / 2 + (chi[i] + b) / 2;
        }
        double[] real = Flat(output.Real), imaginary = Flat(output.Imaginary);
        for (int i = 0; i < re.Length; i++)
        {
            // Normalised over an example's features, or over a channel's places in all examples.
            double[] together = [.. m.Where((_, j) => kind == Kind.Linear ? j / channels == i / channels : j / places % channels == i / places % channels)];
            double mean = together.Average(), variance = together.Average(v => (v - mean) * (v - mean));
            Complex wanted = Complex.FromPolarCoordinates(
                Math.Max(0, (m[i] - mean) / Math.Sqrt(variance + 1e-5)), new Complex(re[i], im[i]).Phase + phaseBias[i / places % channels]);
            Assert.Equal(wanted.Real, real[i], 1e-10);
            Assert.Equal(wanted.Imaginary, imaginary[i], 1e-10);
        }
    }

    private static double[] Flat(Tensor x) => [.. x.detach().contiguous().data<double>()];

    [Theory]
    [MemberData(nameof(Layers))]
    public void Gradients_are_those_of_finite_differences(Kind kind, PhaseGate gate)
    {
        (ComplexLayer layer, ComplexTensor z) = MakeFarFromKinks(kind, gate);
        var generator = new Generator(5);
        ComplexTensor first = layer.call(z);
        Assert.True(layer.Combine(z).Psi.Magnitude.min().ToDouble() > 0.05);
        Assert.InRange(first.Magnitude.gt(0).to(float64).mean().ToDouble(), 0.3, 0.7);
        Tensor u = randn(first.Real.shape, float64, generator: generator), v = randn(first.Real.shape, float64, generator: generator);
        Tensor Loss(Tensor real, Tensor imaginary)
        {
            ComplexTensor output = layer.call(new(real, imaginary));
            return (output.Real * u + output.Imaginary * v + output.Magnitude * u * v).sum();
        }
        Assert.True(FiniteDifferences.Worst(inputs => Loss(inputs[0], inputs[1]), z.Real, z.Imaginary) < 1e-6);
        foreach ((string name, Parameter parameter) in layer.named_parameters())
        {
            Assert.True(WorstOf(parameter, () => Loss(z.Real, z.Imaginary)) < 1e-6, name);
        }
    }

    // A layer and an input that a step of 1e-5 takes across no kink, for any generator: inputs are no shorter than 1/2 and no two further apart than 1 rad, and the first
    // half of the weights outweighs the rest, so no sum of them is near 0; and as of N numbers none lies further than √N standard deviations from their mean,
    // the normalisation's bias decides which channels ReLU lets through, every other one, and which it shuts.
    private static (ComplexLayer Layer, ComplexTensor Input) MakeFarFromKinks(Kind kind, PhaseGate gate)
    {
        (ComplexLayer layer, ComplexTensor z) = Make(kind, gate);
        var generator = new Generator(6);
        long channels = layer.PhaseBias.shape[0], inputs = z.Real.shape[1];
        int into = kind == Kind.ConvTranspose ? 1 : 0, from = 1 - into; // Dimensions of the weights.
        using (no_grad())
        {
            Tensor Along(int dimension, Tensor values) =>
                values.view([.. Enumerable.Range(0, (int)layer.Weight.dim()).Select(d => d == dimension ? -1L : 1L)]);
            Tensor strong = empty_like(layer.Weight).uniform_(0.5, 1, generator), weak = empty_like(layer.Weight).uniform_(-0.1, 0.1, generator);
            Tensor sign = 1 - 2 * (arange(channels).div(2, RoundingMode.floor).remainder(2)).to(float64);
            layer.Weight.copy_(where(Along(from, arange(inputs)).lt((inputs + 1) / 2), strong, weak) * Along(into, sign));
            layer.NormBias.copy_(20 * (1 - 2 * arange(channels).remainder(2)).to(float64));
        }
        Tensor magnitude = empty_like(z.Real).uniform_(0.5, 1.5, generator), phase = empty_like(z.Real).uniform_(0.7, 1.7, generator);
        return (layer, ComplexTensor.Polar(magnitude, phase));
    }

    // As FiniteDifferences.Worst, for a parameter that sits in a module.
    private static double WorstOf(Parameter parameter, Func<Tensor> loss)
    {
        Tensor gradient = autograd.grad([loss()], [parameter]).Single()!.reshape(-1);
        using var _ = no_grad();
        Tensor flat = parameter.view(-1);
        double worst = 0;
        for (long i = 0; i < flat.shape[0]; i++)
        {
            double value = flat[i].ToDouble();
            const double step = 1e-5;
            flat[i] = value + step;
            double above = loss().ToDouble();
            flat[i] = value - step;
            double below = loss().ToDouble();
            flat[i] = value;
            worst = Math.Max(worst, Math.Abs((above - below) / (2 * step) - gradient[i].ToDouble()));
        }
        return worst / Math.Max(1, gradient.abs().max().ToDouble());
    }

    [Fact]
    public void Where_there_is_nothing_gradients_are_finite()
    {
        foreach (Kind kind in Enum.GetValues<Kind>())
        {
            (ComplexLayer layer, ComplexTensor z) = Make(kind, PhaseGate.Half);
            Tensor real = zeros_like(z.Real).requires_grad_(), imaginary = zeros_like(z.Real).requires_grad_();
            ComplexTensor output = layer.call(new(real, imaginary));
            (output.Real.sum() + output.Imaginary.sum() + output.Magnitude.sum()).backward();
            foreach (Tensor gradient in (Tensor[])[real.grad!, imaginary.grad!, layer.Weight.grad!, layer.MagnitudeBias.grad!, layer.PhaseBias.grad!])
            {
                Assert.True(gradient.isfinite().all().ToBoolean(), $"{kind}");
            }
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    [InlineData(1.0)]
    public void The_gate_weighs_two_equal_inputs_by_their_phase_difference_as_computed_by_hand(double turns)
    {
        // |1 + e^{iδ}| = 2 |cos δ/2|, and χ = 2 whatever the phases.
        double delta = turns * Math.PI, sum = 2 * Math.Abs(Math.Cos(delta / 2));
        Assert.Equal((sum + 2) / 2, Magnitude(PhaseGate.Half, [1, 1], [0, delta]), 1e-9);
        Assert.Equal(sum, Magnitude(PhaseGate.None, [1, 1], [0, delta]), 1e-9);
    }

    [Fact]
    public void An_input_of_the_opposite_phase_is_ignored_by_the_gate_and_cancels_without_it()
    {
        Assert.Equal(1, Magnitude(PhaseGate.Half, [1, 0.4], [0, Math.PI]), 1e-9);
        Assert.Equal(0.6, Magnitude(PhaseGate.None, [1, 0.4], [0, Math.PI]), 1e-9);
        Assert.Equal(1.4, Magnitude(PhaseGate.Half, [1, 0.4], [0, 0]), 1e-9);
    }

    // m_z of a unit with weights 1 and no bias.
    private static double Magnitude(PhaseGate gate, double[] magnitudes, double[] phases)
    {
        using var layer = new ComplexLinear(magnitudes.Length, 1, new Generator(1), gate, float64);
        using var _ = no_grad();
        layer.Weight.fill_(1);
        layer.MagnitudeBias.fill_(0);
        return layer.Combine(ComplexTensor.Polar(tensor(magnitudes).unsqueeze(0), tensor(phases).unsqueeze(0))).Magnitude.ToDouble();
    }

    [Fact]
    public void Polar_form_and_parts_agree()
    {
        Tensor magnitude = tensor([0.0, 1, 2, 0.5]), phase = tensor([1.0, 0.2, -3, 2]);
        ComplexTensor z = ComplexTensor.Polar(magnitude, phase);
        Assert.True(Worst(new ComplexTensor(z.Real, z.Imaginary).Magnitude, magnitude) < 1e-12);
        Assert.True(Worst(z.Phase()[1..], phase[1..]) < 1e-12);
        Assert.Equal(0, z.Phase()[0].ToDouble());
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        (ComplexLayer layer, ComplexTensor _) = Make(Kind.Conv, PhaseGate.Half);
        Assert.Contains("wanted", Assert.Throws<ArgumentException>(() => layer.call(ComplexTensor.OfReal(zeros([1, 3, 4, 4], float64)))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ComplexTensor(zeros(2), zeros(3)));
        Assert.StartsWith("inputs ('0') must be", Assert.Throws<ArgumentOutOfRangeException>(() => new ComplexLinear(0, 3, new Generator(1))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ComplexAutoencoder(new() { ImageSize = 30 }, new Generator(1)));
        Assert.StartsWith("Width ('0') must be", Assert.Throws<ArgumentOutOfRangeException>(() => new ComplexAutoencoder(new() { Width = 0 }, new Generator(1))).Message, StringComparison.Ordinal);
    }
}
