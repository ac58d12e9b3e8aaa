using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Networks;

/// <summary>An encoder f with the head g that its training needs, x ↦ g(f(x)); what is kept after the training is f.</summary>
public sealed class ProjectedEncoder : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> encoder;
    private readonly Module<Tensor, Tensor> head;

    /// <summary>f, from images [n, c, H, W] to [n, d].</summary>
    public Module<Tensor, Tensor> Encoder => encoder;

    /// <summary>g, from [n, d] to what the loss compares.</summary>
    public Module<Tensor, Tensor> Head => head;

    /// <summary>Joins both; disposing this disposes them.</summary>
    /// <param name="encoder">f.</param>
    /// <param name="head">g.</param>
    public ProjectedEncoder(Module<Tensor, Tensor> encoder, Module<Tensor, Tensor> head) : base(nameof(ProjectedEncoder))
    {
        (this.encoder, this.head) = (encoder, head);
        RegisterComponents();
    }

    /// <summary>g(f(x)).</summary>
    /// <param name="input">Images, [n, c, H, W].</param>
    /// <returns>[n, output of g].</returns>
    public override Tensor forward(Tensor input)
    {
        using Tensor h = encoder.call(input);
        return head.call(h);
    }
}
