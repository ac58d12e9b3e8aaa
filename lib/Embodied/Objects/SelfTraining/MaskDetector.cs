using Embodied.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Objects.SelfTraining;

/// <summary>The size of a <see cref="MaskDetector"/> and how it decides; the defaults suit scenes of 64 px on two cores.</summary>
public sealed record MaskDetectorOptions
{
    /// <summary>Channels after the stem; each of the two stages that follow doubles them.</summary>
    public int Width { get; init; } = 24;

    /// <summary>D, the number of mask features.</summary>
    public int Features { get; init; } = 12;

    /// <summary>The most findings of an image.</summary>
    public int Most { get; init; } = 12;

    /// <summary>Findings less sure than this are left out.</summary>
    public double LeastScore { get; init; } = 0.05;

    /// <summary>Of two findings with a larger IoU the less sure one is left out.</summary>
    public double LargestOverlap { get; init; } = 0.5;
}

/// <summary>What the network says of images, before anything is decided.</summary>
/// <param name="Objectness">Logits: whether an object has its centre around a location, [n, g, g].</param>
/// <param name="Kernels">κ of every location, row by row, [n, g², D + 4].</param>
/// <param name="Features">F, [n, D, h, w].</param>
public sealed record DetectorOutput(Tensor Objectness, Tensor Kernels, Tensor Features);

/// <summary>
/// A detector without classes, with a mask head, small enough to be trained from scratch in seconds. At each location q of a grid of stride 4 it says
/// whether an object is centred there, and gives a kernel κ = (k, a, b, s) that makes the object's mask out of features F that all locations share,
/// <code>
/// mask_q(p) = σ( k · F(p) + a + b · (p − q) − s |p − q|² ).
/// </code>
/// The first term asks what a pixel looks like, the rest where it lies. The score of a finding is its objectness times the mean of its mask where
/// that is above ½.
/// </summary>
/// <remarks>
/// The masks are those of conditional convolutions: Tian et al., <i>CondInst</i>, ECCV 2020, and Wang et al., <i>SOLOv2</i>, 2020, with a plain quadratic in place of relative
/// coordinates run through layers. CutLER trains a Cascade Mask R-CNN with a ResNet-50 pretrained by DINO: proposals, three box heads, a mask head on
/// pooled regions. That takes GPU days; what self-training does to labels shows with one stage too. Lecture: object discovery.
/// </remarks>
public sealed class MaskDetector : Module<Tensor, DetectorOutput>
{
    /// <summary>Pixels from location to location.</summary>
    public const int Stride = 4;

    private const int Placed = 4; // a, b (two numbers), s
    private readonly Sequential stem, stage4, stage8, stage16, join8, join4, head, fine;
    private readonly Conv2d up16, up8, up4, objectness, kernels, features;
    private readonly Dictionary<(long, long), Tensor> offsets = [];

    /// <summary>The size.</summary>
    public MaskDetectorOptions Options { get; }

    /// <summary>A network with random weights.</summary>
    /// <param name="options">The size.</param>
    /// <param name="generator">Where the weights come from.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public MaskDetector(MaskDetectorOptions options, Generator generator) : base(nameof(MaskDetector))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Features, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Most, 1, nameof(options));
        Options = options;
        int w = options.Width, v = 2 * w;
        stem = Block(3, w, 2);
        stage4 = Sequential(Block(w, v, 2), Block(v, v));
        stage8 = Sequential(Block(v, 2 * v, 2), Block(2 * v, 2 * v));
        stage16 = Sequential(Block(2 * v, 2 * v, 2), Block(2 * v, 2 * v));
        // From coarse to fine, as in a feature pyramid.
        up16 = Conv2d(2 * v, 2 * v, 1);
        join8 = Block(2 * v, v);
        up8 = Conv2d(v, v, 1);
        join4 = Block(v, v);
        head = Block(v + 2, v);
        objectness = Conv2d(v, 1, 1);
        kernels = Conv2d(v, options.Features + Placed, 1);
        up4 = Conv2d(v, w, 1);
        fine = Block(w, w);
        features = Conv2d(w, options.Features, 1);
        RegisterComponents();
        Initialisation.He(this, generator);
        using var _ = no_grad();
        // At first nothing is an object, and every location's mask is a disc of a quarter of the image's side.
        objectness.bias!.fill_(-3);
        objectness.weight!.mul_(0.1);
        kernels.weight!.mul_(0.1);
        kernels.bias![options.Features] = tensor(1f);
        kernels.bias![options.Features + 3] = tensor(1f);
    }

    /// <summary>What the network says, before anything is decided.</summary>
    /// <param name="input">Images, [n, 3, H, W], 0 to 1, sides multiples of 16.</param>
    /// <returns>Objectness and kernels at stride 4, features at stride 2.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public override DetectorOutput forward(Tensor input)
    {
        ShapeCheck.Require(input, nameof(input), -1, 3, -1, -1);
        if (input.shape[2] % 16 != 0 || input.shape[3] != input.shape[2])
        {
            throw new ArgumentException($"input has shape [{string.Join(", ", input.shape)}], wanted squares whose side is a multiple of 16.", nameof(input));
        }
        using var scope = NewDisposeScope();
        Tensor at2 = stem.call((input - 0.5) / 0.25), at4 = stage4.call(at2), at8 = stage8.call(at4), at16 = stage16.call(at8);
        Tensor p8 = join8.call(at8 + Twice(up16.call(at16)));
        Tensor p4 = join4.call(at4 + Twice(up8.call(p8)));
        long g = p4.shape[2];
        Tensor line = (arange(g, dtype: ScalarType.Float32) + 0.5) * (2.0 / g) - 1;
        Tensor where = stack([line.view(1, g).expand(g, g), line.view(g, 1).expand(g, g)]).unsqueeze(0).expand(p4.shape[0], 2, g, g);
        Tensor hidden = head.call(cat([p4, where], 1));
        Tensor F = features.call(fine.call(at2 + Twice(up4.call(p4))));
        return new(
            objectness.call(hidden).squeeze(1).MoveToOuterDisposeScope(),
            kernels.call(hidden).flatten(2).transpose(1, 2).MoveToOuterDisposeScope(),
            F.MoveToOuterDisposeScope());
    }

    /// <summary>Logits of the masks of some locations.</summary>
    /// <param name="kernels">Their κ, [n, m, D + 4].</param>
    /// <param name="locations">Their places, row · g + column, int64 [n, m].</param>
    /// <param name="features">F, [n, D, h, h]: at stride 2, or pooled.</param>
    /// <param name="side">g.</param>
    /// <returns>[n, m, h, h].</returns>
    public Tensor Masks(Tensor kernels, Tensor locations, Tensor features, long side)
    {
        using var scope = NewDisposeScope();
        long n = kernels.shape[0], m = kernels.shape[1], D = Options.Features, h = features.shape[2];
        Tensor like = kernels.narrow(2, 0, D).bmm(features.flatten(2)); // [n, m, h²]
        Tensor d = Offsets(side, h).index_select(0, locations.flatten()).view(n, m, 2, h * h);
        Tensor dx = d.select(2, 0), dy = d.select(2, 1);
        Tensor Coefficient(long c) => kernels.narrow(2, D + c, 1);
        Tensor place = Coefficient(0) + Coefficient(1) * dx + Coefficient(2) * dy - Coefficient(3) * (dx * dx + dy * dy);
        return (like + place).view(n, m, h, h).MoveToOuterDisposeScope();
    }

    /// <summary>Finds objects: the locations whose objectness is highest around, their masks, and of near copies the best.</summary>
    /// <param name="images">[n, 3, H, W], 0 to 1.</param>
    /// <param name="block">Images looked at together.</param>
    /// <returns>Masks and scores, best first; the network is asked in evaluation mode and left in the mode that it had.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public PseudoLabels Find(Tensor images, int block = 64)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        bool training = this.training;
        eval();
        List<Tensor> masks = [], scores = [];
        for (long from = 0; from < images.shape[0]; from += block)
        {
            PseudoLabels found = FindBlock(images.narrow(0, from, Math.Min(block, images.shape[0] - from)));
            masks.Add(found.Masks);
            scores.Add(found.Scores);
        }
        train(training);
        PseudoLabels all = PseudoLabels.Packed(cat(masks), cat(scores));
        return new(all.Masks.MoveToOuterDisposeScope(), all.Scores.MoveToOuterDisposeScope());
    }

    private PseudoLabels FindBlock(Tensor images)
    {
        using var scope = NewDisposeScope();
        DetectorOutput output = call(images);
        long side = output.Objectness.shape[1];
        Tensor p = output.Objectness.sigmoid();
        Tensor peak = functional.max_pool2d(p.unsqueeze(1), 3, 1, 1).squeeze(1);
        (Tensor best, Tensor at) = where(p.eq(peak), p, zeros_like(p)).flatten(1).topk((int)Math.Min(2L * Options.Most, side * side), 1);
        Tensor kernels = output.Kernels.gather(1, at.unsqueeze(2).expand(-1, -1, output.Kernels.shape[2]));
        Tensor soft = functional.interpolate(Masks(kernels, at, output.Features, side), size: [images.shape[2], images.shape[3]], mode: InterpolationMode.Bilinear, align_corners: false).sigmoid();
        Tensor inside = soft.gt(0.5), area = inside.flatten(2).sum(2);
        Tensor score = best * (soft * inside).flatten(2).sum(2) / area.clamp_min(1);
        (score, Tensor order) = score.sort(1, descending: true);
        inside = inside.gather(1, order.unsqueeze(2).unsqueeze(3).expand_as(inside));
        Tensor kept = MaskOverlap.Distinct(inside, Options.LargestOverlap).logical_and(score.ge(Options.LeastScore)).logical_and(inside.flatten(2).any(2));
        score = where(kept, score, zeros_like(score));
        (score, order) = score.topk((int)Math.Min(Options.Most, score.shape[1]), 1);
        inside = inside.gather(1, order.unsqueeze(2).unsqueeze(3).expand(-1, -1, inside.shape[2], inside.shape[3])).logical_and(score.gt(0).unsqueeze(2).unsqueeze(3));
        return new(inside.MoveToOuterDisposeScope(), score.MoveToOuterDisposeScope());
    }

    // p − q for all locations q and all places p of a map of side h, in quarters of the image's side, [g², 2, h²].
    private Tensor Offsets(long g, long h)
    {
        if (!offsets.TryGetValue((g, h), out Tensor? known))
        {
            using var scope = NewDisposeScope();
            Tensor Line(long n) => (arange(n, dtype: ScalarType.Float32) + 0.5) * (4.0 / n);
            Tensor d = Line(h).unsqueeze(0) - Line(g).unsqueeze(1); // [g, h]
            Tensor dx = d.view(1, g, 1, h).expand(g, g, h, h), dy = d.view(g, 1, h, 1).expand(g, g, h, h);
            known = offsets[(g, h)] = stack([dx, dy], 2).reshape(g * g, 2, h * h).DetachFromDisposeScope();
        }
        return known;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (Tensor table in offsets.Values)
            {
                table.Dispose();
            }
            offsets.Clear();
        }
        base.Dispose(disposing);
    }

    private static Tensor Twice(Tensor x) => functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);

    private static Sequential Block(int from, int to, int stride = 1) => Sequential(
        Conv2d(from, to, kernel_size: 3, stride: stride, padding: 1, bias: false), BatchNorm2d(to), ReLU(inplace: true));
}
