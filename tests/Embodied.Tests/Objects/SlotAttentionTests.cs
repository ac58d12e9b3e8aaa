using Embodied.Objects.Slots;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.Objects;

public class SlotAttentionTests
{
    private static readonly SlotAttentionOptions Small = new() { InputWidth = 5, Width = 4, Slots = 3, Iterations = 2, Hidden = 6 };

    [Fact]
    public void The_order_of_the_inputs_changes_no_slot_and_the_order_of_the_first_slots_is_that_of_the_last()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using SlotAttention attention = new(Small, generator, ScalarType.Float64);
        Tensor x = Random(generator, 2, 9, 5), m = attention.Begin(2, generator);
        SlotAttentionResult found = attention.Attend(x, m);

        Tensor order = tensor(new long[] { 4, 0, 8, 2, 6, 1, 3, 7, 5 });
        SlotAttentionResult mixed = attention.Attend(x.index_select(1, order), m);
        Assert.True((mixed.Slots - found.Slots).abs().max().ToDouble() < 1e-5);
        Assert.True((mixed.Attention - found.Attention.index_select(3, order)).abs().max().ToDouble() < 1e-5);

        Tensor turned = tensor(new long[] { 2, 0, 1 });
        SlotAttentionResult other = attention.Attend(x, m.index_select(1, turned));
        Assert.True((other.Slots - found.Slots.index_select(1, turned)).abs().max().ToDouble() < 1e-5);
        Assert.True((found.Slots - other.Slots).abs().max().ToDouble() > 1e-2);
    }

    [Fact]
    public void Attention_sums_to_one_over_the_slots_and_the_weights_of_a_mean_over_the_inputs()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        Tensor x = Random(generator, 2, 9, 5);
        using SlotAttention attention = new(Small, generator, ScalarType.Float64);
        Tensor a = attention.Attend(x, attention.Begin(2, generator)).Attention;
        Assert.Equal([2, 2, 3, 9], a.shape);
        Assert.True((a.sum(2) - 1).abs().max().ToDouble() < 1e-12);
        Assert.True((attention.Weights(a).sum(-1) - 1).abs().max().ToDouble() < 1e-12);

        using SlotAttention without = new(Small with { Competition = SlotCompetition.OverInputs }, generator, ScalarType.Float64);
        Tensor b = without.Attend(x, without.Begin(2, generator)).Attention;
        Assert.True((b.sum(3) - 1).abs().max().ToDouble() < 1e-12);
        Assert.True((b.sum(2) - 1).abs().max().ToDouble() > 0.1);
    }

    [Fact]
    public void One_round_is_the_lectures_written_out_number_by_number()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        using SlotAttention attention = new(Small with { Iterations = 1, Epsilon = 0.01 }, generator, ScalarType.Float64);
        using (no_grad())
        {
            // What begins at zero or one is given something to do.
            foreach (var parameter in attention.parameters())
            {
                parameter.add_(randn(parameter.shape, generator: generator, dtype: ScalarType.Float64) * 0.3);
            }
        }
        Tensor x = Random(generator, 1, 6, 5), m = Random(generator, 1, 3, 4);
        SlotAttentionResult found = attention.Attend(x, m);

        Dictionary<string, double[,]> w = attention.named_parameters().ToDictionary(p => p.name, p => Table(p.parameter));
        double[][] inputs = [.. Rows(x[0]).Select(r => Normal(r, w, "normInputs"))], slots = Rows(m[0]);
        double[][] k = [.. inputs.Select(r => Times(w["toKeys.weight"], r))], v = [.. inputs.Select(r => Times(w["toValues.weight"], r))];
        double[][] q = [.. slots.Select(r => Times(w["toQueries.weight"], Normal(r, w, "normSlots")))];
        var a = new double[3, 6];
        for (int i = 0; i < 6; i++)
        {
            double[] exp = [.. q.Select(row => Math.Exp(Dot(row, k[i]) / Math.Sqrt(4)))];
            for (int j = 0; j < 3; j++)
            {
                a[j, i] = exp[j] / exp.Sum();
                Assert.Equal(a[j, i], found.Attention[0, 0, j, i].ToDouble(), 10);
            }
        }
        for (int j = 0; j < 3; j++)
        {
            double sum = Enumerable.Range(0, 6).Sum(i => a[j, i] + 0.01);
            double[] u = [.. Enumerable.Range(0, 4).Select(d => Enumerable.Range(0, 6).Sum(i => (a[j, i] + 0.01) * v[i][d]) / sum)], h = slots[j];
            double[] fromU = Affine(w, "gru.input", u), fromH = Affine(w, "gru.hidden", h);
            double[] kept = [.. Enumerable.Range(0, 4).Select(d =>
            {
                double r = Sigmoid(fromU[d] + fromH[d]), z = Sigmoid(fromU[4 + d] + fromH[4 + d]);
                return (1 - z) * Math.Tanh(fromU[8 + d] + r * fromH[8 + d]) + z * h[d];
            })];
            double[] hidden = [.. Affine(w, "mlp1", Normal(kept, w, "normMlp")).Select(value => Math.Max(0, value))];
            double[] wanted = [.. Affine(w, "mlp2", hidden).Zip(kept, (one, other) => one + other)];
            Assert.Equal(wanted.Select(value => Math.Round(value, 9)), Rows(found.Slots[0])[j].Select(value => Math.Round(value, 9)));
        }
    }

    [Fact]
    public void The_recurrent_unit_is_torchs()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        using GruCell ours = new(5, 4, generator, ScalarType.Float64);
        using var theirs = nn.GRUCell(5, 4, dtype: ScalarType.Float64);
        Dictionary<string, Tensor> from = ours.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        using (no_grad())
        {
            foreach (Tensor parameter in from.Values)
            {
                parameter.add_(randn(parameter.shape, generator: generator, dtype: ScalarType.Float64) * 0.3);
            }
            foreach ((string name, var parameter) in theirs.named_parameters())
            {
                parameter.copy_(from[(name.EndsWith("ih", StringComparison.Ordinal) ? "input." : "hidden.") + (name.StartsWith("weight", StringComparison.Ordinal) ? "weight" : "bias")]);
            }
        }
        Tensor x = Random(generator, 7, 5), h = Random(generator, 7, 4);
        Assert.True((ours.call(x, h) - theirs.call(x, h)).abs().max().ToDouble() < 1e-12);
    }

    [Theory]
    [InlineData(SlotCompetition.OverSlots)]
    [InlineData(SlotCompetition.OverInputs)]
    public void Gradients_through_all_rounds_agree_with_finite_differences(SlotCompetition competition)
    {
        using var generator = new Generator(5);
        using SlotAttention attention = new(Small with { Competition = competition, Epsilon = 1e-3 }, generator, ScalarType.Float64);
        using Tensor x = Random(generator, 1, 6, 5), m = Random(generator, 1, 3, 4), direction = Random(generator, 1, 3, 4);
        Assert.True(FiniteDifferences.Worst(at => (attention.call(at[0], at[1]) * direction).sum(), x, m) < 1e-6);
        // The weights as well: they are moved in place, and the loss is taken again.
        attention.zero_grad();
        (attention.call(x, m) * direction).sum().backward();
        foreach ((string name, var parameter) in attention.named_parameters().Where(p => p.parameter.grad is not null))
        {
            double wanted = parameter.grad!.view(-1)[0].ToDouble();
            using var _ = no_grad();
            double Moved(double by)
            {
                parameter.view(-1)[0].add_(by);
                return (attention.call(x, m) * direction).sum().ToDouble();
            }
            double above = Moved(1e-5), below = Moved(-2e-5);
            Moved(1e-5);
            Assert.True(Math.Abs((above - below) / 2e-5 - wanted) < 1e-6 * Math.Max(1, Math.Abs(wanted)), name);
        }
    }

    [Fact]
    public void Slots_start_as_often_as_wanted_when_sampled_and_as_learned_otherwise()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(6);
        using SlotAttention sampled = new(Small, generator), learned = new(Small with { Start = SlotStart.Learned }, generator);
        Assert.Equal([2, 11, 4], sampled.Begin(2, generator, 11).shape);
        Tensor begun = learned.Begin(2, generator);
        Assert.True(begun[0].equal(begun[1]).all().ToBoolean());
        Assert.Contains("11 slots", Assert.Throws<ArgumentException>(() => learned.Begin(2, generator, 11)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => sampled.call(zeros(2, 9, 6), begun));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SlotAttention(Small with { Iterations = 0 }, generator));
    }

    private static Tensor Random(Generator generator, params long[] shape) => randn(shape, generator: generator, dtype: ScalarType.Float64);

    private static double[][] Rows(Tensor x) => [.. Enumerable.Range(0, (int)x.shape[0]).Select(i => x[i].detach().contiguous().data<double>().ToArray())];

    private static double[,] Table(Tensor x)
    {
        double[][] rows = Rows(x.detach().view(x.shape.Length == 2 ? x.shape[0] : 1, -1));
        var table = new double[rows.Length, rows[0].Length];
        for (int i = 0; i < rows.Length; i++)
        {
            for (int j = 0; j < rows[0].Length; j++)
            {
                table[i, j] = rows[i][j];
            }
        }
        return table;
    }

    private static double Dot(double[] one, double[] other) => one.Zip(other, (p, q) => p * q).Sum();

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double[] Times(double[,] matrix, double[] x) =>
        [.. Enumerable.Range(0, matrix.GetLength(0)).Select(i => Enumerable.Range(0, x.Length).Sum(j => matrix[i, j] * x[j]))];

    private static double[] Affine(Dictionary<string, double[,]> w, string name, double[] x) =>
        [.. Times(w[name + ".weight"], x).Select((value, i) => value + w[name + ".bias"][0, i])];

    private static double[] Normal(double[] x, Dictionary<string, double[,]> w, string name)
    {
        double mean = x.Average(), variance = x.Average(value => (value - mean) * (value - mean));
        return [.. x.Select((value, i) => (value - mean) / Math.Sqrt(variance + 1e-5) * w[name + ".weight"][0, i] + w[name + ".bias"][0, i])];
    }
}
