using static TorchSharp.torch;

namespace Embodied.Datasets.Sprites;

/// <summary>How objects move.</summary>
public sealed record SpriteMotionOptions
{
    /// <summary>Frames T, at least 2.</summary>
    public int Frames { get; init; } = 8;

    /// <summary>The fastest object, in pixels per frame; each has its own speed from none to this, and its own direction.</summary>
    public double MaxSpeed { get; init; } = 3;

    /// <summary>The fastest turn, in degrees per frame, either way.</summary>
    public double MaxTurn { get; init; }

    /// <summary>The fastest background, in pixels per frame: a camera that pans.</summary>
    public double MaxPan { get; init; }

    /// <summary>Whether objects bounce where their centre reaches the border; else they leave.</summary>
    public bool Bounce { get; init; } = true;
}

/// <summary>Films, and what is true of them. Dispose it to free the tensors.</summary>
/// <param name="Frames">RGB [n, T, 3, s, s], float32, 0 to 1.</param>
/// <param name="Masks">What one sees of each object, [n, T, K, s, s], bool, from back to front.</param>
/// <param name="Centres">The objects' centres in pixels, [n, T, K, 2] as x, y, float32; NaN where there is no object.</param>
/// <param name="Flow">
/// How far what one sees at a pixel of a frame has gone in the next, [n, T − 1, 2, s, s] as dx, dy in pixels, float32; it may be hidden there.
/// </param>
/// <param name="Objects">The objects' numbers, [n, K], int64; −1 where there is none.</param>
public sealed record SpriteFilm(Tensor Frames, Tensor Masks, Tensor Centres, Tensor Flow, Tensor Objects) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in (Tensor[])[Frames, Masks, Centres, Flow, Objects])
        {
            tensor.Dispose();
        }
    }
}

/// <summary>Scenes whose objects move in straight lines, turn, and hide one another, with their exact motion.</summary>
public static class MovingSpriteScenes
{
    /// <summary>Draws films.</summary>
    /// <param name="count">n.</param>
    /// <param name="scene">What the first frame looks like.</param>
    /// <param name="motion">How it goes on.</param>
    /// <param name="seed">Which films.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public static SpriteFilm Draw(int count, SpriteSceneOptions scene, SpriteMotionOptions motion, long seed)
    {
        if (motion.Frames < 2 || !(motion.MaxSpeed >= 0) || !(motion.MaxPan >= 0) || !double.IsFinite(motion.MaxTurn))
        {
            throw new ArgumentException(
                FormattableString.Invariant($"Frames is {motion.Frames}, MaxSpeed {motion.MaxSpeed}, MaxPan {motion.MaxPan}; wanted at least 2 frames and speeds from 0."), nameof(motion));
        }
        IReadOnlyList<SceneLayout> firsts = SpriteScenes.Arrange(count, scene, seed);
        int T = motion.Frames, K = scene.MaxObjects, s = scene.Size, pixels = s * s;
        var layouts = new SceneLayout[count * T];
        for (int i = 0; i < count; i++)
        {
            Film(firsts[i], scene, motion, new IndexedRandom(unchecked((ulong)seed), unchecked((ulong)i) + 0x5eed0000)).CopyTo(layouts, i * T);
        }
        using SpriteBatch drawn = SpriteScenes.Render(layouts, s, K);
        bool[] masks = drawn.Masks.data<bool>().ToArray();
        var flow = new float[count * (T - 1) * 2 * pixels];
        Parallel.For(0, count * (T - 1), i =>
        {
            int frame = i / (T - 1) * T + i % (T - 1);
            Flow(layouts[frame], layouts[frame + 1], s, masks.AsSpan(frame * K * pixels, K * pixels), flow.AsSpan(i * 2 * pixels, 2 * pixels));
        });
        float[] centres = [.. layouts.SelectMany(layout => Enumerable.Range(0, K).SelectMany(k => k < layout.Objects.Count
            ? (float[])[(float)(layout.Objects[k].X * s), (float)(layout.Objects[k].Y * s)] : [float.NaN, float.NaN]))];
        using var scope = NewDisposeScope();
        return new SpriteFilm(
            drawn.Images.view(count, T, 3, s, s).MoveToOuterDisposeScope(), drawn.Masks.view(count, T, K, s, s).MoveToOuterDisposeScope(),
            tensor(centres, [count, T, K, 2]).MoveToOuterDisposeScope(), tensor(flow, [count, T - 1, 2, s, s]).MoveToOuterDisposeScope(),
            drawn.Objects.view(count, T, K)[.., 0].clone().MoveToOuterDisposeScope());
    }

    private static SceneLayout[] Film(SceneLayout first, SpriteSceneOptions scene, SpriteMotionOptions motion, IndexedRandom random)
    {
        double pixel = 1.0 / scene.Size;
        (double X, double Y) pan = Velocity(motion.MaxPan * pixel, ref random);
        var speeds = new (double X, double Y, double Turn)[first.Objects.Count];
        for (int k = 0; k < speeds.Length; k++)
        {
            (double x, double y) = Velocity(motion.MaxSpeed * pixel, ref random);
            speeds[k] = (x, y, random.Between(-1, 1) * motion.MaxTurn * Math.PI / 180);
        }
        var film = new SceneLayout[motion.Frames];
        film[0] = first;
        for (int t = 1; t < film.Length; t++)
        {
            Placement[] next = [.. film[t - 1].Objects];
            for (int k = 0; k < next.Length; k++)
            {
                (double x, double y, double turn) = speeds[k];
                if (motion.Bounce)
                {
                    x = next[k].X + x is < 0 or > 1 ? -x : x;
                    y = next[k].Y + y is < 0 or > 1 ? -y : y;
                    speeds[k] = (x, y, turn);
                }
                next[k] = next[k] with { X = next[k].X + x, Y = next[k].Y + y, Angle = next[k].Angle + turn };
            }
            Background behind = film[t - 1].Background;
            film[t] = first with { Objects = next, Background = behind with { ShiftX = behind.ShiftX + pan.X, ShiftY = behind.ShiftY + pan.Y } };
        }
        return film;
    }

    private static (double X, double Y) Velocity(double most, ref IndexedRandom random)
    {
        double speed = random.Between(0, most), direction = random.Between(0, 2 * Math.PI);
        return (speed * Math.Cos(direction), speed * Math.Sin(direction));
    }

    // A point keeps its place on its object: x' = c' + R(θ' − θ)(x − c).
    private static void Flow(SceneLayout from, SceneLayout to, int size, ReadOnlySpan<bool> masks, Span<float> flow)
    {
        int pixels = size * size;
        flow[..pixels].Fill((float)((to.Background.ShiftX - from.Background.ShiftX) * size));
        flow[pixels..].Fill((float)((to.Background.ShiftY - from.Background.ShiftY) * size));
        for (int k = 0; k < from.Objects.Count; k++)
        {
            (Placement a, Placement b) = (from.Objects[k], to.Objects[k]);
            (double sin, double cos) = Math.SinCos(b.Angle - a.Angle);
            for (int i = 0; i < pixels; i++)
            {
                if (masks[k * pixels + i])
                {
                    double x = i % size + 0.5 - a.X * size, y = i / size + 0.5 - a.Y * size;
                    flow[i] = (float)((b.X - a.X) * size + cos * x - sin * y - x);
                    flow[pixels + i] = (float)((b.Y - a.Y) * size + sin * x + cos * y - y);
                }
            }
        }
    }
}
