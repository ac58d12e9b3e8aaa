using Embodied.SelfSupervised;
using TorchSharp;
using static TorchSharp.torch;

namespace Embodied.Tests.SelfSupervised;

public class DinoLossTests
{
    [Theory]
    [InlineData(2, 2)]
    [InlineData(5, 2)]
    [InlineData(4, 1)]
    public void The_loss_is_what_the_papers_double_sum_gives_without_the_pairs_of_one_view(int views, int global)
    {
        Tensor student = Plain.Random(1, views, 3, 6), teacher = Plain.Random(2, global, 3, 6), centre = Plain.Random(3, 6);
        double loss = DinoLoss.Loss(student, DinoLoss.Targets(teacher, centre, 0.4), 0.7).ToDouble();
        Assert.Equal(Plain.Dino(student, teacher, centre, 0.7, 0.4), loss, 1e-10);
    }

    [Fact]
    public void The_gradient_of_the_student_agrees_with_finite_differences_and_the_teacher_gets_none()
    {
        Tensor student = Plain.Random(1, 4, 3, 6), teacher = Plain.Random(2, 2, 3, 6), centre = Plain.Random(3, 6);
        Tensor Of(Tensor s, Tensor t, Tensor c) => DinoLoss.Loss(s, DinoLoss.Targets(t, c, 0.4), 0.7);
        Assert.InRange(FiniteDifferences.Worst(x => Of(x[0], teacher, centre), student), 0, 1e-7);
        Assert.True(FiniteDifferences.IsConstantIn((s, t) => Of(s, t, centre), student, teacher));
        Assert.True(FiniteDifferences.IsConstantIn((s, c) => Of(s, teacher, c), student, centre));
        Assert.True(FiniteDifferences.IsConstantIn((s, P) => DinoLoss.Loss(s, P.softmax(-1)), student, teacher));
    }

    [Fact]
    public void With_equal_logits_the_loss_is_log_K_whatever_the_targets()
    {
        Tensor student = full([3, 4, 10], 0.3, dtype: ScalarType.Float64);
        Assert.Equal(Math.Log(10), DinoLoss.Loss(student, DinoLoss.Targets(Plain.Random(1, 2, 4, 10), null, 0.04)).ToDouble(), 1e-12);
        Tensor even = DinoLoss.Targets(zeros(2, 4, 10, dtype: ScalarType.Float64), null, 0.04);
        Assert.Equal(Math.Log(10), DinoLoss.Entropy(even), 1e-12);
        Assert.Equal(0, DinoLoss.Divergence(student, even), 1e-12);
    }

    [Fact]
    public void Sharpening_goes_to_a_single_prototype_without_NaN_and_centring_to_even_ones()
    {
        Tensor teacher = tensor(new double[,,] { { { 0, 1, -1 } } });
        Tensor sharp = DinoLoss.Targets(teacher, null, 1e-4);
        Assert.True(allclose(sharp, tensor(new double[,,] { { { 0, 1, 0 } } })));
        Assert.Equal(0, DinoLoss.Entropy(sharp), 1e-12);
        Assert.Equal(Math.Log(3), DinoLoss.Entropy(DinoLoss.Targets(teacher, teacher[0, 0], 1e-4)), 1e-12);
    }

    [Fact]
    public void The_divergence_is_the_loss_less_the_entropy_of_the_targets()
    {
        Tensor student = Plain.Random(1, 2, 1, 5), P = DinoLoss.Targets(Plain.Random(2, 2, 1, 5), null, 0.5), Q = (student / 0.7).softmax(-1);
        double kl = 0.5 * ((P[0] * (P[0].log() - Q[1].log())).sum() + (P[1] * (P[1].log() - Q[0].log())).sum()).ToDouble();
        Assert.Equal(kl, DinoLoss.Divergence(student, P, 0.7), 1e-10);
        Assert.True(kl > 0);
    }

    [Fact]
    public void The_centre_follows_the_mean_logit_with_its_momentum()
    {
        Tensor centre = Plain.Random(1, 6), before = centre.clone(), teacher = Plain.Random(2, 2, 5, 6);
        DinoLoss.UpdateCentre(centre, teacher, 0.9);
        Assert.True(allclose(centre, 0.9 * before + 0.1 * teacher.view(10, 6).mean([0L])));
        for (int i = 0; i < 200; i++)
        {
            DinoLoss.UpdateCentre(centre, teacher, 0.9);
        }
        Assert.True(allclose(centre, teacher.mean([0L, 1L]), 1e-6, 1e-8));
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        Assert.StartsWith("targets has shape [2, 3, 7], wanted [any, 3, 6].", Assert.Throws<ArgumentException>(
            () => DinoLoss.Loss(zeros(4, 3, 6), zeros(2, 3, 7))).Message, StringComparison.Ordinal);
        Assert.StartsWith("targets holds 3 views of the student's 2", Assert.Throws<ArgumentException>(
            () => DinoLoss.Loss(zeros(2, 3, 6), zeros(3, 3, 6))).Message, StringComparison.Ordinal);
        Assert.StartsWith("centre has shape [5]", Assert.Throws<ArgumentException>(() => DinoLoss.Targets(zeros(2, 3, 6), zeros(5), 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => DinoLoss.Targets(zeros(2, 3, 6), null, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => DinoLoss.UpdateCentre(zeros(6), zeros(3, 6), 1.1));
    }
}
