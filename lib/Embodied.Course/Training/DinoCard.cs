using System.Globalization;
using Embodied.Evaluation;
using Embodied.SelfSupervised;

namespace Embodied.Course.Training;

/// <summary>The page that ships beside a checkpoint of <see cref="DinoTraining"/>: what it is, how it was made, and what it is good for.</summary>
internal static class DinoCard
{
    /// <summary>What the network is called that ships; those of other recipes have theirs behind it.</summary>
    public const string Shipped = "dino-sprites";

    /// <summary>The page, in Markdown.</summary>
    public static string Of(
        string name, DinoPretrainingOptions options, TimeSpan time, RepresentationScores pixels, RepresentationScores untrained, RepresentationScores trained)
    {
        Networks.VisionTransformerOptions net = options.Network;
        return string.Create(CultureInfo.InvariantCulture, $"""
            # {name}

            A vision transformer ({net.ImageSize} px, patches of {net.PatchSize} px, width {net.Width}, depth {net.Depth}, {net.Heads} heads{Shape(net)}), pretrained without labels on sprite scenes.
            `{name}.safetensors` holds the teacher's encoder in half precision, with the parameter names of DINO's released checkpoints; `{name}.csv` is the curve of its training.
            `course export {name}` writes `{name}.onnx` from it.

            ## How it was made

            - Command: `dotnet run -c Release --project lib/Embodied.Course -- train dino{(name == Shipped ? "" : " --recipe " + name[(Shipped.Length + 1)..])}`
            - Data: scenes of one object over a photograph or a texture, drawn anew for every update from the seen four fifths of `data/fluent-emoji-3d` and from `data/photos`; every update shows {options.BatchSize} objects twice, in two poses over two backgrounds.
            - Recipe: {Recipe(options)}
            - {Dropout(options)}{options.Updates} updates, AdamW, highest learning rate {options.LearningRate}, weight decay 0.04 to 0.1, seed {options.Seed}; {time.TotalHours:0.0} hours beside other work on two cores.

            ## What it knows

            Shares of right answers on renderings that were never trained on, 150 objects of each split in six renderings. *Instances*: the nearest neighbour shows the same object. *Categories*: which of the emoji groups a held-out object belongs to, learned from seen objects.

            | features | instances, seen | instances, held out | linear probe, seen instances | categories, k-NN | categories, linear probe | effective rank |
            |---|---|---|---|---|---|---|
            {Row("raw pixels", pixels)}
            {Row("untrained network", untrained)}
            {Row("this checkpoint", trained)}

            ## Limits

            It knows cut-out objects over a handful of photographs and textures at {net.ImageSize} px. It is for seeing how self-supervised features come about, not for use on photographs.

            Licence: MIT, as the course; the pictures that it was trained on are listed in [data/README.md](../README.md).

            """);
    }

    private static string Shape(Networks.VisionTransformerOptions net) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(net.StemWidth > 0 ? $", convolutional stem of {net.StemWidth} channels and up" : "")}{(net.ClassFrom > 0 ? $", [CLS] from block {net.ClassFrom} on" : "")}");

    private static string Dropout(DinoPretrainingOptions options) => options.PatchDropoutFrom < 1
        ? string.Create(CultureInfo.InvariantCulture, $"From {options.PatchDropoutFrom:P0} of the updates on, [CLS] finds {options.PatchDropout:P0} of the patches missing, others in every update. ")
        : "";

    private static string Recipe(DinoPretrainingOptions options) => options.Recipe switch
    {
        DinoRecipe.Joint => string.Create(CultureInfo.InvariantCulture, $"NT-Xent alone for the first {options.Start:P0} of the updates, then DINO's loss and NT-Xent together (notebook 04 tells why){(options.ContrastPatches ? "; NT-Xent looks at [CLS] and at the mean of the patch tokens" : "")}."),
        DinoRecipe.ContrastiveStart => string.Create(CultureInfo.InvariantCulture, $"NT-Xent alone for the first {options.Start:P0} of the updates, then DINO alone."),
        DinoRecipe.Contrastive => "NT-Xent alone.",
        DinoRecipe.SharedBackground => "DINO alone; both views of an object have the same background.",
        _ => "DINO alone.",
    };

    private static string Row(string name, RepresentationScores scores) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {name} | {scores.Instances:0.000} | {scores.HeldOut:0.000} | {scores.InstanceProbe:0.000} | {scores.Categories:0.000} | {scores.CategoryProbe:0.000} | {scores.Rank:0} |");
}
