using System.Globalization;
using Embodied.Datasets;
using Embodied.Objects.ComplexAutoencoders;

namespace Embodied.Course.Training;

/// <summary>The page that ships beside a complex-valued autoencoder: what it is, how it was made, and what it is good for.</summary>
internal static class ComplexAutoencoderCard
{
    /// <summary>The page, in Markdown.</summary>
    public static string Of(
        string name, ComplexAutoencoderTrainingOptions options, TimeSpan time, int scenes, (double Loss, double Ari, double AriWithBackground, double Drawn) measured)
    {
        ComplexAutoencoderOptions net = options.Network;
        return string.Create(CultureInfo.InvariantCulture, $"""
            # {name}

            A complex-valued autoencoder (Löwe et al. 2022) for images of {net.ImageSize} px: width {net.Width}, {net.Bottleneck} complex numbers in the bottleneck, gate {net.Gate}. It was trained to rebuild {Shows(options.Data)}, without labels; {(net.Gate == PhaseGate.None ? "it shows what becomes of phases without the gate" : "how far its phases tell the objects apart stands below")}.
            `{name}.safetensors` holds its parameters and running statistics; `{name}.csv` is the curve of its training, on {options.EvaluationScenes} scenes that were not trained on.

            ## How it was made

            - Command: `dotnet run -c Release --project lib/Embodied.Course -- train cae --data {Argument(options.Data)}{(net.Gate == PhaseGate.None ? " --ungated" : "")}{(options.Updates == ComplexAutoencoderTrainingOptions.For(options.Data).Updates ? "" : $" --updates {options.Updates}")}{(options.Seed == ComplexAutoencoderTrainingOptions.For(options.Data).Seed ? "" : $" --seed {options.Seed}")}`
            - Data: {Shows(options.Data)} at random places, 32 px, drawn anew for every update (`Datasets/ShapeScenes.cs`){(options.Data == ShapeSceneKind.GarmentAndShape ? "; garments are the first 10,000 training images of Fashion-MNIST" : "")}.
            - {options.Updates} updates of {options.BatchSize} scenes, Adam, learning rate {options.LearningRate}{(options.FinalLearningRate < options.LearningRate ? $" to {options.FinalLearningRate} along a cosine" : "")} after {options.WarmUp} updates of warm-up, mean squared error, seed {options.Seed}; {time.TotalMinutes:0} minutes on one core, beside other work.

            ## What it does

            On {scenes} scenes that were not trained on{(options.Data == ShapeSceneKind.GarmentAndShape ? ", with garments of Fashion-MNIST's test images" : "")}; pixels of more than one object do not count. ARI is taken between the objects and the clusters of the output's phases, image by image.

            | mean squared error | ARI without background | ARI with background | objects' pixels that are drawn |
            |---|---|---|---|
            | {measured.Loss:0.00000} | {measured.Ari:0.000} | {measured.AriWithBackground:0.000} | {measured.Drawn:P1} |

            ## Limits

            It knows these scenes at this size, and as many objects as it was trained with. A phase is one number on a circle: there is no room on it for many objects. It is for seeing how binding by phase comes about.

            Licence: MIT, as the course.

            """);
    }

    /// <summary>What <c>--data</c> calls it.</summary>
    public static string Argument(ShapeSceneKind data) => data switch
    {
        ShapeSceneKind.TwoShapes => "two",
        ShapeSceneKind.ThreeShapes => "three",
        _ => "garment",
    };

    private static string Shows(ShapeSceneKind data) => data switch
    {
        ShapeSceneKind.TwoShapes => "outlines of a square and a circle",
        ShapeSceneKind.ThreeShapes => "outlines of a square and two triangles",
        _ => "garments with the outline of a square or a triangle",
    };
}
