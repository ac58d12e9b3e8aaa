using static TorchSharp.torch;

namespace Embodied.SelfSupervised.Augmentations;

/// <summary>Rotation by 90°, 180° or 270°, clockwise, each equally often; the images are square.</summary>
public sealed record QuarterTurn : IAugmentation
{
    /// <inheritdoc/>
    public Tensor Apply(Tensor images, Generator generator)
    {
        ImageBatch.Require(images);
        ShapeCheck.Require(images, nameof(images), -1, -1, images.shape[3], images.shape[3]);
        using var scope = NewDisposeScope();
        Tensor turns = randint(1, 4, [images.shape[0], 1, 1, 1], generator: generator);
        Tensor once = images.transpose(2, 3).flip(3), twice = images.flip(2, 3), thrice = images.transpose(2, 3).flip(2);
        return where(turns.eq(1), once, where(turns.eq(2), twice, thrice)).MoveToOuterDisposeScope();
    }
}
