using Embodied.Backbones.Onnx;
using Embodied.Networks;
using Google.Protobuf;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Embodied.Backbones;

/// <summary>
/// Writes the course's networks as ONNX files (opset 17), with any number of images and, for a vision transformer or a convolutional encoder, images of
/// any size that its patches fill: position embeddings are interpolated within the graph.
/// </summary>
/// <remarks>ONNX's format: github.com/onnx/onnx, docs/IR.md. Lecture: self-supervised learning.</remarks>
public static class OnnxExport
{
    /// <summary>The operator set that files are written for.</summary>
    public const int Opset = 17;

    private const int IrVersion = 8;

    /// <summary>
    /// Writes a network. Its input is "images" [batch, channels, height, width] ("features" [batch, d] of a head); its outputs are "cls" [batch, d] and
    /// "patches" [batch, p, d] of a vision transformer, "output" [batch, d] of anything else.
    /// </summary>
    /// <param name="network">A <see cref="VisionTransformer"/>, <see cref="ConvEncoder"/>, <see cref="ProjectionHead"/>, <see cref="DinoHead"/>, or a <see cref="ProjectedEncoder"/> of these. It is written as in evaluation.</param>
    /// <param name="path">The file; one that exists is replaced when the new one is complete.</param>
    /// <param name="input">How images have to be prepared; null for values from 0 to 1 as they are, at the size that the network was made for.</param>
    /// <exception cref="ArgumentException">It is a network of another kind.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(Module<Tensor, Tensor> network, string path, ImageInput? input = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        OnnxGraph graph = new();
        NetworkGraphs networks = new(graph);
        Module<Tensor, Tensor> outermost = network is ProjectedEncoder projected ? projected.Encoder : network;
        ImageInput? images = outermost switch
        {
            VisionTransformer vision => (input ?? new ImageInput()) with { Width = vision.Options.ImageSize, Height = vision.Options.ImageSize, Multiple = vision.Options.PatchSize },
            ConvEncoder => input ?? new ImageInput { Width = 64, Height = 64 },
            _ => null,
        };
        if (network is VisionTransformer transformer)
        {
            graph.Input("images", "batch", transformer.Options.Channels, "height", "width");
            (string first, string patches) = networks.Append(transformer, "images");
            graph.Output(first, "cls", "batch", transformer.Options.Width);
            graph.Output(patches, "patches", "batch", "patches", transformer.Options.Width);
        }
        else
        {
            (string output, int width) = Append(graph, networks, network);
            graph.Output(output, "output", "batch", width);
        }
        ModelProto model = new()
        {
            IrVersion = IrVersion, ProducerName = "Embodied.Notebooks", Graph = graph.Proto,
            OpsetImport = { new OperatorSetIdProto { Version = Opset } },
        };
        images?.WriteTo(model.MetadataProps);
        AtomicFile.Write(path, file => model.WriteTo(file));
    }

    private static (string Output, int Width) Append(OnnxGraph graph, NetworkGraphs networks, Module<Tensor, Tensor> network)
    {
        switch (network)
        {
            case ProjectedEncoder both:
                (string features, _) = both.Encoder is VisionTransformer vision ? Class(vision) : Append(graph, networks, both.Encoder);
                return Head(both.Head, features);
            case ConvEncoder conv:
                graph.Input("images", "batch", conv.Options.Channels, "height", "width");
                return (networks.Append(conv, "images"), conv.OutputWidth);
            case ProjectionHead head:
                graph.Input("features", "batch", head.InputWidth);
                return Head(head, "features");
            case DinoHead head:
                graph.Input("features", "batch", head.InputWidth);
                return Head(head, "features");
            default:
                throw new ArgumentException($"A {network.GetName()} cannot be written as ONNX; a VisionTransformer, ConvEncoder, ProjectionHead, DinoHead or ProjectedEncoder is wanted.", nameof(network));
        }

        (string, int) Class(VisionTransformer vision)
        {
            graph.Input("images", "batch", vision.Options.Channels, "height", "width");
            return (networks.Append(vision, "images").Class, vision.Options.Width);
        }

        (string, int) Head(Module<Tensor, Tensor> head, string features) => head switch
        {
            ProjectionHead projection => (networks.Append(projection, features), projection.OutputWidth),
            DinoHead dino => (networks.Append(dino, features), (int)dino.Prototypes.shape[0]),
            _ => throw new ArgumentException($"A head of kind {head.GetName()} cannot be written as ONNX; a ProjectionHead or DinoHead is wanted.", nameof(network)),
        };
    }
}
