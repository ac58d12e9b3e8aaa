using Embodied.Networks;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.SelfSupervised;

/// <summary>How DINO is trained; the defaults are the paper's.</summary>
public sealed record DinoOptions
{
    /// <summary>How many of the views, from the first, are global crops, which the teacher sees.</summary>
    public int GlobalViews { get; init; } = 2;

    /// <summary>τ_s.</summary>
    public double StudentTemperature { get; init; } = 0.1;

    /// <summary>τ_t at the start.</summary>
    public double FirstTeacherTemperature { get; init; } = 0.04;

    /// <summary>τ_t after its warm-up; the paper goes up to 0.07 in long trainings.</summary>
    public double TeacherTemperature { get; init; } = 0.04;

    /// <summary>The share of the training in which τ_t rises linearly.</summary>
    public double TemperatureWarmUp { get; init; } = 0.3;

    /// <summary>m of the teacher at the start.</summary>
    public double TeacherMomentum { get; init; } = 0.996;

    /// <summary>m of the teacher at the end, reached along a cosine.</summary>
    public double FinalTeacherMomentum { get; init; } = 1;

    /// <summary>m of the centre.</summary>
    public double CentreMomentum { get; init; } = 0.9;

    /// <summary>Whether the teacher's logits are centred; without, one prototype wins everywhere.</summary>
    public bool Centring { get; init; } = true;

    /// <summary>Whether the teacher is sharper than the student; false takes τ_t = 1, and all prototypes become alike.</summary>
    public bool Sharpening { get; init; } = true;

    /// <summary>The share of the training, from its start, in which the prototypes are held (one epoch in the paper).</summary>
    public double FrozenPrototypes { get; init; } = 0.01;

    /// <summary>The weight of <see cref="NtXent"/> on the first two views, for a <see cref="Dino"/> with a contrastive head; 0 once the start is over leaves distillation alone.</summary>
    public double ContrastiveWeight { get; init; } = 1;

    /// <summary>τ of that term.</summary>
    public double ContrastiveTau { get; init; } = 0.2;

    /// <summary>The share of the training, from its start, in which that term is all there is.</summary>
    public double ContrastiveStart { get; init; }
}

/// <summary>What a collapse of DINO is seen by (figure 7 of the paper).</summary>
/// <param name="Entropy">Mean entropy of the targets, in nats: log K or 0 when collapsed.</param>
/// <param name="Divergence">KL(P_t ‖ P_s), in nats: 0 when collapsed either way.</param>
public readonly record struct DinoDiagnostics(double Entropy, double Divergence);

/// <summary>
/// Self-distillation with no labels: a student sees all crops, a teacher, its moving average, the global ones, and the student learns to say of every
/// crop what the teacher says of another. The loss is <see cref="DinoLoss"/>.
/// </summary>
/// <remarks>
/// Caron et al. 2021, algorithm 1. Lecture: self-supervised learning. The contrastive head is the course's addition. Distillation amplifies what teacher
/// and student already agree on: near the even distribution a direction of the logits grows only where the correlation r of two views exceeds τ_t/τ_s.
/// Small networks whose views share little never get there by themselves; a contrastive term brings them there.
/// </remarks>
public sealed class Dino : SelfSupervisedMethod
{
    private readonly ProjectedEncoder student;
    private readonly ProjectedEncoder teacher;
    private readonly Module<Tensor, Tensor>? contrast, patchContrast;
    private readonly Tensor centre;
    private readonly Remembered teacherLogits = new(), studentLogits = new();

    /// <summary>How it is trained.</summary>
    public DinoOptions Options { get; }

    /// <summary>The teacher's encoder, which is the better of the two all along.</summary>
    public override Module<Tensor, Tensor> Encoder => teacher.Encoder;

    /// <summary>The student.</summary>
    public ProjectedEncoder Student => student;

    /// <summary>The teacher.</summary>
    public ProjectedEncoder Teacher => teacher;

    /// <summary>c, [K]. A view: clone what you keep.</summary>
    public Tensor Centre => centre;

    /// <summary>Whether the last batch was distilled, and not within <see cref="DinoOptions.ContrastiveStart"/>.</summary>
    public bool Distilled { get; private set; }

    /// <summary>τ_t of the update that goes on.</summary>
    public double TeacherTemperature => !Options.Sharpening ? 1 : Options.TemperatureWarmUp > 0
        ? Options.FirstTeacherTemperature + (Options.TeacherTemperature - Options.FirstTeacherTemperature) * Math.Min(1, Done / Options.TemperatureWarmUp)
        : Options.TeacherTemperature;

    /// <summary>m of the update that goes on.</summary>
    public double TeacherMomentum => CosineSchedule.Between(Options.TeacherMomentum, Options.FinalTeacherMomentum, Done);

    /// <summary>Joins both networks; the teacher becomes a copy of the student.</summary>
    /// <param name="student">g_θs, with a <see cref="DinoHead"/>.</param>
    /// <param name="teacher">g_θt, of the same architecture.</param>
    /// <param name="options">How.</param>
    /// <param name="contrast">A second head on the student's encoder, for the contrastive term; null for DINO as it is in the paper.</param>
    /// <param name="patchContrast">
    /// A third one, on the mean of the patch tokens of a <see cref="VisionTransformer"/>; the contrastive term is then the mean of both. [CLS] alone leaves the
    /// patches free to store what they like where they like; their mean shows the object best when patches of the background have nothing to say.
    /// </param>
    /// <exception cref="ArgumentException">The networks differ in architecture, their head is no <see cref="DinoHead"/>, or patches are to be contrasted of an encoder that has none.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are no global views, or only one and a contrastive head.</exception>
    public Dino(ProjectedEncoder student, ProjectedEncoder teacher, DinoOptions options, Module<Tensor, Tensor>? contrast = null, Module<Tensor, Tensor>? patchContrast = null)
        : base(nameof(Dino))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.GlobalViews, contrast is null ? 1 : 2, nameof(options));
        if (student.Head is not DinoHead head)
        {
            throw new ArgumentException($"student has a {student.Head.GetName()} for a head, wanted a {nameof(DinoHead)}.", nameof(student));
        }
        if (patchContrast is not null && (contrast is null || student.Encoder is not VisionTransformer))
        {
            throw new ArgumentException($"Patches are contrasted beside [CLS], of a {nameof(VisionTransformer)}; a head for [CLS] and such an encoder are wanted.", nameof(patchContrast));
        }
        MovingAverage.Start(teacher, student);
        (this.student, this.teacher, this.contrast, this.patchContrast, Options) = (student, teacher, contrast, patchContrast, options);
        centre = zeros(head.Prototypes.shape[0], dtype: head.Prototypes.dtype).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Loss(ViewBatch batch)
    {
        IReadOnlyList<Tensor> views = batch.Views;
        if (views.Count < 2 || views.Count < Options.GlobalViews)
        {
            throw new ArgumentException($"views holds {views.Count}, wanted the {Options.GlobalViews} global ones and at least 2.", nameof(batch));
        }
        using var scope = NewDisposeScope();
        long pair = 2 * views[0].shape[0];
        Tensor? pooled = null;
        Tensor features = Features(patchContrast is null ? student.Encoder.call : ClassAndPool, views); // [views · n, d]
        Tensor? contrastive = contrast is null ? null : Contrastive(contrast, features.narrow(0, 0, pair));
        if (patchContrast is not null)
        {
            contrastive = (contrastive! + Contrastive(patchContrast, pooled!.narrow(0, 0, pair))) / 2;
        }
        if (contrastive is not null && Done < Options.ContrastiveStart)
        {
            Distilled = false;
            return contrastive.MoveToOuterDisposeScope();
        }
        Distilled = true;
        Tensor gt;
        using (no_grad())
        {
            gt = Logits(teacher, Features(teacher.Encoder.call, [.. views.Take(Options.GlobalViews)]), Options.GlobalViews);
        }
        if (contrastive is not null && Options.Centring && centre.count_nonzero().ToInt64() == 0)
        {
            // After a contrastive start the logits have a large common part. Targets that still hold it name one prototype for everything,
            // and the few updates until the centre has caught up teach just that.
            DinoLoss.UpdateCentre(centre, gt, momentum: 0);
        }
        Tensor gs = Logits(student, features, views.Count);
        teacherLogits.Set(gt);
        studentLogits.Set(gs);
        Tensor loss = DinoLoss.Loss(gs, Targets(gt), Options.StudentTemperature);
        return (contrastive is null || Options.ContrastiveWeight == 0 ? loss : loss + Options.ContrastiveWeight * contrastive).MoveToOuterDisposeScope();

        // The first crops, which are of one size, are the pair.
        Tensor ClassAndPool(Tensor crops)
        {
            VisionTokens tokens = ((VisionTransformer)student.Encoder).Tokens(crops);
            pooled ??= tokens.Patches.mean([1L]);
            return tokens.Class;
        }
    }

    /// <inheritdoc/>
    public override void BeforeUpdate()
    {
        if (Done < Options.FrozenPrototypes)
        {
            using Tensor? gradient = ((DinoHead)student.Head).Prototypes.grad;
            gradient?.zero_();
        }
    }

    /// <inheritdoc/>
    public override void AfterUpdate()
    {
        MovingAverage.Update(teacher, student, TeacherMomentum);
        if (Options.Centring && Distilled)
        {
            DinoLoss.UpdateCentre(centre, teacherLogits.Value, Options.CentreMomentum);
        }
    }

    /// <summary>Entropy and divergence of the last batch.</summary>
    /// <exception cref="InvalidOperationException">There was no batch yet.</exception>
    public DinoDiagnostics Diagnostics()
    {
        using var scope = NewDisposeScope();
        Tensor targets = Targets(teacherLogits.Value);
        return new(DinoLoss.Entropy(targets), DinoLoss.Divergence(studentLogits.Value, targets, Options.StudentTemperature));
    }

    private Tensor Targets(Tensor logits) => DinoLoss.Targets(logits, Options.Centring ? centre : null, TeacherTemperature);

    private Tensor Contrastive(Module<Tensor, Tensor> head, Tensor features)
    {
        Tensor z = head.call(features);
        long n = z.shape[0] / 2;
        return NtXent.Loss(z.narrow(0, 0, n), z.narrow(0, n, n), Options.ContrastiveTau);
    }

    // [views · n, d], view by view. Crops of one size go through the network together.
    private static Tensor Features(Func<Tensor, Tensor> encoder, IReadOnlyList<Tensor> views)
    {
        List<Tensor> features = [];
        for (int from = 0, to; from < views.Count; from = to)
        {
            to = from + 1;
            while (to < views.Count && views[to].shape.AsSpan().SequenceEqual(views[from].shape))
            {
                to++;
            }
            features.Add(encoder(cat([.. views.Skip(from).Take(to - from)])));
        }
        return cat(features);
    }

    // [views, n, K]
    private static Tensor Logits(ProjectedEncoder network, Tensor features, int views)
    {
        Tensor logits = network.Head.call(features);
        return logits.view(views, -1, logits.shape[1]);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            teacherLogits.Dispose();
            studentLogits.Dispose();
        }
        base.Dispose(disposing);
    }
}
