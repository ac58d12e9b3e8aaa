using Embodied.Backbones.Onnx;
using Embodied.Networks;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Embodied.Backbones;

/// <summary>How a <see cref="Backbone"/> is loaded.</summary>
public sealed record BackboneOptions
{
    /// <summary>Threads within an operation; 0 for as many as there are cores.</summary>
    public int Threads { get; init; }

    /// <summary>Most images that go through the model at once.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>
    /// Layers whose queries, keys, values and attention <see cref="Backbone.Inspect"/> shall give: 0 is the first, −1 the last. Each costs the fusion of its
    /// attention.
    /// </summary>
    public IReadOnlyList<int> Inspected { get; init; } = [];
}

/// <summary>
/// A pretrained vision model in an ONNX file, whoever exported it: it is asked how it wants its images, and gives its outputs as tensors. What goes on in its
/// attention layers can be seen too: they are found in the graph by their structure, and become outputs.
/// </summary>
/// <remarks>ONNX Runtime does the work. Lecture: self-supervised learning, object discovery.</remarks>
public sealed class Backbone : IDisposable
{
    private readonly InferenceSession session;
    private readonly string inputName;
    private readonly string[] outputs;
    private readonly int batchSize;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>How it wants its images.</summary>
    public ImageInput Input { get; }

    /// <summary>The model's own outputs.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>How many self-attentions were found in the graph.</summary>
    public int AttentionLayers { get; }

    /// <summary>The version of ONNX's operators that it is written in.</summary>
    public long Opset { get; }

    /// <summary>What it runs on, in words; <see cref="ExecutionDevice.Report"/> tells it once in a process.</summary>
    public string Device { get; }

    private Backbone(string path, ModelProto model, BackboneOptions options)
    {
        Path = path;
        (inputName, Input) = ImageInputSearch.Find(model, path);
        IReadOnlyList<AttentionPlace> places = AttentionSearch.Find(model.Graph);
        AttentionLayers = places.Count;
        Opset = OnnxFile.Opset(model);
        if (Input.AnySize)
        {
            FixedPositions.Find(model.Graph)?.Interpolate(model.Graph, Opset);
        }
        Outputs = [.. model.Graph.Output.Select(output => output.Name)];
        foreach (int layer in options.Inspected.DistinctBy(layer => layer < 0 ? places.Count + layer : layer))
        {
            Expose(model, places, layer);
        }
        outputs = [.. model.Graph.Output.Select(output => output.Name)];
        batchSize = Math.Max(1, options.BatchSize);

        using SessionOptions settings = new();
        settings.IntraOpNumThreads = options.Threads;
        settings.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;
        settings.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        Device = ExecutionDevice.Choose(settings);
        try
        {
            session = new InferenceSession(model.ToByteArray(), settings);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InvalidDataException($"ONNX Runtime cannot run '{path}': {e.Message}", e);
        }
        ExecutionDevice.Tell(Device);
    }

    /// <summary>Loads a model.</summary>
    /// <param name="path">An ONNX file; weights that it keeps in files of their own are looked for beside it.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is truncated or no ONNX file, wants an operator set that is too new, or has no image input; the message says which.</exception>
    /// <exception cref="ArgumentException">A layer is to be inspected that there is not; the message lists those that there are.</exception>
    public static Backbone Load(string path, BackboneOptions? options = null) => new(path, OnnxFile.Read(path), options ?? new());

    /// <summary>The model's outputs for prepared images.</summary>
    /// <param name="images">As <see cref="ImageInput.Prepare"/> of <see cref="Input"/> gives them, float32 on the CPU.</param>
    /// <returns>Tensors by the names of <see cref="Outputs"/>, images along the first dimension.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public IReadOnlyDictionary<string, Tensor> Run(Tensor images) => Run(images, [.. Outputs]);

    /// <summary>Queries, keys, values and attention of a layer, for prepared images.</summary>
    /// <param name="images">As <see cref="ImageInput.Prepare"/> gives them.</param>
    /// <param name="layer">One of <see cref="BackboneOptions.Inspected"/>: 0 is the first, −1 the last.</param>
    /// <returns>Maps over T tokens. The patches come last, as many as <see cref="ImageInput.Grid"/> says; before them stand [CLS] and registers, where the model has such.</returns>
    /// <exception cref="ArgumentException">The shape does not fit, or the layer was not named when the model was loaded.</exception>
    public AttentionMaps Inspect(Tensor images, int layer = -1)
    {
        int index = layer < 0 ? AttentionLayers + layer : layer;
        string[] names = [.. Parts.Select(part => OutputName(index, part))];
        if (!outputs.Contains(names[0]))
        {
            throw new ArgumentException($"Layer {layer} of '{Path}' was not to be inspected when it was loaded: name it in {nameof(BackboneOptions)}.{nameof(BackboneOptions.Inspected)}.", nameof(layer));
        }
        IReadOnlyDictionary<string, Tensor> found = Run(images, names);
        (int rows, int columns) = Input.Grid(images);
        return new(found[names[0]], found[names[1]], found[names[2]], found[names[3]]) { Leading = (int)Math.Max(0, found[names[3]].shape[3] - rows * columns) };
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{System.IO.Path.GetFileName(Path)}: images of {(Input.AnySize ? $"any size in multiples of {Input.Multiple} px" : $"{Input.Width} × {Input.Height} px")}, {AttentionLayers} attention layers, outputs {string.Join(", ", Outputs)}, on {Device}";

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    private static readonly string[] Parts = ["queries", "keys", "values", "weights"];

    private const string Exposed = "embodied.attention.";

    private static string OutputName(int layer, string part) => $"{Exposed}{layer}.{part}";

    private Dictionary<string, Tensor> Run(Tensor images, string[] names)
    {
        int channel = Input.ChannelsLast ? 3 : 1;
        if (images.dim() != 4 || images.shape[channel] != Input.Channels || images.shape[0] < 1)
        {
            throw new ArgumentException($"images has shape [{string.Join(", ", images.shape)}], wanted {(Input.ChannelsLast ? $"[n, H, W, {Input.Channels}]" : $"[n, {Input.Channels}, H, W]")}: let {nameof(Input)}.{nameof(ImageInput.Prepare)} make them.", nameof(images));
        }
        (long height, long width) = (images.shape[Input.ChannelsLast ? 1 : 2], images.shape[Input.ChannelsLast ? 2 : 3]);
        if (Input.AnySize ? height < 1 || width < 1 || height % Input.Multiple != 0 || width % Input.Multiple != 0 : (height, width) != (Input.Height, Input.Width))
        {
            throw new ArgumentException($"images are {width} × {height} px, wanted {(Input.AnySize ? $"sides in multiples of {Input.Multiple} px" : $"{Input.Width} × {Input.Height} px")}: let {nameof(Input)}.{nameof(ImageInput.Prepare)} make them.", nameof(images));
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor data = images.detach().to(float32).cpu().contiguous();
        long n = data.shape[0];
        Tensor?[] results = new Tensor?[names.Length];
        for (long from = 0; from < n; from += batchSize)
        {
            Once(data.narrow(0, from, Math.Min(batchSize, n - from)), names, from, n, results);
        }
        return names.Zip(results).ToDictionary(pair => pair.First, pair => Arranged(pair.Second!, pair.First, n).MoveToOuterDisposeScope());
    }

    // The input is read where it lies; each output is copied once, to where it belongs in the results of all batches.
    private unsafe void Once(Tensor batch, string[] names, long from, long n, Tensor?[] results)
    {
        Span<byte> bytes = batch.bytes;
        fixed (byte* memory = bytes)
        {
            using OrtValue input = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, TensorElementType.Float, batch.shape, (nint)memory, bytes.Length);
            using OrtIoBinding binding = session.CreateIoBinding();
            binding.BindInput(inputName, input);
            foreach (string name in names)
            {
                binding.BindOutputToDevice(name, OrtMemoryInfo.DefaultInstance);
            }
            using RunOptions run = new();
            try
            {
                using IDisposableReadOnlyCollection<OrtValue> bound = session.RunWithBoundResults(run, binding);
                for (int i = 0; i < names.Length; i++)
                {
                    results[i] = Copy(bound[i], names[i], results[i], from, batch.shape[0], n);
                }
            }
            catch (OnnxRuntimeException e)
            {
                throw new ArgumentException($"'{Path}' refuses images of shape [{string.Join(", ", batch.shape)}]: {e.Message}", nameof(batch), e);
            }
        }
    }

    // An output has one row per image, or some: where heads stand among the images.
    private Tensor Copy(OrtValue value, string name, Tensor? results, long from, long count, long n)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        long[] shape = info.Shape;
        ScalarType type = info.ElementDataType switch
        {
            TensorElementType.Float => float32,
            TensorElementType.Double => float64,
            TensorElementType.Float16 => float16,
            TensorElementType.Int64 => int64,
            TensorElementType.Int32 => int32,
            var other => throw new NotSupportedException($"'{Path}' has the output {name} of type {other}; numbers are wanted."),
        };
        bool whole = count == n;
        if (!whole && (shape.Length == 0 || shape[0] % count != 0 || (results is not null && !results.shape.AsSpan(1).SequenceEqual(shape.AsSpan(1)))))
        {
            throw new NotSupportedException($"'{Path}' has the output {name} of shape [{string.Join(", ", shape)}] for {count} images, which cannot be joined with that of others: let {nameof(BackboneOptions.BatchSize)} be {n}.");
        }
        results ??= empty(whole ? shape : [shape[0] / count * n, .. shape[1..]], type);
        Span<byte> bytes = value.GetTensorMutableRawData();
        if (bytes.Length > 0)
        {
            bytes.CopyTo(whole ? results.bytes : results.narrow(0, shape[0] / count * from, shape[0]).bytes);
        }
        return results;
    }

    // Heads in a dimension of their own; keys upright, which the graph keeps lying; half precision made single.
    private static Tensor Arranged(Tensor x, string name, long n)
    {
        x = x.dtype == float16 ? x.to(float32) : x;
        if (!name.StartsWith(Exposed, StringComparison.Ordinal))
        {
            return x;
        }
        x = x.dim() == 3 && x.shape[0] % n == 0 ? x.view(n, x.shape[0] / n, x.shape[1], x.shape[2]) : x;
        return name.EndsWith(Parts[1], StringComparison.Ordinal) ? x.transpose(-2, -1).contiguous() : x;
    }

    private void Expose(ModelProto model, IReadOnlyList<AttentionPlace> places, int layer)
    {
        int index = layer < 0 ? places.Count + layer : layer;
        if (index < 0 || index >= places.Count)
        {
            string fused = string.Join(", ", AttentionSearch.FusedIn(model.Graph));
            throw new ArgumentException(
                places.Count > 0 ? $"'{Path}' has no attention layer {layer}; there are {places.Count}: {string.Join(", ", places.Select((place, i) => $"{i} ({place.Weights})"))}."
                : fused.Length > 0 ? $"'{Path}' computes its attention in one piece ({fused}), so that keys and weights cannot be seen: export it without fusing."
                : $"'{Path}' has no attention layer: no Softmax in it goes from a product of two values into a product with a third.",
                nameof(layer));
        }
        AttentionPlace found = places[index];
        AttentionPart[] exposed = [found.Queries, found.KeysTransposed, new(found.Values), new(found.Weights)];
        foreach ((string part, AttentionPart value) in Parts.Zip(exposed))
        {
            string name = OutputName(index, part);
            NodeProto node = new() { Name = name, OpType = value.Permutation is null ? "Identity" : "Transpose", Input = { value.Name }, Output = { name } };
            if (value.Permutation is not null)
            {
                node.Attribute.Add(OnnxGraph.Attribute(("perm", value.Permutation)));
            }
            model.Graph.Node.Add(node);
            model.Graph.Output.Add(new ValueInfoProto { Name = name });
        }
    }
}
