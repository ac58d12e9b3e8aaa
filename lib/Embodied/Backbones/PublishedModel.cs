namespace Embodied.Backbones;

/// <summary>A pretrained network that others have published as ONNX, and that <c>course models get</c> downloads.</summary>
/// <param name="Name">What it is called here.</param>
/// <param name="Title">What it is.</param>
/// <param name="Place">Where it lies on Hugging Face: repository, "resolve", branch, file.</param>
/// <param name="Megabytes">About how large it is.</param>
/// <param name="Licence">Whose it is, and what may be done with it.</param>
/// <param name="Sha256">Its checksum where one is known; others are pinned when they are first downloaded.</param>
public sealed record PublishedModel(string Name, string Title, string Place, double Megabytes, string Licence, string? Sha256 = null)
{
    private const string Apache = "Apache-2.0, Meta", Server = "https://huggingface.co";

    /// <summary>The variable by which Hugging Face's own tools are sent to a mirror.</summary>
    public const string ServerVariable = "HF_ENDPOINT";

    /// <summary>The networks of the papers that the lectures discuss, in full precision, as transformers exports them.</summary>
    public static IReadOnlyList<PublishedModel> All { get; } =
    [
        new("dino-vits8", "DINO, ViT-S/8: the sharpest attention maps, and what TokenCut and MaskCut use", "Xenova/dino-vits8/resolve/main/onnx/model.onnx", 86.9, Apache),
        new("dino-vits16", "DINO, ViT-S/16: a quarter of the tokens, eight times as fast", "Xenova/dino-vits16/resolve/main/onnx/model.onnx", 86.9, Apache),
        new("dino-vitb16", "DINO, ViT-B/16", "Xenova/dino-vitb16/resolve/main/onnx/model.onnx", 343, Apache),
        new("dinov2-small", "DINOv2, ViT-S/14: images of any size", "Xenova/dinov2-small/resolve/main/onnx/model.onnx", 88.5, Apache, "83141175ec78b4ff9a2bb58a4c7c264ba0054d1c2e122e5a8114b79a8d4179ea"),
        new("dinov2-registers-small", "DINOv2 with four registers, ViT-S/14: attention without artefacts", "onnx-community/dinov2-with-registers-small/resolve/main/onnx/model.onnx", 88.5, Apache),
        new("dinov2-base", "DINOv2, ViT-B/14: images of any size", "Xenova/dinov2-base/resolve/main/onnx/model.onnx", 347, Apache),
    ];

    /// <summary>Where it is downloaded from: Hugging Face, or the mirror that <c>HF_ENDPOINT</c> names.</summary>
    public Uri Address => new($"{(Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } mirror ? mirror.TrimEnd('/') : Server)}/{Place}");

    /// <summary>The model of a name; null when none is called so.</summary>
    public static PublishedModel? Named(string name) => All.FirstOrDefault(model => model.Name == name);
}
