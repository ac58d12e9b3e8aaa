using System.Globalization;
using Embodied.Objects.Slots;

namespace Embodied.Course.Training;

/// <summary>The page that ships beside a slot model.</summary>
internal static class SlotCard
{
    /// <summary>The page, in Markdown.</summary>
    public static string Of(string name, SlotTrainingOptions options, TimeSpan time, int scenes, SlotScores untrained, SlotScores trained)
    {
        SlotAutoencoderOptions net = options.Network;
        bool sprites = options.Data == SlotData.CompactSprites;
        return string.Create(CultureInfo.InvariantCulture, $"""
            # {name}

            A slot attention autoencoder ({net.ImageSize} px, {net.Channels} channels, {net.Slots} slots of width {net.Width}, {net.Iterations} rounds), trained without labels on {(sprites ? "sprite scenes" : "scenes of tetrominoes")}.
            `{name}.safetensors` holds the network, `{name}.csv` is the curve of its training.

            ## How it was made

            - Command: `dotnet run -c Release --project lib/Embodied.Course -- train slots{(sprites ? " --data sprites" : "")}{(net.Start == SlotStart.Learned ? " --start learned" : "")}{(net.Competition == SlotCompetition.OverInputs ? " --softmax inputs" : "")} --updates {options.Updates}`
            - Data: {(sprites
                ? $"two to five objects from the seen four fifths of `data/fluent-emoji-3d`, of any shape in the first {options.AnyShape:P0} of the updates, then compact ones (those that cover six tenths of a square with their longer side), nine tenths of each to be seen, on black, without shadows, their colours stretched threefold away from grey (`SlotScenes.Stretched`)"
                : "three tetrominoes of different colours out of six, in any rotation and place, on black; none overlap")}; drawn anew for every update.
            - Recipe: mean squared error of the image, Adam, highest learning rate {options.LearningRate}, warm-up of {options.WarmUp} updates, then half a cosine to nothing, gradients no longer than {options.ClipNorm}; {options.Updates} updates of {options.BatchSize} scenes, seed {options.Seed}; {time.TotalMinutes:0} minutes on one core that it shared with other work.

            ## What it can do

            {scenes} scenes that were not trained on{(sprites ? ", of objects that were not trained on either" : "")}. *ARI*: adjusted Rand index of the decoder's masks over the pixels of objects. {(sprites ? "The error is that of stretched colours. " : "")}*Sharpness*: how much of a place goes to the slot that has most of it.

            | network | ARI | squared error | sharpness |
            |---|---|---|---|
            {Row("untrained", untrained)}
            {Row("this checkpoint", trained)}

            ## Limits

            {(sprites
                ? "It knows cut-out objects that hardly hide one another, at 32 px, on black, and draws them as blobs. A slot that is left over may take half an object."
                : "The pieces of a scene differ in colour, so colour alone would do to tell them apart; notebook 11 shows how much worse it does where they share one. It draws blurred pieces.")} It has never seen more than {(sprites ? "five" : "three")} objects at once.

            Licence: MIT, as the course; the pictures that it was trained on are listed in [data/README.md](../README.md).

            """);
    }

    private static string Row(string name, SlotScores scores) => string.Create(
        CultureInfo.InvariantCulture, $"| {name} | {scores.Ari:0.000} | {scores.Error:0.0000} | {scores.Sharpness:0.000} |");
}
