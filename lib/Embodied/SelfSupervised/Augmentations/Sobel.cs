using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>Sobel filtering: the length of the brightness gradient, 0 where the image is flat; as many equal channels as the image has.</summary>
public sealed record Sobel : IAugmentation
{
    /// <inheritdoc/>
    public Tensor Apply(Tensor images, Generator generator)
    {
        ImageBatch.Require(images);
        using var scope = NewDisposeScope();
        Tensor grey = images.shape[1] == 3 ? ImageBatch.Grey(images) : images.mean([1], keepdim: true);
        Tensor padded = nn.functional.pad(grey, [1, 1, 1, 1], TorchSharp.PaddingModes.Replicate);
        Tensor horizontal = tensor(new float[] { -1, 0, 1, -2, 0, 2, -1, 0, 1 }).view(1, 1, 3, 3) / 4;
        Tensor gradient = nn.functional.conv2d(padded, cat([horizontal, horizontal.transpose(2, 3)]));
        return gradient.square().sum(1, keepdim: true).sqrt().clamp_max(1).repeat(1, images.shape[1], 1, 1).MoveToOuterDisposeScope();
    }
}
