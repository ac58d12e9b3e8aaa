using Embodied.SelfSupervised;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.SelfSupervised;

public class ContrastiveLossTests
{
    [Theory]
    [InlineData(0.07)]
    [InlineData(0.5)]
    public void NtXent_is_what_the_papers_sum_gives_and_its_gradient_what_differences_give(double tau)
    {
        Tensor a = Plain.Random(1, 5, 4), b = Plain.Random(2, 5, 4);
        Assert.Equal(Plain.NtXent(a, b, tau), NtXent.Loss(a, b, tau).ToDouble(), 1e-10);
        Assert.InRange(FiniteDifferences.Worst(z => NtXent.Loss(z[0], z[1], tau), a, b), 0, 1e-7);
    }

    [Fact]
    public void NtXent_of_orthogonal_images_with_equal_views_has_a_closed_form()
    {
        Tensor z = eye(6, dtype: ScalarType.Float64);
        // Own partner at similarity 1, the 2n − 2 others at 0.
        Assert.Equal(Math.Log(Math.Exp(1 / 0.5) + 10) - 1 / 0.5, NtXent.Loss(z, 3 * z, 0.5).ToDouble(), 1e-12);
        Tensor same = ones(6, 3, dtype: ScalarType.Float64);
        Assert.Equal(Math.Log(11), NtXent.Loss(same, same).ToDouble(), 1e-12);
    }

    [Fact]
    public void InfoNce_is_what_the_papers_sum_gives_and_trains_queries_alone()
    {
        Tensor q = Plain.Random(1, 5, 4), k = Plain.Random(2, 5, 4), negatives = Plain.Unit(3, 7, 4);
        Assert.Equal(Plain.InfoNce(q, k, negatives, 0.2), InfoNce.Loss(q, k, negatives, 0.2).ToDouble(), 1e-10);
        Assert.InRange(FiniteDifferences.Worst(z => InfoNce.Loss(z[0], k, negatives, 0.2), q), 0, 1e-7);
        Assert.True(FiniteDifferences.IsConstantIn((x, y) => InfoNce.Loss(x, y, negatives), q, k));
        Assert.True(FiniteDifferences.IsConstantIn((x, y) => InfoNce.Loss(x, k, y), q, negatives));
    }

    [Fact]
    public void The_queue_is_first_in_first_out_also_when_the_batch_does_not_divide_it()
    {
        using var queue = new InfoNceQueue(7, 2, new Generator(1), ScalarType.Float64);
        List<double> expected = [.. Enumerable.Repeat(double.NaN, 7)];
        double next = 0;
        foreach (int batch in (int[])[3, 3, 3, 7, 2, 1, 5])
        {
            Tensor keys = arange(next, next + batch, dtype: ScalarType.Float64).unsqueeze(1).repeat(1, 2);
            queue.Enqueue(keys);
            for (int i = 0; i < batch; i++)
            {
                expected.RemoveAt(0);
                expected.Add(next++);
            }
            double[] oldestFirst = [.. queue.Keys.roll(-queue.Place, 0L)[.., 0].contiguous().data<double>()];
            Assert.All(oldestFirst.Zip(expected).Where(p => !double.IsNaN(p.Second)), p => Assert.Equal(p.Second, p.First));
        }
        Assert.Equal(24 % 7, queue.Place);
        var error = Assert.Throws<ArgumentException>(() => queue.Enqueue(zeros(8, 2, dtype: ScalarType.Float64)));
        Assert.StartsWith("batch has 8 keys, more than the queue's capacity of 7.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_queue_holds_unit_vectors_and_a_key_stays_until_as_many_came_after_it_as_fit()
    {
        using var queue = new InfoNceQueue(5, 3, new Generator(1));
        Assert.True(allclose(queue.Keys.norm(1), ones(5)));
        Tensor marked = full([1, 3], 9f);
        queue.Enqueue(marked);
        for (int i = 0; i < 4; i++)
        {
            queue.Enqueue(zeros(1, 3));
            Assert.Equal(1, queue.Keys.eq(9).all(1).sum().item<long>());
        }
        queue.Enqueue(zeros(1, 3));
        Assert.Equal(0, queue.Keys.eq(9).any().to(ScalarType.Int64).item<long>());
    }

    [Fact]
    public void The_non_parametric_softmax_is_what_the_papers_sum_gives_and_log_n_for_an_even_bank()
    {
        Tensor f = Plain.Random(1, 4, 3), bank = Plain.Unit(2, 9, 3), indices = tensor(new long[] { 3, 0, 8, 3 });
        double[][] F = Plain.Rows(f), V = Plain.Rows(bank);
        double loss = Enumerable.Range(0, 4).Average(b =>
            -Math.Log(Plain.Softmax([.. V.Select(v => Plain.Cosine(v, F[b]) / 0.2)])[indices[b].item<long>()]));
        Assert.Equal(loss, InstanceDiscrimination.SoftmaxLoss(f, bank, indices, 0.2).ToDouble(), 1e-10);
        Assert.InRange(FiniteDifferences.Worst(z => InstanceDiscrimination.SoftmaxLoss(z[0], bank, indices, 0.2), f), 0, 1e-7);
        Assert.True(FiniteDifferences.IsConstantIn((x, y) => InstanceDiscrimination.SoftmaxLoss(x, y, indices), f, bank));
        Tensor even = ones(9, 3, dtype: ScalarType.Float64) / Math.Sqrt(3);
        Assert.Equal(Math.Log(9), InstanceDiscrimination.SoftmaxLoss(f, even, indices).ToDouble(), 1e-10);
    }

    [Fact]
    public void The_normaliser_of_NCE_is_exact_when_every_image_is_drawn_once_and_close_when_many_are_drawn()
    {
        Tensor f = Plain.Random(1, 3, 4), bank = Plain.Unit(2, 50, 4);
        double exact = Plain.Rows(f).Average(row => Plain.Rows(bank).Sum(v => Math.Exp(Plain.Cosine(v, row) / 0.5)));
        Assert.Equal(exact, InstanceDiscrimination.EstimateZ(f, bank, arange(50).expand(3, 50), 0.5), 1e-9);
        Tensor drawn = randint(50, [3, 20_000], generator: new Generator(3));
        Assert.Equal(1, InstanceDiscrimination.EstimateZ(f, bank, drawn, 0.5) / exact, 0.02);
    }

    [Fact]
    public void The_NCE_loss_is_what_the_papers_sum_gives_and_trains_embeddings_alone()
    {
        Tensor f = Plain.Random(1, 4, 3), bank = Plain.Unit(2, 9, 3), indices = tensor(new long[] { 3, 0, 8, 3 });
        Tensor noise = randint(9, [4, 6], generator: new Generator(4));
        const double Z = 25, tau = 0.3;
        double[][] F = Plain.Rows(f), V = Plain.Rows(bank);
        double loss = 0;
        for (int b = 0; b < 4; b++)
        {
            double H(long j)
            {
                double P = Math.Exp(Plain.Cosine(V[j], F[b]) / tau) / Z;
                return P / (P + 6.0 / 9);
            }
            loss -= Math.Log(H(indices[b].item<long>())) / 4;
            for (int m = 0; m < 6; m++)
            {
                loss -= Math.Log(1 - H(noise[b, m].item<long>())) / 4;
            }
        }
        Assert.Equal(loss, InstanceDiscrimination.NceLoss(f, bank, indices, noise, Z, tau).ToDouble(), 1e-10);
        Assert.InRange(FiniteDifferences.Worst(z => InstanceDiscrimination.NceLoss(z[0], bank, indices, noise, Z, tau), f), 0, 1e-7);
        Assert.True(FiniteDifferences.IsConstantIn((x, y) => InstanceDiscrimination.NceLoss(x, y, indices, noise, Z, tau), f, bank));
    }

    [Fact]
    public void With_many_draws_the_gradient_of_NCE_points_where_that_of_the_softmax_does()
    {
        Tensor f = Plain.Random(1, 4, 3), bank = Plain.Unit(2, 9, 3), indices = tensor(new long[] { 3, 0, 8, 3 });
        // Every image as often as every other: the sum over noise is m times its expectation.
        Tensor noise = arange(9).repeat(2000).expand(4, 18_000);
        Tensor Gradient(Func<Tensor, Tensor> loss)
        {
            Tensor x = f.clone().requires_grad_();
            loss(x).backward();
            return x.grad!;
        }
        for (int b = 0; b < 4; b++)
        {
            Tensor row = f.narrow(0, b, 1);
            double z = InstanceDiscrimination.EstimateZ(row, bank, arange(9).unsqueeze(0), 0.5);
            Tensor nce = Gradient(x => InstanceDiscrimination.NceLoss(x.narrow(0, b, 1), bank, indices.narrow(0, b, 1), noise.narrow(0, b, 1), z, 0.5));
            Tensor exact = Gradient(x => InstanceDiscrimination.SoftmaxLoss(x.narrow(0, b, 1), bank, indices.narrow(0, b, 1), 0.5));
            Assert.True(allclose(nce, exact, 1e-2, 1e-3));
        }
    }

    [Fact]
    public void The_bank_takes_the_normalised_average_of_old_and_new_and_leaves_the_rest()
    {
        Tensor bank = eye(3, dtype: ScalarType.Float64);
        InstanceDiscrimination.Remember(bank, tensor(new long[] { 1 }), tensor(new double[,] { { 4, 0, 0 } }), 0.5);
        double half = Math.Sqrt(0.5);
        Assert.True(allclose(bank, tensor(new double[,] { { 1, 0, 0 }, { half, half, 0 }, { 0, 0, 1 } })));
    }

    [Fact]
    public void Alignment_and_uniformity_are_what_the_papers_means_give()
    {
        Tensor a = Plain.Random(1, 5, 4), b = Plain.Random(2, 5, 4);
        double[][] A = Plain.Rows(a), B = Plain.Rows(b);
        double Squared(double[] x, double[] y) => 2 - 2 * Plain.Cosine(x, y);
        Assert.Equal(A.Zip(B, Squared).Average(), AlignmentUniformity.Alignment(a, b).ToDouble(), 1e-12);
        Assert.Equal(A.Zip(B, (x, y) => Math.Sqrt(Squared(x, y))).Average(), AlignmentUniformity.Alignment(a, b, 1).ToDouble(), 1e-12);
        double mean = (from i in Enumerable.Range(0, 5) from j in Enumerable.Range(0, 5) where i != j select Math.Exp(-2 * Squared(A[i], A[j]))).Average();
        Assert.Equal(Math.Log(mean), AlignmentUniformity.Uniformity(a).ToDouble(), 1e-12);
        Assert.InRange(FiniteDifferences.Worst(z => AlignmentUniformity.Alignment(z[0], z[1]) + AlignmentUniformity.Uniformity(z[0]), a, b), 0, 1e-7);
        Assert.Equal(0, AlignmentUniformity.Uniformity(ones(4, 3, dtype: ScalarType.Float64)).ToDouble(), 1e-12);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        var error = Assert.Throws<ArgumentException>(() => NtXent.Loss(zeros(4, 3), zeros(4, 2)));
        Assert.StartsWith("zb has shape [4, 2], wanted [4, 3].", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("za has 1 rows", Assert.Throws<ArgumentException>(() => NtXent.Loss(zeros(1, 3), zeros(1, 3))).Message, StringComparison.Ordinal);
        Assert.StartsWith("negatives has shape [5, 4]", Assert.Throws<ArgumentException>(
            () => InfoNce.Loss(zeros(4, 3), zeros(4, 3), zeros(5, 4))).Message, StringComparison.Ordinal);
        Assert.StartsWith("bank has shape [5, 4]", Assert.Throws<ArgumentException>(
            () => InstanceDiscrimination.SoftmaxLoss(zeros(4, 3), zeros(5, 4), zeros(4, ScalarType.Int64))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => NtXent.Loss(zeros(4, 3), zeros(4, 3), 0));
    }
}
