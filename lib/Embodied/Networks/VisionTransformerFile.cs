using System.Globalization;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Embodied.Networks;

/// <summary>
/// A vision transformer in one safetensors file from which it can be rebuilt: its size stands in the metadata, under "architecture", as
/// <c>ViT, 64 px, patch 8, width 128, depth 4, heads 4</c>, or with <c>, stem 32, class from 3</c> behind it. Names and layout are those of DINO's released checkpoints.
/// </summary>
public static partial class VisionTransformerFile
{
    private const string Architecture = "architecture", Embedding = "patch_embed.proj.weight", Stem = "patch_embed.stem.0.weight", Hidden = "blocks.0.mlp.fc1.weight";

    /// <summary>Writes the network, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">Any size.</param>
    /// <param name="type">Of the numbers in the file. Half precision makes it half as large, and features change in the fourth digit.</param>
    /// <param name="metadata">Text to keep with it.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, VisionTransformer network, ScalarType type = ScalarType.Float32, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var scope = NewDisposeScope();
        VisionTransformerOptions size = network.Options;
        string architecture = string.Create(
            CultureInfo.InvariantCulture, $"ViT, {size.ImageSize} px, patch {size.PatchSize}, width {size.Width}, depth {size.Depth}, heads {size.Heads}");
        architecture += size.StemWidth > 0 ? string.Create(CultureInfo.InvariantCulture, $", stem {size.StemWidth}") : "";
        architecture += size.ClassFrom > 0 ? string.Create(CultureInfo.InvariantCulture, $", class from {size.ClassFrom}") : "";
        SafeTensors.Write(
            path, network.state_dict().Select(entry => (entry.Key, entry.Value.is_floating_point() ? entry.Value.detach().to(type) : entry.Value)),
            new Dictionary<string, string>(metadata ?? new Dictionary<string, string>()) { [Architecture] = architecture });
    }

    /// <summary>Rebuilds the network, in float32 and in evaluation mode.</summary>
    /// <param name="path">What <see cref="Save"/> wrote.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is truncated, no safetensors file, or holds something else; the message says what.</exception>
    public static VisionTransformer Load(string path)
    {
        VisionTransformer network = new(Size(path), new Generator(0));
        try
        {
            Checkpoint.Load(path, network);
            network.eval();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    // What the sentence leaves out, channels and hidden units, the tensors themselves say.
    private static VisionTransformerOptions Size(string path)
    {
        using var scope = NewDisposeScope();
        (IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata) = SafeTensors.Read(path);
        if (!metadata.TryGetValue(Architecture, out string? text))
        {
            throw new InvalidDataException($"'{path}' does not say what network it holds: its metadata lack '{Architecture}', as 'course train' writes it.");
        }
        if (Sentence().Match(text) is not { Success: true } found)
        {
            throw new InvalidDataException($"'{path}' holds a network of the architecture '{text}'; one like 'ViT, 64 px, patch 8, width 128, depth 4, heads 4' is wanted.");
        }
        int Number(int group) => found.Groups[group].Success ? int.Parse(found.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : 0;
        (int image, int patch, int width, int depth, int heads) = (Number(1), Number(2), Number(3), Number(4), Number(5));
        (int stem, int classFrom) = (Number(6), Number(7));
        Tensor? first = null;
        if (image < 1 || classFrom >= depth || (stem > 0 && (patch < 2 || !int.IsPow2(patch))) || patch < 1 || width < 1 || depth < 1 || heads < 1 || image % patch != 0 || width % heads != 0
            || !tensors.TryGetValue(Embedding, out Tensor? embedding) || embedding.dim() != 4 || embedding.shape[0] != width || embedding.shape[2] != (stem > 0 ? 1 : patch)
            || (stem > 0 && (!tensors.TryGetValue(Stem, out first) || first.dim() != 4))
            || !tensors.TryGetValue(Hidden, out Tensor? hidden) || hidden.dim() != 2 || hidden.shape[0] < width)
        {
            throw new InvalidDataException($"'{path}' says that it holds '{text}', and its tensors are of another network.");
        }
        return new()
        {
            ImageSize = image, PatchSize = patch, Channels = (int)(first ?? embedding).shape[1], Width = width, Depth = depth, Heads = heads,
            MlpRatio = (int)(hidden.shape[0] / width), StemWidth = stem, ClassFrom = classFrom,
        };
    }

    [GeneratedRegex(@"^ViT, (\d{1,5}) px, patch (\d{1,5}), width (\d{1,5}), depth (\d{1,3}), heads (\d{1,5})(?:, stem (\d{1,5}))?(?:, class from (\d{1,3}))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Sentence();
}
