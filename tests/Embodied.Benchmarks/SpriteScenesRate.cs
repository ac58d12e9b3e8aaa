using System.Diagnostics;
using Embodied.Datasets.Sprites;
using Embodied.SelfSupervised.Augmentations;

namespace Embodied.Benchmarks;

/// <summary>How fast scenes are drawn and augmented: <c>dotnet run -c Release --project tests/Embodied.Benchmarks -- sprite-scenes</c>.</summary>
internal static class SpriteScenesRate
{
    // A network that learns from them takes some hundred images a second on two cores.
    private const double PromisedScenes = 2000, PromisedViews = 1500;

    /// <summary>Prints rates; 0 when they are as promised, else 1.</summary>
    public static int Run()
    {
        SpriteSceneOptions many = new() { MinObjects = 1, MaxObjects = 4, MinScale = 0.25, MaxScale = 0.5 };
        long seed = 0;
        double scenes = Rate(1000, () => SpriteScenes.Draw(1000, many, seed++).Dispose());
        using SpriteBatch batch = SpriteScenes.Draw(256, new SpriteSceneOptions(), 1);
        TorchSharp.torch.Generator generator = new(1);
        double views = Rate(256, () => Presets.SimClr(0.5).Apply(batch.Images, generator).Dispose());
        Console.WriteLine(FormattableString.Invariant($"scenes of 1 to 4 objects, 64 px {scenes,8:0} a second (promised {PromisedScenes}){(scenes >= PromisedScenes ? "" : ": MISSED")}"));
        Console.WriteLine(FormattableString.Invariant($"SimCLR's views, 64 px          {views,8:0} a second (promised {PromisedViews}){(views >= PromisedViews ? "" : ": MISSED")}"));
        return scenes >= PromisedScenes && views >= PromisedViews ? 0 : 1;
    }

    // The best of a few, after the objects have been read.
    private static double Rate(int images, Action work)
    {
        work();
        return Enumerable.Range(0, 5).Max(_ =>
        {
            Stopwatch clock = Stopwatch.StartNew();
            work();
            return images / clock.Elapsed.TotalSeconds;
        });
    }
}
